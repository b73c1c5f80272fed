"""What the books know while they post: balances, bills and earlier entries, in memory and pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.accounts import ADVANCE, DEBIT, NEVER_NEGATIVE_SIGN, RECEIVABLE, UNCLEARED
from ledger.draft import Draft, Share, check_balanced

Key = tuple[int, str]
"""(account code, account of)."""

BILL_CHARGED, FEE_CHARGED = "bill_charged", "fee_charged"
CHARGES = (BILL_CHARGED, FEE_CHARGED)
"""Kinds of entries that open an invoice: billing's own, and fees assessed here."""
MEMO_SLASH = 7
"""A charge's memo is `<bill month>/<invoice no>`, so that the books alone know what is open."""


class DrivenBelowZero(ValueError):
    """The entry would take an account below zero that may never be there (M4)."""


@dataclass(slots=True)
class Bill:
    """An invoice in the books: what was charged on it, and what receipts and credits took off it."""

    month: str
    invoice_no: str
    charged: int = 0
    paid: int = 0

    @property
    def open_paisa(self) -> int:
        return self.charged - self.paid


class Books:
    """The books at one moment, as far as somebody has loaded them or posted into them."""

    __slots__ = (
        "balances",
        "bills",
        "closed_through",
        "ended",
        "entry_seq",
        "history",
        "parked",
        "payers",
        "rebuilt",
    )

    def __init__(self, entry_seq: int = 0) -> None:
        self.entry_seq = entry_seq
        self.balances: dict[Key, int] = {}
        """Debits less credits."""
        self.bills: dict[str, dict[str, Bill]] = {}
        """Account number → invoice → bill."""
        self.history: dict[str, list[Draft]] = {}
        """Source id → its entries, oldest first."""
        self.payers: dict[tuple[str, str], set[tuple[str, str]]] = {}
        """(account number, date) → (who took money for it, the collection)."""
        self.parked: set[str] = set()
        """Collections with a parked row: what depends on them is parked too."""
        self.ended: dict[str, str] = {}
        """Custody sessions that take no further cash → closed, robbed or lost."""
        self.rebuilt: dict[str, int] = {}
        """Receipt numbers that the office has rebuilt → paisa."""
        self.closed_through = ""
        """The last closed date; '' while none is."""

    def due(self, account_no: str) -> int:
        return self.balances.get((RECEIVABLE, account_no), 0)

    def advance(self, account_no: str) -> int:
        return -self.balances.get((ADVANCE, account_no), 0)

    def uncleared(self, account_no: str) -> int:
        return -self.balances.get((UNCLEARED, account_no), 0)

    def balance(self, code: int, of: str) -> int:
        """Debits less credits of one account."""
        return self.balances.get((code, of), 0)

    def open_date(self, local_date: str) -> str:
        """The date itself, or the oldest open one when it is closed (ruling 23, M13)."""
        if local_date > self.closed_through:
            return local_date
        return (date.fromisoformat(self.closed_through) + timedelta(days=1)).isoformat()

    def open_bills(self, account_no: str) -> list[Bill]:
        """Bills with something open, oldest first."""
        bills = [bill for bill in self.bills.get(account_no, {}).values() if bill.open_paisa > 0]
        bills.sort(key=_age)
        return bills

    def paid_bills(self, account_no: str) -> list[Bill]:
        """Bills that money can be taken back from, newest first."""
        bills = [bill for bill in self.bills.get(account_no, {}).values() if bill.paid > 0]
        bills.sort(key=_age, reverse=True)
        return bills

    def bill(self, account_no: str, invoice_no: str, month: str = "") -> Bill:
        bills = self.bills.setdefault(account_no, {})
        if invoice_no not in bills:
            bills[invoice_no] = Bill(month, invoice_no)
        return bills[invoice_no]

    def record(self, draft: Draft) -> None:
        """Take an entry in. Errors: Unbalanced (M1), DrivenBelowZero (M4)."""
        check_balanced(draft.legs)
        changes: dict[Key, int] = {}
        for code, of, side, amount in draft.legs:
            key = (code, of)
            changes[key] = changes.get(key, 0) + (amount if side == DEBIT else -amount)
        for key, change in changes.items():
            self._check_not_driven(key, change, draft)
        for key, change in changes.items():
            self.balances[key] = self.balances.get(key, 0) + change
        self.note(draft)
        self.entry_seq = draft.seq

    def note(self, draft: Draft) -> None:
        """Remember an entry and what it did to bills, without touching balances."""
        self.history.setdefault(draft.source_id, []).append(draft)
        if draft.kind in CHARGES and draft.memo is not None:
            month, invoice_no = draft.memo[:MEMO_SLASH], draft.memo[MEMO_SLASH + 1 :]
            self.bill(draft.legs[0].of, invoice_no, month).charged += draft.legs[0].amount_paisa
        self.allocate(draft.shares)

    def allocate(self, shares: Iterable[Share]) -> None:
        for account_no, invoice_no, amount in shares:
            if invoice_no:
                self.bill(account_no, invoice_no).paid += amount

    def _check_not_driven(self, key: Key, change: int, draft: Draft) -> None:
        sign = NEVER_NEGATIVE_SIGN.get(key[0])
        if sign is None or sign * change >= 0:
            return
        if sign * (self.balances.get(key, 0) + change) < 0:
            raise DrivenBelowZero(
                f"{draft.kind} for {draft.source_id} would take account {key[0]} {key[1]!r} "
                f"to {sign * (self.balances.get(key, 0) + change)} paisa"
            )


def _age(bill: Bill) -> tuple[str, str]:
    return bill.month, bill.invoice_no
