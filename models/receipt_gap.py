"""Why numbers of a receipt block were never used: every gap is explained, and none is used again (M10)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, Code, Note, OneOf, RecordId, Serial


class GapReasonWord(StrEnum):
    """What became of the paper."""

    DAMAGED = "damaged"
    """Spoilt by printer, rain or pen, and kept."""
    RETURNED = "returned"
    """Back at the office, unused."""
    LOST = "lost"
    """Nobody has it; it may turn up in somebody's hand."""
    NOT_PRINTED = "not_printed"
    """The number was counted on and no paper came."""


GapReason = Annotated[str, mapped_column(TEXT), OneOf(GapReasonWord)]


class ReceiptGap(Synced):
    """An explanation of unused numbers, from the first to the last, by somebody of the office."""

    __tablename__ = "receipt_gaps"
    __table_args__ = (Index(None, "ibc_id", "prefix"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    device_id: Mapped[RecordId]
    prefix: Mapped[Code]
    first_serial: Mapped[Serial]
    last_serial: Mapped[Serial]
    reason: Mapped[GapReason]
    note: Mapped[Note | None]
    explained_by: Mapped[RecordId]
