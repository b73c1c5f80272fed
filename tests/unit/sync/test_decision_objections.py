"""What stands against a decision about money, as a complete table over what the books may hold."""

import pytest

from ledger.draft import Draft, Leg
from sync.decisions import objections

COLLECTION = "01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
ONE, OTHER, STRANGER = "0400000000001", "0400000000002", "0999999999999"
CASH, RECEIVABLE, SUSPENSE, UNCLEARED = 1010, 1100, 2090, 2110


def an_entry(seq, kind, debit, credit, reverses=None):
    return Draft(
        seq=seq,
        kind=kind,
        legs=(Leg(*debit, "D", 500), Leg(*credit, "C", 500)),
        business_date="2026-04-08",
        occurred_at=0,
        source_entity="collection",
        source_id=COLLECTION,
        log_seq=seq,
        idem_key=str(seq),
        request_hash="",
        actor_id="",
        reverses_seq=reverses,
    )


PAID = an_entry(1, "collection_cash", (CASH, "s"), (RECEIVABLE, ONE))
UNKNOWN = an_entry(1, "collection_suspense", (CASH, "s"), (SUSPENSE, COLLECTION))
CHEQUE = an_entry(1, "collection_cheque", (1030, "o"), (UNCLEARED, ONE))
UNKNOWN_CHEQUE = an_entry(1, "collection_cheque", (1030, "o"), (UNCLEARED, COLLECTION))
IDENTIFIED = an_entry(2, "identified", (SUSPENSE, COLLECTION), (RECEIVABLE, ONE))
MOVED = an_entry(2, "transferred", (RECEIVABLE, ONE), (RECEIVABLE, OTHER))
UNDONE = an_entry(2, "reversed", (RECEIVABLE, ONE), (CASH, "s"), reverses=1)

HISTORIES = {
    "nothing": (),
    "paid": (PAID,),
    "unknown": (UNKNOWN,),
    "cheque": (CHEQUE,),
    "unknown cheque": (UNKNOWN_CHEQUE,),
    "identified": (UNKNOWN, IDENTIFIED),
    "moved": (PAID, MOVED),
    "undone": (PAID, UNDONE),
}
FINE: dict[str, str] = {}
NOT_IN_BOOKS = {"collection_id": "not_in_the_books"}
ALREADY_UNDONE = {"collection_id": "already_undone"}
KNOWN = {"collection_id": "not_in_suspense"}
IN_SUSPENSE = {"collection_id": "in_suspense"}
SAME = {"to_account_no": "same_account"}

TABLE = {
    #                  identify to ONE, transfer to ONE, transfer to OTHER, void or reverse
    "nothing": (NOT_IN_BOOKS, NOT_IN_BOOKS, NOT_IN_BOOKS, NOT_IN_BOOKS),
    "paid": (KNOWN, SAME, FINE, FINE),
    "unknown": (FINE, IN_SUSPENSE, IN_SUSPENSE, FINE),
    "cheque": (KNOWN, SAME, FINE, FINE),
    "unknown cheque": (FINE, IN_SUSPENSE, IN_SUSPENSE, FINE),
    "identified": (KNOWN, SAME, FINE, FINE),
    "moved": (KNOWN, FINE, SAME, FINE),
    "undone": (ALREADY_UNDONE, ALREADY_UNDONE, ALREADY_UNDONE, ALREADY_UNDONE),
}
ASKED = (("identify", ONE), ("transfer", ONE), ("transfer", OTHER), ("void", None))


def said(kind, to, history, *, collection_known=True, account_known=True):
    return objections(
        kind,
        to,
        history,
        collection_id=COLLECTION,
        collection_known=collection_known,
        account_known=account_known,
    )


@pytest.mark.parametrize("column", range(4), ids=[f"{kind} {to}" for kind, to in ASKED])
@pytest.mark.parametrize("history", HISTORIES)
def test_what_the_books_hold_decides(history, column):
    kind, to = ASKED[column]

    assert said(kind, to, HISTORIES[history]) == TABLE[history][column]
    if kind == "void":
        assert said("reverse", to, HISTORIES[history]) == TABLE[history][column]


@pytest.mark.parametrize("kind", ["identify", "transfer"])
def test_money_moves_only_to_an_account_of_this_ibc(kind):
    assert said(kind, None, (UNKNOWN,)) == {"to_account_no": "required"}
    assert said(kind, STRANGER, (UNKNOWN,), account_known=False) == {
        "to_account_no": "unknown_account"
    }


@pytest.mark.parametrize("kind", ["void", "reverse"])
def test_what_never_happened_goes_to_nobody(kind):
    assert said(kind, ONE, (PAID,)) == {"to_account_no": "not_for_this_kind"}


def test_a_collection_that_nobody_knows_is_said_to_be_unknown():
    assert said("void", None, (), collection_known=False) == {"collection_id": "unknown_collection"}


def test_money_without_a_record_is_decided_by_its_entries():
    """What came malformed has an entry in suspense and no record of its own (ruling 12)."""
    assert said("identify", ONE, (UNKNOWN,), collection_known=False) == FINE
