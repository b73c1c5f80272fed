"""Money that a field officer took from a consumer."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, books, office, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import (
    TEXT,
    AccountNo,
    Code,
    Date,
    Denominations,
    Evidence,
    Label,
    OneOf,
    Paisa,
    Phone,
    PositivePaisa,
    ReceiptNo,
    RecordId,
    Several,
    VerifyCode,
    Words,
    YesNo,
)

RUPEE = 100


class TenderWord(StrEnum):
    """What was handed over."""

    CASH = "cash"
    CHEQUE = "cheque"
    PAY_ORDER = "pay_order"
    WALLET = "wallet"


class CollectionStateWord(StrEnum):
    """Where the books have put it (domain manual §6.4)."""

    RECEIVED = "received"
    POSTED = "posted"
    SUSPENSE = "suspense"
    HELD = "held"
    IN_HAND = "in_hand"
    CLAIMED = "claimed"
    VOID = "void"
    TRANSFERRED = "transferred"
    REVERSED = "reversed"
    HANDED_OVER = "handed_over"
    IN_CLEARING = "in_clearing"
    CLEARED = "cleared"
    RETURNED = "returned"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    REBUILT = "rebuilt"
    """Its receipt was rebuilt at the office before it came: the money is in the books once."""


Tender = Annotated[str, mapped_column(TEXT), OneOf(TenderWord)]
CollectionState = Annotated[str, mapped_column(TEXT), OneOf(CollectionStateWord)]
BillNumbers = Annotated[str, mapped_column(TEXT), Several(Words(40), most=24)]

NEEDED_BY_TENDER = {
    TenderWord.CASH: (),
    TenderWord.CHEQUE: ("bank", "instrument_no", "instrument_date"),
    TenderWord.PAY_ORDER: ("bank", "instrument_no", "instrument_date"),
    TenderWord.WALLET: ("wallet_provider", "wallet_txn_id"),
}


def _money_adds_up(values: Mapping[str, Any]) -> Mapping[str, str]:
    """Cash is whole rupees, the notes make the amount, change is honest (M18, users.md 13d)."""
    if "tender" not in values:
        return {}  # what the office adds later is not money
    errors: dict[str, str] = {}
    tender, amount = values["tender"], values["amount_paisa"]
    for name in NEEDED_BY_TENDER[tender]:
        if values.get(name) is None:
            errors[name] = "needed_for_tender"
    if values.get("account_no") is None and not values.get("unknown_payer_text"):
        errors["account_no"] = "account_or_payer_needed"
    if tender != TenderWord.CASH:
        return errors
    if amount % RUPEE:
        errors["amount_paisa"] = "cash_is_whole_rupees"
    notes = values.get("denominations")
    if notes is not None and sum(int(rs) * n for rs, n in notes.items()) * RUPEE != amount:
        errors["denominations"] = "denominations_do_not_add_up"
    tendered, change = values.get("tendered_paisa"), values.get("change_paisa")
    if tendered is not None and tendered - (change or 0) != amount:
        errors["tendered_paisa"] = "tendered_less_change_is_not_amount"
    return errors


class Collection(Synced):
    """Money an officer took from a consumer, with the receipt that was given for it."""

    __tablename__ = "collections"
    __table_args__ = (
        Index(None, "ibc_id", "account_no"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT,
        scope=Scope("officer", by="officer_id"),
        about="account_no",
        claims={"receipt_no": "RECEIPT_NO_REUSED"},
        money="amount_paisa",
        check=_money_adds_up,
    )

    officer_id: Mapped[RecordId] = stamp()
    receipt_no: Mapped[ReceiptNo]
    account_no: Mapped[AccountNo | None]
    unknown_payer_text: Mapped[Label | None]
    """Who paid, in the officer's words, when no account is known."""
    tender: Mapped[Tender]
    amount_paisa: Mapped[PositivePaisa]
    tendered_paisa: Mapped[PositivePaisa | None]
    change_paisa: Mapped[Paisa | None]
    denominations: Mapped[Denominations | None]
    group_id: Mapped[RecordId | None]
    """One payer, several accounts: the same on each of the receipts (users.md item 2)."""
    stop_id: Mapped[RecordId | None]
    bill_refs: Mapped[BillNumbers | None]
    """Invoices that the payer named; a wish, not a rule: the books pay the oldest first."""
    bank: Mapped[Label | None]
    instrument_no: Mapped[Code | None]
    instrument_date: Mapped[Date | None]
    drawer: Mapped[Label | None]
    wallet_provider: Mapped[Code | None]
    wallet_txn_id: Mapped[Code | None]
    payer_name: Mapped[Label | None]
    payer_phone: Mapped[Phone | None]
    verify_code: Mapped[VerifyCode | None]
    printed: Mapped[YesNo | None]
    evidence: Mapped[Evidence | None]
    rebuilt_by: Mapped[RecordId | None] = office()
    """Who rebuilt it from the payer's paper, when its phone was robbed or lost."""
    state: Mapped[CollectionState | None] = books()
