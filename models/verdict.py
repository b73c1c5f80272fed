"""What became later of a mutation that was held, waiting or in conflict."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Code, Note, OneOf, RecordId, Time


class VerdictWord(StrEnum):
    """The later fate of a mutation."""

    RELEASED = "released"
    """What it waited for has arrived; it is applied."""
    RESOLVED = "resolved"
    """A person decided it."""
    REJECTED = "rejected"


VerdictKind = Annotated[str, mapped_column(TEXT), OneOf(VerdictWord)]


class Verdict(Synced):
    """The later fate of one mutation, sent to the phone that made it."""

    __tablename__ = "verdicts"
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("device", by="device_id"))

    device_id: Mapped[RecordId]
    mutation_id: Mapped[RecordId]
    verdict: Mapped[VerdictKind]
    by_role: Mapped[Code]
    reason: Mapped[Note | None]
    decided_at: Mapped[Time]
