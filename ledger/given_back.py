"""The journal templates of a refund and of a fee that is assessed here (domain manual §6.6, users.md 13)."""

from collections.abc import Mapping
from typing import Any

from ledger.accounts import (
    ADVANCE,
    AT_IBC,
    BANK,
    BILLING,
    CASH_AT_IBC,
    CREDIT,
    DEBIT,
    RECEIVABLE,
)
from ledger.draft import Leg, Share
from ledger.page import Posted, enter
from ledger.templates import settle
from ledger.view import FEE_CHARGED, Books

FEE_INVOICE = "FEE-"
"""A fee is an invoice of ours: `FEE-<id>`, which receipts pay like any other."""


def refund(books: Books, posted: Posted) -> None:
    """The advance goes back: 2010 to the bank or to the IBC's cash."""
    row = posted.row
    if not _is_decided(books, posted):
        return
    account_no, amount = str(row.fields["account_no"]), int(row.fields["amount_paisa"])
    if amount > books.advance(account_no):
        posted.trouble("DECISION_WITHOUT_EFFECT", f"the advance is {books.advance(account_no)}")
        return
    legs = [Leg(ADVANCE, account_no, DEBIT, amount), Leg(*paid_from(row.fields), CREDIT, amount)]
    enter(books, posted, "refunded", legs, [Share(account_no, "", -amount)])


def fee(books: Books, posted: Posted) -> None:
    """The consumer owes it from now on: 1100 against billing's control, to be exported."""
    row = posted.row
    if not _is_decided(books, posted):
        return
    account_no, amount = str(row.fields["account_no"]), int(row.fields["amount_paisa"])
    legs = [Leg(RECEIVABLE, account_no, DEBIT, amount), Leg(BILLING, "", CREDIT, amount)]
    memo = f"{str(row.fields['on_date'])[:7]}/{FEE_INVOICE}{row.record_id}"
    posted.touched.add(account_no)
    entry = enter(books, posted, FEE_CHARGED, legs, memo=memo)
    settle(books, posted, account_no, entry.seq)


def paid_from(fields: Mapping[str, Any]) -> tuple[int, str]:
    """The account that a refund is paid from."""
    if fields.get("paid_from") == "cash":
        return CASH_AT_IBC, AT_IBC
    return BANK, str(fields.get("bank_account"))


def _is_decided(books: Books, posted: Posted) -> bool:
    """Whether two people have decided it and it is not in the books yet (M16)."""
    row = posted.row
    if row.fields.get("state") != "approved" or books.history.get(row.record_id):
        return False
    checker_id = row.fields.get("checker_id")
    if not checker_id or checker_id == row.fields.get("maker_id"):
        posted.trouble("MAKER_IS_CHECKER", "a decision about money needs a second person")
        return False
    return True
