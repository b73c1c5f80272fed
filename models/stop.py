"""One door of a round."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, office
from models.declaration import Owner, Policy, Scope, Sync
from models.kinds import TEXT, AccountNo, Count, Label, OneOf, Paisa, RecordId
from models.visit import OutcomeWord


class StopStateWord(StrEnum):
    """Whether the door was reached (domain manual §6.4)."""

    PENDING = "pending"
    VISITED = "visited"
    DONE = "done"
    REVISIT = "revisit"
    SKIPPED = "skipped"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"


GIVEN_UP = frozenset({"moved", "withdrawn"})
"""A stop in one of these stays on its round and brings its consumer to no phone any more."""

StopState = Annotated[str, mapped_column(TEXT), OneOf(StopStateWord)]
StopOutcome = Annotated[str, mapped_column(TEXT), OneOf(OutcomeWord)]


class Stop(Synced):
    """One consumer to visit on a round, in walking order, and what became of it."""

    __tablename__ = "stops"
    __table_args__ = (
        Index(None, "ibc_id", "round_id", "walk_order"),
        Index(None, "ibc_id", "account_no"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.STATES,
        scope=Scope("round", by="round_id"),
        states={
            ("pending", "visited"): Owner.DEVICE,
            ("pending", "skipped"): Owner.DEVICE,
            ("pending", "moved"): Owner.OFFICE,
            ("pending", "withdrawn"): Owner.OFFICE,
            ("visited", "done"): Owner.DEVICE,
            ("visited", "revisit"): Owner.OFFICE,
            ("revisit", "visited"): Owner.DEVICE,
            ("skipped", "visited"): Owner.DEVICE,
            # The officer had knocked before he learnt of it: the desk settles that (§6.10).
            ("withdrawn", "visited"): Owner.OFFICE,
            ("moved", "visited"): Owner.OFFICE,
        },
    )

    round_id: Mapped[RecordId] = office()
    account_no: Mapped[AccountNo] = office()
    walk_order: Mapped[Count] = office()
    reason: Mapped[Label | None] = office()
    expected_paisa: Mapped[Paisa] = office()
    state: Mapped[StopState]
    outcome: Mapped[StopOutcome | None]
    skipped_because: Mapped[Label | None]
