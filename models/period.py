"""A business date that was closed: it takes no further entry."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced, books
from models.cash_session import LogPlace
from models.declaration import Policy, Sync
from models.kinds import Date, Note, RecordId, YesNo


class Period(Synced):
    """One close: its date and every date before it are closed, never to be reopened (M13)."""

    __tablename__ = "periods"
    __table_args__ = (Index(None, "ibc_id", "business_date", unique=True), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    business_date: Mapped[Date]
    closer_id: Mapped[RecordId]
    forced: Mapped[YesNo]
    """Although custody was open: finance says why."""
    reason: Mapped[Note | None]
    closed_seq: Mapped[LogPlace | None] = books()
    """The log entry after which no entry takes this date."""
