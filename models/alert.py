"""The office warns the street: leave the area, honour no receipt of a stolen phone (users.md 11)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Note, OneOf, RecordId, Time


class AlertKindWord(StrEnum):
    """What an officer has to do about it."""

    LEAVE_AREA = "leave_area"
    DO_NOT_HONOUR = "do_not_honour"
    """Receipts of a stolen phone or book."""
    NEWS = "news"


AlertKind = Annotated[str, mapped_column(TEXT), OneOf(AlertKindWord)]


class Alert(Synced):
    """One warning to one officer, or to everybody who walks an area; each says that he has seen it."""

    __tablename__ = "alerts"
    __table_args__ = (Index(None, "ibc_id", "area_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE,
        scope=Scope("officer", by="officer_id", otherwise=Scope("area", by="area_id")),
    )

    officer_id: Mapped[RecordId | None]
    area_id: Mapped[RecordId | None]
    kind: Mapped[AlertKind]
    text: Mapped[Note]
    text_ur: Mapped[Note | None]
    ends_at: Mapped[Time | None]
    """When it is over; until it is taken back when nothing is said."""
    sent_by: Mapped[RecordId]
