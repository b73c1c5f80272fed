"""The journal templates of cash between hand and safe: floats, handovers, losses, and the differences they leave."""

from ledger.accounts import (
    AT_IBC,
    CASH_AT_IBC,
    CASH_WITH_OFFICER,
    CHEQUES_IN_HAND,
    CREDIT,
    DEBIT,
    LOSS,
    OVERAGE,
    SHORTAGE,
    custody_session,
)
from ledger.draft import Leg
from ledger.page import Posted, enter
from ledger.tenders import move_tender, tender_of
from ledger.view import Books

CLOSED = "closed"
DIFFERENCE_OF = {CLOSED: SHORTAGE, "robbed": LOSS, "lost": LOSS}
"""How a session ended → where cash goes that its receipts say it had and nobody has."""


def opening(books: Books, posted: Posted) -> None:
    """A counter's drawer is opened with a float out of the IBC's own cash."""
    row = posted.row
    amount = row.fields.get("opening_paisa")
    if row.op != "put" or not amount or books.history.get(row.record_id):
        return
    session = str(row.fields["account_of"])
    legs = [
        Leg(CASH_WITH_OFFICER, session, DEBIT, amount),
        Leg(CASH_AT_IBC, AT_IBC, CREDIT, amount),
    ]
    enter(books, posted, "float_given", legs)


def handover(books: Books, posted: Posted) -> None:
    """The cashier has counted it and has it: his count moves the cash, exact, short or over."""
    row = posted.row
    if row.fields.get("state") != "accepted" or books.history.get(row.record_id):
        return
    session = session_named(posted)
    amount = int(row.fields.get("counted_paisa") or 0)
    if amount and session in books.ended:
        detail = f"session {session} has ended; what comes later is a recovery"
        posted.trouble("DECISION_WITHOUT_EFFECT", detail, amount_paisa=amount)
        return
    posted.sessions.add(session)
    _hand_over_cash(books, posted, session, amount)
    for collection_id in row.fields.get("cheque_ids") or ():
        _hand_over_cheque(books, posted, str(collection_id))


def _hand_over_cash(books: Books, posted: Posted, session: str, amount: int) -> None:
    is_closing = posted.row.fields.get("purpose") == "closing"
    cash = books.balance(CASH_WITH_OFFICER, session)
    leaving = cash if is_closing else min(cash, amount)
    legs = [
        Leg(CASH_AT_IBC, AT_IBC, DEBIT, amount),
        Leg(SHORTAGE, session, DEBIT, leaving - amount),
        Leg(CASH_WITH_OFFICER, session, CREDIT, leaving),
        Leg(OVERAGE, session, CREDIT, amount - leaving),
    ]
    legs = [leg for leg in legs if leg.amount_paisa > 0]
    if legs:
        enter(books, posted, "handed_over" if is_closing else "turned_in", legs)
    if is_closing:
        end_session(books, posted, session, CLOSED)


def _hand_over_cheque(books: Books, posted: Posted, collection_id: str) -> None:
    tender = tender_of(books.history.get(collection_id, []))
    if tender is None or tender.state != "in_hand":
        detail = f"cheque {collection_id} is not with the officer"
        posted.trouble("DECISION_WITHOUT_EFFECT", detail)
        return
    legs = [
        Leg(CHEQUES_IN_HAND, AT_IBC, DEBIT, tender.amount_paisa),
        Leg(CHEQUES_IN_HAND, tender.of, CREDIT, tender.amount_paisa),
    ]
    move_tender(books, posted, "cheque_handed_over", collection_id, legs)


def loss(books: Books, posted: Posted) -> None:
    """Robbed, or lost without fault: known cash is under inquiry and nobody's debt."""
    row = posted.row
    session = session_named(posted)
    if row.op != "put" or "kind" not in row.fields or session in books.ended:
        return
    posted.sessions.add(session)
    end_session(books, posted, session, str(row.fields["kind"]))


def surprise(books: Books, posted: Posted) -> None:
    """An unannounced count is an event: the books say what they had and change nothing."""
    row = posted.row
    if row.op != "put" or "counted_paisa" not in row.fields:
        return
    cash = books.balance(CASH_WITH_OFFICER, session_named(posted))
    difference = int(row.fields["counted_paisa"]) - cash
    said = {"books_paisa": cash, "difference_paisa": difference}
    posted.records[("surprise_count", row.record_id)] = said


def session_named(posted: Posted) -> str:
    """The session that a row names by officer and date."""
    fields = posted.row.fields
    return custody_session(str(fields.get("officer_id")), str(fields.get("session_date")))


def end_session(books: Books, posted: Posted, session: str, how: str) -> None:
    """From now on whatever its receipts say is a difference to what was handed over."""
    books.ended[session] = how
    posted.ended[session] = how


def settle_session(books: Books, posted: Posted, session: str) -> None:
    """Normal form of a session, so that any order of arrival ends the same (M20).

    Cash explains an overage first; in a session that has ended what is left is a shortage, or a
    loss. A receipt that comes late closes an overage by itself, or makes a shortage visible.
    """
    cash = books.balance(CASH_WITH_OFFICER, session)
    explained = min(cash, -books.balance(OVERAGE, session))
    _revalue(books, posted, Leg(OVERAGE, session, DEBIT, explained), ":over")
    how = books.ended.get(session)
    if how is not None:
        missing = Leg(DIFFERENCE_OF[how], session, DEBIT, cash - max(explained, 0))
        _revalue(books, posted, missing, ":short")


def make_room(books: Books, posted: Posted, legs: list[Leg]) -> None:
    """Before cash leaves a session that has handed it over: the difference shrinks, or turns round."""
    for leg in legs:
        if leg.code != CASH_WITH_OFFICER or leg.side != CREDIT:
            continue
        needed = leg.amount_paisa - books.balance(CASH_WITH_OFFICER, leg.of)
        for code in (LOSS, SHORTAGE):
            taken = min(needed, books.balance(code, leg.of))
            _revalue(books, posted, Leg(code, leg.of, CREDIT, taken), f":{code}")
            needed -= max(taken, 0)
        _revalue(books, posted, Leg(OVERAGE, leg.of, CREDIT, needed), ":room")


def _revalue(books: Books, posted: Posted, leg: Leg, key: str) -> None:
    if leg.amount_paisa <= 0:
        return
    own_side = CREDIT if leg.side == DEBIT else DEBIT
    cash = Leg(CASH_WITH_OFFICER, leg.of, own_side, leg.amount_paisa)
    legs = sorted((leg, cash), key=lambda one: one.side != DEBIT)
    cause = posted.entries[-1] if posted.entries else None
    row = posted.row
    enter(
        books,
        posted,
        "session_revalued",
        legs,
        source=(cause.source_entity, cause.source_id) if cause else (row.entity, row.record_id),
        key=f":{leg.of}{key}:{len(posted.entries)}",
        caused_by_seq=cause.seq if cause else None,
    )
