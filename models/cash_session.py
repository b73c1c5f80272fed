"""Who is answerable for which cash: one person's session of one date (ruling 23)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, books
from models.declaration import Policy, Scope, Sync
from models.kinds import (
    SAFE_INTEGER_MAX,
    TEXT,
    WHOLE,
    Code,
    Date,
    Label,
    OneOf,
    Paisa,
    RecordId,
    Whole,
)


class SessionKindWord(StrEnum):
    """Whose drawer it is."""

    ROUND = "round"
    """An officer's cash of one day on the street."""
    COUNTER = "counter"
    """A teller's drawer: opened with a float, closed blind (users.md item 1)."""


class SessionStateWord(StrEnum):
    """Where the cash stands (domain manual §6.4)."""

    OPEN = "open"
    SURPRISE_COUNT = "surprise_count"
    """Somebody counts it unannounced; money taken meanwhile posts as ever."""
    COUNTING = "counting"
    """Its holder has counted blind and offers it."""
    HANDED_OVER = "handed_over"
    """The cashier's count differs: the holder has not agreed yet."""
    DISPUTED = "disputed"
    AGREED = "agreed"
    CLOSED = "closed"
    ROBBED = "robbed"
    LOST = "lost"


UNCOUNTED = frozenset({"open", "surprise_count", "counting"})
"""While a session is in one of these its date cannot be closed."""

SessionKind = Annotated[str, mapped_column(TEXT), OneOf(SessionKindWord)]
SessionState = Annotated[str, mapped_column(TEXT), OneOf(SessionStateWord)]
LogPlace = Annotated[int, mapped_column(WHOLE), Whole(0, SAFE_INTEGER_MAX, "log entry")]


class CashSession(Synced):
    """The cash of one person and one date; made by the books with the first receipt, or by the office with a float."""

    __tablename__ = "custody_sessions"
    __table_args__ = (
        Index(None, "ibc_id", "account_of", unique=True),
        Index(None, "ibc_id", "officer_id"),
        Index(None, "ibc_id", "business_date"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("officer", by="officer_id"))

    account_of: Mapped[Label]
    """`<officer id>/<date>`: what its accounts 1010, 1060, 1065 and 2080 are kept under."""
    officer_id: Mapped[RecordId]
    business_date: Mapped[Date]
    kind: Mapped[SessionKind]
    opening_paisa: Mapped[Paisa]
    """The float that a counter was given from the IBC's own cash."""
    ceiling_paisa: Mapped[Paisa]
    """As much cash as the person may hold at once, over all of his sessions."""
    receipt_prefix: Mapped[Code | None]
    """A counter's own block of receipt numbers."""
    state: Mapped[SessionState]
    ended_as: Mapped[SessionState | None] = books()
    """closed, robbed or lost, once the books have read it: what comes later is a difference."""
    ended_seq: Mapped[LogPlace | None] = books()
    """The log entry that ended it."""
