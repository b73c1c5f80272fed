"""Robbery, and loss without fault: the cash is under inquiry and nobody's debt (users.md item 5)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, Code, Date, Note, OneOf, RecordId


class LossKindWord(StrEnum):
    """What became of the cash."""

    ROBBED = "robbed"
    LOST = "lost"


LossKind = Annotated[str, mapped_column(TEXT), OneOf(LossKindWord)]


class LossReport(Synced):
    """The end of a session whose cash is gone."""

    __tablename__ = "loss_reports"
    __table_args__ = (Index(None, "ibc_id", "officer_id", "session_date"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    officer_id: Mapped[RecordId]
    session_date: Mapped[Date]
    kind: Mapped[LossKind]
    area_id: Mapped[RecordId | None]
    """Closed for everybody when it was a robbery there."""
    fir_no: Mapped[Code | None]
    """The number of the police report; follows when there is one."""
    statement: Mapped[Note]
    reporter_id: Mapped[RecordId]
