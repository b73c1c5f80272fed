"""Which line of a statement is which money in the books, by which rule, and why."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import (
    SAFE_INTEGER_MAX,
    TEXT,
    AccountNo,
    Code,
    Group,
    Id,
    Note,
    OneOf,
    Paisa,
    RecordId,
    Several,
    Whole,
    Words,
)
from models.statement import Sum

MATCH_ITEMS_MAX = 60
"""Items that one line may stand for."""


class MatchKindWord(StrEnum):
    """Which journal template it posts (domain manual §6.6)."""

    DEPOSIT = "deposit"
    """Cash slips have arrived at the bank: 1210 from 1025."""
    CLEARED = "cleared"
    """Cheques have become money: 1210 from 1040, and 2110 becomes the consumer's."""
    RETURNED = "returned"
    """A cheque came back: 2110 against 1040."""
    CLAIM = "claim"
    """An agency confirms what an officer wrote down: 1210 and its fee, and 2110 becomes the consumer's."""
    UNCLAIMED = "unclaimed"
    """An agency took a payment that nobody wrote down: through 1050 to the consumer."""
    SETTLEMENT = "settlement"
    """An agency has paid what its file said: nothing more is posted, both sides are explained."""
    UNDO = "undo"
    """An earlier match was wrong: every entry of it is mirrored."""


class MatchStateWord(StrEnum):
    """Maker, then checker; a rule that is certain makes an active one."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REJECTED = "rejected"


class MatchRuleWord(StrEnum):
    """By what it was found (domain manual §6.11, R4 to R6)."""

    SLIP_NO = "slip_no"
    TXN_ID = "txn_id"
    CHEQUE_NO = "cheque_no"
    DAY_SUM = "day_sum"
    STATEMENT_NO = "statement_no"
    NO_RECORD = "no_record"
    """An agency's line that no officer wrote down posts itself."""
    AMOUNT_AND_DATE = "amount_and_date"
    DIGITS = "digits"
    DIFFERENCE = "difference"
    BY_HAND = "by_hand"


class SideWord(StrEnum):
    """The two sides of a match."""

    STATEMENT = "statement"
    BOOK = "book"


MatchKind = Annotated[str, mapped_column(TEXT), OneOf(MatchKindWord)]
MatchState = Annotated[str, mapped_column(TEXT), OneOf(MatchStateWord)]
MatchRule = Annotated[str, mapped_column(TEXT), OneOf(MatchRuleWord)]
ITEM = Group(
    {
        "item_id": Words(80),
        "subject_id": Id(),
        "amount_paisa": Whole(1, SAFE_INTEGER_MAX, "paisa"),
    },
    required=frozenset({"item_id", "subject_id", "amount_paisa"}),
)
"""What is claimed, and the slip, collection or agency's statement behind it."""
Items = Annotated[str, mapped_column(TEXT), Several(ITEM, most=MATCH_ITEMS_MAX)]
Evidence = Annotated[
    str,
    mapped_column(TEXT),
    Group(
        {
            "token": Words(80),
            "days": Whole(-400, 400, "banking days"),
            "candidates": Whole(0, 1_000_000, "items"),
            "items": Whole(0, 1_000_000, "items"),
            "difference_paisa": Whole(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "paisa"),
        }
    ),
]
"""Why the rule took it: the words, days and figures that it went by."""


class Match(Synced):
    """One line of a statement and what it is in the books; its clearings (models/clearing.py) post it."""

    __tablename__ = "matches"
    __table_args__ = (
        Index("ix_matches_line", "ibc_id", "line_id"),
        Index("ix_matches_state", "ibc_id", "state", "occurred_at", "id"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[MatchKind]
    state: Mapped[MatchState]
    rule: Mapped[MatchRule]
    evidence: Mapped[Evidence | None]
    line_id: Mapped[RecordId]
    bank_account: Mapped[Code]
    provider: Mapped[Code | None]
    amount_paisa: Mapped[Sum]
    """Of the line, signed."""
    fee_paisa: Mapped[Paisa]
    """What an agency kept: 5020."""
    difference_paisa: Mapped[Sum]
    """What the bank counted less than the slip says: 1070; negative when it counted more."""
    account_no: Mapped[AccountNo | None]
    items: Mapped[Items]
    undoes_id: Mapped[RecordId | None]
    reason: Mapped[Note | None]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
