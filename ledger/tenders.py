"""Cheques, pay orders and wallet claims: where each stands by its own entries, and what moves it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ledger.accounts import (
    ADVANCE,
    AT_IBC,
    BANK,
    CASH_AT_IBC,
    CASH_IN_TRANSIT,
    CHARGES,
    CHEQUES_IN_CLEARING,
    CHEQUES_IN_HAND,
    CREDIT,
    DEBIT,
    DEPOSIT_DIFFERENCE,
    RECEIVABLE,
    UNCLEARED,
    UNIDENTIFIED,
    WALLET_CLEARING,
)
from ledger.draft import Draft, Leg, Share
from ledger.page import Posted, consumer_legs, enter, mirrored_shares, pay
from ledger.templates import settle
from ledger.view import Books

STATES = {
    "collection_cheque": "in_hand",
    "cheque_handed_over": "handed_over",
    "cheque_deposited": "in_clearing",
    "cheque_represented": "in_clearing",
    "cheque_cleared": "cleared",
    "cheque_returned": "returned",
    "collection_wallet": "claimed",
    "claim_confirmed": "confirmed",
    "claim_refused": "refused",
}
"""The newest of a tender's entries that stands → where the tender is."""
PRESENTED = frozenset({"cheque_deposited", "cheque_represented"})
PRESENTED_MAX = 2
UNCLEARED_KINDS = frozenset({"in_hand", "handed_over", "in_clearing", "claimed"})
"""States without a final outcome: 2110 is exactly these (M8)."""


class Tender(NamedTuple):
    """One tender as its entries say."""

    state: str
    code: int
    of: str
    """The account where it is: with whom, on which slip, at which agency."""
    amount_paisa: int
    presented: int
    holder: str
    """Whose uncleared money it is: an account number, or the collection while unknown."""
    deposit_id: str | None


def tender_of(history: Sequence[Draft]) -> Tender | None:
    """Where the tender stands; None when the entries are not those of one. Pure."""
    if not history or history[0].kind not in ("collection_cheque", "collection_wallet"):
        return None
    undone = {entry.reverses_seq for entry in history}
    standing = [entry for entry in history if entry.seq not in undone]
    moves = [entry for entry in standing if entry.kind in STATES]
    taken = history[0].legs[0]
    if not moves:
        return Tender("cancelled", taken.code, taken.of, taken.amount_paisa, 0, "", None)
    slips = [entry.legs[0].of for entry in moves if entry.kind in PRESENTED]
    held = [
        leg.of
        for entry in standing
        for leg in entry.legs
        if leg.code == UNCLEARED and leg.side == CREDIT
    ]
    where = moves[-1].legs[0]
    return Tender(
        state=STATES[moves[-1].kind],
        code=where.code,
        of=where.of,
        amount_paisa=taken.amount_paisa,
        presented=len(slips),
        holder=held[-1],
        deposit_id=slips[-1] if slips else None,
    )


def deposit(books: Books, posted: Posted) -> None:
    """A slip leaves for the bank: cash in transit, cheques in clearing."""
    row = posted.row
    if row.fields.get("state") != "at_bank" or books.history.get(row.record_id):
        return
    if row.fields.get("kind") == "cash":
        _deposit_cash(books, posted)
        return
    for collection_id in row.fields.get("cheque_ids") or ():
        _deposit_cheque(books, posted, str(collection_id))


def _deposit_cash(books: Books, posted: Posted) -> None:
    row = posted.row
    amount = int(row.fields["total_paisa"])
    legs = [
        Leg(CASH_IN_TRANSIT, row.record_id, DEBIT, amount),
        Leg(CASH_AT_IBC, AT_IBC, CREDIT, amount),
    ]
    enter(books, posted, "cash_deposited", legs)


def _deposit_cheque(books: Books, posted: Posted, collection_id: str) -> None:
    tender = tender_of(books.history.get(collection_id, []))
    if tender is None or tender.state != "handed_over":
        posted.trouble("DECISION_WITHOUT_EFFECT", f"cheque {collection_id} is not at the IBC")
        return
    legs = [
        Leg(CHEQUES_IN_CLEARING, posted.row.record_id, DEBIT, tender.amount_paisa),
        Leg(CHEQUES_IN_HAND, tender.of, CREDIT, tender.amount_paisa),
    ]
    move_tender(books, posted, "cheque_deposited", collection_id, legs)


def clearing(books: Books, posted: Posted) -> None:
    """What the bank or the agency did, by the outcome that a person or a match has put down."""
    row = posted.row
    outcome = str(row.fields.get("outcome"))
    if row.op != "put" or outcome not in OUTCOMES:
        return
    why = objection(books, row.fields)
    if why is not None:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"{outcome} has no effect: {why}")
        return
    OUTCOMES[outcome](books, posted)


STATE_NEEDED = {
    "cleared": "in_clearing",
    "returned": "in_clearing",
    "re_presented": "returned",
    "confirmed": "claimed",
    "refused": "claimed",
}


def objection(books: Books, fields: Mapping[str, Any]) -> str | None:
    """Why an outcome cannot stand on these books, as a message key; None when it can. Pure."""
    outcome = str(fields.get("outcome"))
    if outcome == "banked":
        in_transit = books.balance(CASH_IN_TRANSIT, str(fields.get("deposit_id")))
        return None if in_transit > 0 else "nothing_in_transit"
    if outcome in STATE_NEEDED:
        tender = tender_of(books.history.get(str(fields.get("collection_id")), []))
        if tender is None or tender.state != STATE_NEEDED[outcome]:
            return f"tender_is_not {STATE_NEEDED[outcome]}"
        if outcome == "re_presented" and tender.presented >= PRESENTED_MAX:
            return "presented_twice"
        if outcome in ("cleared", "confirmed") and _fee(fields) >= tender.amount_paisa:
            return "fee_is_all"
        return None
    if outcome == "agency_paid":
        amount = int(fields.get("amount_paisa") or 0)
        return None if amount > _fee(fields) else "fee_is_all"
    return None if _entries_by(books, fields) else "nothing_to_undo"


def _banked(books: Books, posted: Posted) -> None:
    fields = posted.row.fields
    slip, bank = str(fields["deposit_id"]), str(fields["bank_account"])
    in_transit, arrived = books.balance(CASH_IN_TRANSIT, slip), int(fields["amount_paisa"])
    legs = [
        Leg(BANK, bank, DEBIT, arrived),
        Leg(DEPOSIT_DIFFERENCE, bank, DEBIT, in_transit - arrived),
        Leg(CASH_IN_TRANSIT, slip, CREDIT, in_transit),
        Leg(DEPOSIT_DIFFERENCE, bank, CREDIT, arrived - in_transit),
    ]
    legs = [leg for leg in legs if leg.amount_paisa > 0]
    enter(
        books,
        posted,
        "deposit_banked",
        legs,
        source=("deposit", slip),
        memo=posted.row.record_id,
    )
    if arrived < in_transit:
        detail = f"the bank counted {in_transit - arrived} paisa less on slip {slip}"
        posted.trouble("DEPOSIT_SHORT", detail, amount_paisa=in_transit - arrived)


def _paid(books: Books, posted: Posted) -> None:
    """A cheque that cleared, a claim that the agency confirmed: only now is the bill paid."""
    fields = posted.row.fields
    collection_id = str(fields["collection_id"])
    tender = _standing(books, collection_id)
    amount, fee = tender.amount_paisa, _fee(fields)
    legs = [
        Leg(BANK, str(fields["bank_account"]), DEBIT, amount - fee),
        Leg(UNCLEARED, tender.holder, DEBIT, amount),
        Leg(tender.code, tender.of, CREDIT, amount),
    ]
    if fee:
        legs.insert(1, Leg(CHARGES, "", DEBIT, fee))
    shares: list[Share] = []
    if tender.holder == collection_id:
        legs.append(Leg(UNIDENTIFIED, collection_id, CREDIT, amount))
    else:
        shares = pay(books, tender.holder, amount)
        legs += consumer_legs(tender.holder, shares)
    is_claim = tender.state == "claimed"
    kind = "claim_confirmed" if is_claim else "cheque_cleared"
    move_tender(books, posted, kind, collection_id, legs, shares)


def _unpaid(books: Books, posted: Posted) -> None:
    """A cheque that bounced, a claim that was never money: the receivable was never touched."""
    collection_id = str(posted.row.fields["collection_id"])
    tender = _standing(books, collection_id)
    legs = [
        Leg(UNCLEARED, tender.holder, DEBIT, tender.amount_paisa),
        Leg(tender.code, tender.of, CREDIT, tender.amount_paisa),
    ]
    is_claim = tender.state == "claimed"
    move_tender(
        books, posted, "claim_refused" if is_claim else "cheque_returned", collection_id, legs
    )
    _show_holder(posted, tender, collection_id)
    if not is_claim:
        detail = f"returned by the bank; presented {tender.presented} times"
        posted.trouble(
            "CHEQUE_RETURNED",
            detail,
            account_no=tender.holder if tender.holder != collection_id else None,
            amount_paisa=tender.amount_paisa,
        )


def _re_presented(books: Books, posted: Posted) -> None:
    collection_id = str(posted.row.fields["collection_id"])
    tender = _standing(books, collection_id)
    slip = tender.deposit_id or ""
    legs = [
        Leg(CHEQUES_IN_CLEARING, slip, DEBIT, tender.amount_paisa),
        Leg(UNCLEARED, tender.holder, CREDIT, tender.amount_paisa),
    ]
    move_tender(books, posted, "cheque_represented", collection_id, legs)
    _show_holder(posted, tender, collection_id)


def _agency_paid(books: Books, posted: Posted) -> None:
    """The consumer paid at a bank, a shop or a wallet himself: the normal 1LINK case."""
    fields = posted.row.fields
    amount, fee = int(fields["amount_paisa"]), _fee(fields)
    account_no, provider = fields.get("account_no"), str(fields["provider"])
    shares = pay(books, str(account_no), amount) if account_no else []
    credited = consumer_legs(str(account_no), shares) or [
        Leg(UNIDENTIFIED, posted.row.record_id, CREDIT, amount)
    ]
    through = Leg(WALLET_CLEARING, provider, DEBIT, amount)
    enter(books, posted, "agency_paid", [through, *credited], shares, memo=posted.row.record_id)
    legs = [Leg(BANK, str(fields["bank_account"]), DEBIT, amount - fee)]
    if fee:
        legs.append(Leg(CHARGES, "", DEBIT, fee))
    enter(books, posted, "agency_settled", [*legs, through.mirrored()], memo=posted.row.record_id)


def _undone(books: Books, posted: Posted) -> None:
    """The outcome was a mistake: mirror what it posted, the newest first (M6)."""
    wrong = _entries_by(books, posted.row.fields)
    for entry in reversed(wrong):
        shares = mirrored_shares(books, entry)
        legs = [leg.mirrored() for leg in entry.legs if leg.code not in (RECEIVABLE, ADVANCE)]
        for account_no in dict.fromkeys(share.account_no for share in shares):
            own = [share for share in shares if share.account_no == account_no]
            legs += consumer_legs(account_no, own)
        source = (entry.source_entity, entry.source_id)
        mirror = enter(
            books,
            posted,
            "reversed",
            sorted(legs, key=lambda leg: leg.side != DEBIT),
            shares,
            source=source,
            key=f":{entry.seq}",
            reverses_seq=entry.seq,
            memo=posted.row.record_id,
        )
        for account_no in dict.fromkeys(share.account_no for share in shares):
            settle(books, posted, account_no, mirror.seq)
        if entry.source_entity == "collection":
            show_tender(books, posted, entry.source_id)


def _entries_by(books: Books, fields: Mapping[str, Any]) -> list[Draft]:
    """What an earlier clearing posted and nothing has mirrored, oldest first."""
    undoes_id = str(fields.get("undoes_id"))
    sources = {str(fields.get(name)) for name in ("deposit_id", "collection_id", "undoes_id")}
    found = [entry for source in sources for entry in books.history.get(source, ())]
    undone = {entry.reverses_seq for entry in found}
    return sorted(
        (
            entry
            for entry in found
            if entry.memo == undoes_id and entry.reverses_seq is None and entry.seq not in undone
        ),
        key=lambda entry: entry.seq,
    )


def move_tender(
    books: Books,
    posted: Posted,
    kind: str,
    collection_id: str,
    legs: list[Leg],
    shares: list[Share] | tuple[Share, ...] = (),
) -> None:
    enter(
        books,
        posted,
        kind,
        legs,
        shares,
        source=("collection", collection_id),
        key=f":{collection_id}",
        memo=posted.row.record_id,
    )
    show_tender(books, posted, collection_id)


def show_tender(books: Books, posted: Posted, collection_id: str) -> None:
    posted.tenders.add(collection_id)
    tender = tender_of(books.history[collection_id])
    if tender is not None:
        posted.states[collection_id] = tender.state


def _show_holder(posted: Posted, tender: Tender, collection_id: str) -> None:
    """His uncleared money changed, though no bill of his did."""
    if tender.holder != collection_id:
        posted.touched.add(tender.holder)


def _standing(books: Books, collection_id: str) -> Tender:
    tender = tender_of(books.history[collection_id])
    assert tender is not None, "objection() has looked"
    return tender


def _fee(fields: Mapping[str, Any]) -> int:
    return int(fields.get("fee_paisa") or 0)


OUTCOMES: dict[str, Callable[[Books, Posted], None]] = {
    "banked": _banked,
    "cleared": _paid,
    "returned": _unpaid,
    "re_presented": _re_presented,
    "confirmed": _paid,
    "refused": _unpaid,
    "agency_paid": _agency_paid,
    "undone": _undone,
}
"""The outcome of a clearing → what it posts."""
