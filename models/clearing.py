"""What a bank or an agency did with money that we sent or claimed: one row for each outcome."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Date, Note, OneOf, Paisa, RecordId


class ClearingOutcomeWord(StrEnum):
    """Which journal template it posts (domain manual §6.6)."""

    BANKED = "banked"
    """A cash slip is on the statement; what was counted less goes to 1070."""
    CLEARED = "cleared"
    RETURNED = "returned"
    RE_PRESENTED = "re_presented"
    CONFIRMED = "confirmed"
    """The agency's file has the wallet claim; its fee goes to 5020."""
    REFUSED = "refused"
    """The claim was never confirmed: no money existed."""
    AGENCY_PAID = "agency_paid"
    """An agency line without any field record."""
    UNDONE = "undone"
    """An earlier outcome was a mistake: its entries are mirrored."""


ClearingOutcome = Annotated[str, mapped_column(TEXT), OneOf(ClearingOutcomeWord)]


class Clearing(Synced):
    """One outcome, by the person or the matching rule that says so."""

    __tablename__ = "clearings"
    __table_args__ = (
        Index(None, "ibc_id", "deposit_id"),
        Index(None, "ibc_id", "collection_id"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    outcome: Mapped[ClearingOutcome]
    deposit_id: Mapped[RecordId | None]
    """banked."""
    collection_id: Mapped[RecordId | None]
    """cleared, returned, re_presented, confirmed, refused."""
    undoes_id: Mapped[RecordId | None]
    """undone: the earlier clearing."""
    account_no: Mapped[AccountNo | None]
    """agency_paid: whose bill it pays."""
    provider: Mapped[Code | None]
    """agency_paid."""
    bank_account: Mapped[Code | None]
    """Where the money arrived."""
    amount_paisa: Mapped[Paisa]
    """What arrived with the fee added again: for a short slip, what the bank counted."""
    fee_paisa: Mapped[Paisa]
    value_on: Mapped[Date]
    match_id: Mapped[RecordId | None]
    """The match that said so, if one did."""
    reason: Mapped[Note | None]
    maker_id: Mapped[RecordId]
