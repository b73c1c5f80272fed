"""A count that nobody announced: an event beside the books, which it never changes."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced, books
from models.declaration import Policy, Sync
from models.kinds import Date, Denominations, Note, Paisa, RecordId, SignedPaisa


class SurpriseCount(Synced):
    """What a supervisor found in an officer's hands, and what the books said at that moment."""

    __tablename__ = "surprise_counts"
    __table_args__ = (Index(None, "ibc_id", "officer_id", "session_date"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    officer_id: Mapped[RecordId]
    session_date: Mapped[Date]
    counted: Mapped[Denominations]
    counted_paisa: Mapped[Paisa]
    counter_id: Mapped[RecordId]
    note: Mapped[Note | None]
    books_paisa: Mapped[Paisa | None] = books()
    difference_paisa: Mapped[SignedPaisa | None] = books()
    """Counted less books; money that the phone has not sent yet is part of it."""
