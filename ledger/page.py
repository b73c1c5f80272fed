"""One log row's page in the books: the entries it writes and what else it leads to."""

from dataclasses import dataclass, field
from typing import Any

from ledger.accounts import ADVANCE, CREDIT, DEBIT, OF_SESSION, RECEIVABLE
from ledger.draft import Draft, Leg, Share
from ledger.log_row import LogRow
from ledger.view import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that a person must look at; ledger/exceptions.py makes a row of it."""

    kind: str
    subject_entity: str
    subject_id: str
    account_no: str | None = None
    amount_paisa: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Posted:
    """What one log row did to the books."""

    row: LogRow
    entries: list[Draft] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    """Accounts whose consumer gets a new position."""
    states: dict[str, str] = field(default_factory=dict)
    """Collection → where the books have put it."""
    settled: dict[str, str] = field(default_factory=dict)
    """Collection → what was decided about it, so that its exceptions of doubt close."""
    sessions: set[str] = field(default_factory=set)
    """Custody sessions whose accounts moved."""
    ended: dict[str, str] = field(default_factory=dict)
    """Custody session → how this row ended it."""
    tenders: set[str] = field(default_factory=set)
    """Cheques, pay orders and wallet claims that moved, by their collections."""
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """(entity, record id) → fields that the books write there."""

    def trouble(
        self,
        kind: str,
        detail: str,
        *,
        account_no: str | None = None,
        amount_paisa: int | None = None,
    ) -> None:
        row = self.row
        self.troubles.append(
            Trouble(
                kind=kind,
                subject_entity=row.entity,
                subject_id=row.record_id,
                account_no=account_no,
                amount_paisa=amount_paisa,
                detail=detail,
            )
        )


def enter(
    books: Books,
    posted: Posted,
    kind: str,
    legs: list[Leg],
    shares: list[Share] | tuple[Share, ...] = (),
    *,
    source: tuple[str, str] | None = None,
    key: str = "",
    reverses_seq: int | None = None,
    caused_by_seq: int | None = None,
    memo: str | None = None,
) -> Draft:
    """Write one entry on the page and take it into the view."""
    row = posted.row
    source_entity, source_id = source or (row.entity, row.record_id)
    draft = Draft(
        seq=books.entry_seq + 1,
        kind=kind,
        legs=tuple(legs),
        shares=tuple(shares),
        business_date=books.open_date(row.local_date),
        occurred_at=row.occurred_at,
        source_entity=source_entity,
        source_id=source_id,
        log_seq=row.seq,
        idem_key=f"{row.mutation_id}:{kind}{key}",
        request_hash=row.body_hash,
        actor_id=row.actor_id,
        reverses_seq=reverses_seq,
        caused_by_seq=caused_by_seq,
        memo=memo,
    )
    books.record(draft)
    posted.entries.append(draft)
    for share in shares:
        posted.touched.add(share.account_no)
    posted.sessions.update(leg.of for leg in legs if leg.code in OF_SESSION)
    return draft


def pay(books: Books, account_no: str, amount: int, first: str | None = None) -> list[Share]:
    """Divide money over the consumer's open bills, oldest first; the rest is his advance."""
    shares: list[Share] = []
    bills = books.open_bills(account_no)
    if first is not None:
        bills.sort(key=lambda bill: bill.invoice_no != first)
    left = amount
    for bill in bills:
        if not left:
            break
        taken = min(left, bill.open_paisa)
        shares.append(Share(account_no, bill.invoice_no, taken))
        left -= taken
    if left:
        shares.append(Share(account_no, "", left))
    return shares


def take_back(books: Books, account_no: str, shares: list[Share]) -> list[Share]:
    """Undo allocations as they were; what was since used is taken from the newest paid bills.

    An advance that meanwhile paid a later bill cannot be taken out of 2010 again: that part
    becomes due again (domain manual §6.6).
    """
    wanted: dict[str, int] = {}
    for share in shares:
        wanted[share.invoice_no] = wanted.get(share.invoice_no, 0) + share.amount_paisa
    left = sum(wanted.values())
    taken: dict[str, int] = {}
    advance = books.advance(account_no)
    for invoice_no, amount in wanted.items():
        had = advance if not invoice_no else books.bill(account_no, invoice_no).paid
        taken[invoice_no] = min(amount, max(had, 0))
        left -= taken[invoice_no]
    for bill in books.paid_bills(account_no):
        more = min(left, bill.paid - taken.get(bill.invoice_no, 0))
        taken[bill.invoice_no] = taken.get(bill.invoice_no, 0) + more
        left -= more
    if left:
        taken[""] = taken.get("", 0) + left
    return [
        Share(account_no, invoice_no, -amount) for invoice_no, amount in taken.items() if amount
    ]


def mirrored_shares(books: Books, entry: Draft) -> list[Share]:
    """Give back what the entry allocated, and allocate again what it had taken back."""
    shares: list[Share] = []
    for account_no in dict.fromkeys(share.account_no for share in entry.shares):
        own = [share for share in entry.shares if share.account_no == account_no]
        amount = sum(share.amount_paisa for share in own)
        again = take_back(books, account_no, own) if amount > 0 else pay(books, account_no, -amount)
        shares.extend(again)
    return shares


def consumer_legs(account_no: str, shares: list[Share]) -> list[Leg]:
    """The legs that allocations stand for: bills on the receivable, the rest on the advance."""
    bills = sum(share.amount_paisa for share in shares if share.invoice_no)
    rest = sum(share.amount_paisa for share in shares if not share.invoice_no)
    legs = []
    for code, amount in ((RECEIVABLE, bills), (ADVANCE, rest)):
        if amount:
            legs.append(Leg(code, account_no, CREDIT if amount > 0 else DEBIT, abs(amount)))
    return legs
