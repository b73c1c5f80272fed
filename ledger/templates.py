"""The journal templates of domain manual §6.6 for what arrives: bills, money taken, and normal form."""

from ledger.accounts import (
    ADVANCE,
    BILLING,
    CASH_WITH_OFFICER,
    CHEQUES_IN_HAND,
    CREDIT,
    DEBIT,
    RECEIVABLE,
    UNCLEARED,
    UNIDENTIFIED,
    WALLET_CLEARING,
    custody_session,
)
from ledger.draft import Leg, Share
from ledger.log_row import LogRow
from ledger.page import Posted, consumer_legs, enter, pay
from ledger.view import BILL_CHARGED, Books

ADVANCE_PAISA_MAX = 50_000_00
"""An advance above Rs 50,000 is looked at by a clerk: it may have been meant for somebody else."""
AMOUNT_PAISA_MAX = 100_000_000_00
"""As models.kinds.PAISA_MAX: what is more was not read as an amount at all."""

PAPER_TENDERS = frozenset({"cheque", "pay_order"})
WALLET = "wallet"
HELD = "held"


def show_consumer(_books: Books, posted: Posted) -> None:
    """A consumer's own row posts nothing; his position may have been waiting for it."""
    account_no = named_account(posted.row)
    if account_no:
        posted.touched.add(account_no)


def close_date(books: Books, posted: Posted) -> None:
    """A closed date takes no further entry, nor does any date before it (M13)."""
    row = posted.row
    if row.outcome == "applied" and "business_date" in row.fields:
        books.closed_through = max(books.closed_through, str(row.fields["business_date"]))
        posted.records[("period", row.record_id)] = {"closed_seq": row.seq}


def bill(books: Books, posted: Posted) -> None:
    """A bill posts what it charges beyond what it has posted before; a smaller one gives credit."""
    row = posted.row
    if row.outcome != "applied":
        return
    before = _billed_before(books, row.record_id)
    account_no = named_account(row) or next(iter(before), None)
    if account_no is None:
        posted.trouble("BILL_UNREADABLE", "the bill names no account, so nothing was charged")
        return
    wanted = row.fields.get("current_paisa", sum(before.values()))
    amount = 0 if row.op == "delete" else wanted
    for other, posted_paisa in before.items():
        if other != account_no:
            _charge(books, posted, other, -posted_paisa)
    _charge(books, posted, account_no, amount - before.get(account_no, 0))


def _billed_before(books: Books, bill_id: str) -> dict[str, int]:
    """What the bill has charged so far, by account."""
    billed: dict[str, int] = {}
    for entry in books.history.get(bill_id, ()):
        for leg in entry.legs:
            if entry.kind != "advance_applied" and leg.code in (RECEIVABLE, ADVANCE):
                sign = 1 if leg.side == DEBIT else -1
                billed[leg.of] = billed.get(leg.of, 0) + sign * leg.amount_paisa
    return billed


def _charge(books: Books, posted: Posted, account_no: str, amount: int) -> None:
    row = posted.row
    invoice_no = str(row.fields.get("invoice_no", row.record_id))
    memo = f"{str(row.fields.get('bill_month', ''))[:7]:7}/{invoice_no}"
    posted.touched.add(account_no)
    if amount > 0:
        legs = [Leg(RECEIVABLE, account_no, DEBIT, amount), Leg(BILLING, "", CREDIT, amount)]
        entry = enter(books, posted, BILL_CHARGED, legs, key=f":{account_no}", memo=memo)
        settle(books, posted, account_no, entry.seq)
    elif amount < 0:
        shares = pay(books, account_no, -amount, first=invoice_no)
        legs = [Leg(BILLING, "", DEBIT, -amount), *consumer_legs(account_no, shares)]
        enter(books, posted, "bill_credited", legs, shares, key=f":{account_no}", memo=memo)


def collection(books: Books, posted: Posted) -> None:
    """Money that changed hands: to the consumer's bills, to suspense, or as a tender to clear."""
    row = posted.row
    amount = row.fields.get("amount_paisa")
    if type(amount) is not int or not 0 < amount <= AMOUNT_PAISA_MAX:
        posted.trouble("MALFORMED", "the amount cannot be read, so nothing was posted")
        return
    if _seen_before(books, posted, amount) or _rebuilt_before(books, posted, amount):
        return
    doubted = row.outcome == HELD
    named = named_account(row)
    account_no = None if doubted else named
    if named:
        posted.touched.add(named)
    if row.fields.get("tender") in PAPER_TENDERS or row.fields.get("tender") == WALLET:
        _tender(books, posted, account_no, amount)
    elif account_no is None:
        legs = [_cash_in(row, amount), Leg(UNIDENTIFIED, row.record_id, CREDIT, amount)]
        enter(books, posted, "collection_suspense", legs)
        posted.states[row.record_id] = "suspense"
    else:
        shares = pay(books, account_no, amount)
        legs = [_cash_in(row, amount), *consumer_legs(account_no, shares)]
        enter(books, posted, "collection_cash", legs, shares)
        posted.states[row.record_id] = "posted"
        _look_at_advance(books, posted, account_no, shares)
    if account_no is not None:
        _look_at_payers(books, posted, account_no)
    if row.released:
        posted.settled[row.record_id] = "released"


def _seen_before(books: Books, posted: Posted, amount: int) -> bool:
    """The same fact again posts nothing (M5); other content under the same name is said aloud."""
    row = posted.row
    earlier = books.history.get(row.record_id)
    if not earlier:
        return False
    first = earlier[0]
    same_mutation = first.idem_key.startswith(f"{row.mutation_id}:")
    if same_mutation and first.request_hash != row.body_hash:
        posted.trouble(
            "ID_REUSED", "another body under the same id was released", amount_paisa=amount
        )
    elif not same_mutation and first.legs[0].amount_paisa != amount:
        posted.trouble(
            "RECORD_REUSED", "the record is in the books with another amount", amount_paisa=amount
        )
    return True


def _rebuilt_before(books: Books, posted: Posted, amount: int) -> bool:
    """A receipt that the office rebuilt is in the books once, when its phone comes back too."""
    row = posted.row
    receipt_no = str(row.fields.get("receipt_no"))
    if row.fields.get("rebuilt_by"):
        books.rebuilt[receipt_no] = amount
        return False
    rebuilt = books.rebuilt.get(receipt_no)
    if rebuilt is None:
        return False
    if rebuilt != amount:
        detail = f"receipt {receipt_no} was rebuilt with {rebuilt} paisa"
        posted.trouble("RECORD_REUSED", detail, amount_paisa=amount)
    posted.states[row.record_id] = "rebuilt"
    posted.settled[row.record_id] = "rebuilt"
    return True


def _cash_in(row: LogRow, amount: int) -> Leg:
    session = custody_session(row.actor_id, row.local_date)
    return Leg(CASH_WITH_OFFICER, session, DEBIT, amount)


def _tender(books: Books, posted: Posted, account_no: str | None, amount: int) -> None:
    """Paper and wallet claims leave the receivable alone until they have become money."""
    row = posted.row
    on_paper = row.fields["tender"] in PAPER_TENDERS
    provider = row.fields.get("wallet_provider")
    debit = (
        Leg(CHEQUES_IN_HAND, row.actor_id, DEBIT, amount)
        if on_paper
        else Leg(
            WALLET_CLEARING, provider if isinstance(provider, str) else "unknown", DEBIT, amount
        )
    )
    legs = [debit, Leg(UNCLEARED, account_no or row.record_id, CREDIT, amount)]
    enter(books, posted, "collection_cheque" if on_paper else "collection_wallet", legs)
    posted.tenders.add(row.record_id)
    known_state = "in_hand" if on_paper else "claimed"
    posted.states[row.record_id] = known_state if account_no else "suspense"


def _look_at_advance(books: Books, posted: Posted, account_no: str, shares: list[Share]) -> None:
    advance = books.advance(account_no)
    if advance > ADVANCE_PAISA_MAX and not shares[-1].invoice_no:
        detail = f"the consumer's advance is now {advance} paisa"
        posted.trouble("OVERPAYMENT", detail, account_no=account_no, amount_paisa=advance)


def _look_at_payers(books: Books, posted: Posted, account_no: str) -> None:
    """Two officers on one day for one account: both post, and somebody calls the consumer."""
    row = posted.row
    payers = books.payers.setdefault((account_no, row.local_date), set())
    if any(actor_id != row.actor_id for actor_id, _ in payers):
        others = ", ".join(sorted(other for _, other in payers))
        detail = f"collected on {row.local_date} by another officer too: {others}"
        posted.trouble(
            "DOUBLE_COLLECTION",
            detail,
            account_no=account_no,
            amount_paisa=row.fields["amount_paisa"],
        )
    payers.add((row.actor_id, row.record_id))


def settle(books: Books, posted: Posted, account_no: str, caused_by_seq: int) -> None:
    """Normal form: an advance pays what is open, so that any order of arrival ends the same (M20)."""
    posted.touched.add(account_no)
    amount = min(books.due(account_no), books.advance(account_no))
    if amount <= 0:
        return
    cause = posted.entries[-1]
    shares = [*pay(books, account_no, amount), Share(account_no, "", -amount)]
    legs = [
        Leg(ADVANCE, account_no, DEBIT, amount),
        Leg(RECEIVABLE, account_no, CREDIT, amount),
    ]
    enter(
        books,
        posted,
        "advance_applied",
        legs,
        shares,
        source=(cause.source_entity, cause.source_id),
        key=f":{account_no}",
        caused_by_seq=caused_by_seq,
    )


def named_account(row: LogRow) -> str | None:
    """The account that a row names, when what stands there can be one."""
    account_no = row.fields.get("account_no")
    return account_no if isinstance(account_no, str) and len(account_no) == 13 else None
