import pytest

from ledger.draft import Leg, Unbalanced, check_balanced
from ledger.templates import ADVANCE_PAISA_MAX
from tests.unit.ledger.street import (
    O1042,
    O1077,
    RS,
    A,
    B,
    C,
    D,
    E,
    balances,
    bill,
    cash,
    cheque,
    decide,
    kinds,
    lines,
    post_all,
    row,
    wallet,
)


def page_of(*rows):
    """What the last of these rows writes."""
    _books, pages = post_all(rows)
    return lines(pages[-1])


def held(make, account, rupees, code, **how):
    return make(account, rupees, outcome="held", code=code, **how)


ARRIVALS = {
    "a bill": (
        [bill(A, 2500)],
        [
            "bill_charged",
            "  1100 A               2,500",
            "  2900                         2,500",
        ],
    ),
    "a bill that gives credit": (
        [bill(A, 2500), bill(A, -300, "2026-04")],
        [
            "bill_credited",
            "  2900                   300",
            "  1100 A                         300",
        ],
    ),
    "a bill that gives more credit than is due": (
        [bill(A, 200), bill(A, -300, "2026-04")],
        [
            "bill_credited",
            "  2900                   300",
            "  1100 A                         200",
            "  2010 A                         100",
        ],
    ),
    "a bill that was raised": (
        [bill(A, 2500, record_id="b1"), bill(A, 2700, record_id="b1")],
        [
            "bill_charged",
            "  1100 A                 200",
            "  2900                           200",
        ],
    ),
    "a bill that was lowered": (
        [bill(A, 2500, record_id="b2"), bill(A, 2100, record_id="b2")],
        [
            "bill_credited",
            "  2900                   400",
            "  1100 A                         400",
        ],
    ),
    "a bill that came again": (
        [bill(A, 2500, record_id="b3"), bill(A, 2500, record_id="b3")],
        [],
    ),
    "a bill after an advance": (
        [cash(A, 800), bill(A, 2500)],
        [
            "bill_charged",
            "  1100 A               2,500",
            "  2900                         2,500",
            "advance_applied",
            "  2010 A                 800",
            "  1100 A                         800",
        ],
    ),
    "cash for one bill": (
        [bill(A, 2500), cash(A, 2500)],
        [
            "collection_cash",
            "  1010 O1042           2,500",
            "  1100 A                       2,500",
        ],
    ),
    "more cash than is due": (
        [bill(B, 3200), cash(B, 4000)],
        [
            "collection_cash",
            "  1010 O1042           4,000",
            "  1100 B                       3,200",
            "  2010 B                         800",
        ],
    ),
    "cash before any bill": (
        [cash(A, 500)],
        [
            "collection_cash",
            "  1010 O1042             500",
            "  2010 A                         500",
        ],
    ),
    "cash of nobody": (
        [held(cash, None, 1000, "UNKNOWN_ACCOUNT")],
        [
            "collection_suspense",
            "  1010 O1042           1,000",
            "  2090 receipt                 1,000",
        ],
    ),
    "cash under a used receipt number": (
        [bill(A, 900), held(cash, A, 900, "RECEIPT_NO_REUSED")],
        [
            "collection_suspense",
            "  1010 O1042             900",
            "  2090 receipt                   900",
        ],
    ),
    "cash from an untrusted phone": ([held(cash, A, 900, "DEVICE_UNTRUSTED")], []),
    "cash of which another body came first": ([held(cash, A, 900, "ID_REUSED")], []),
    "cash that waits": ([cash(A, 900, outcome="waiting", code="OUR_FAULT")], []),
    "cash that was rejected": ([cash(A, 900, outcome="rejected")], []),
    "a cheque": (
        [bill(C, 6500), cheque(C, 6500)],
        [
            "collection_cheque",
            "  1030 officer-1042    6,500",
            "  2110 C                       6,500",
        ],
    ),
    "a cheque of nobody": (
        [held(cheque, None, 6500, "UNKNOWN_ACCOUNT")],
        [
            "collection_cheque",
            "  1030 officer-1042    6,500",
            "  2110 receipt                 6,500",
        ],
    ),
    "a wallet claim": (
        [bill(D, 1500), wallet(D, 1500)],
        [
            "collection_wallet",
            "  1050 jazzcash        1,500",
            "  2110 D                       1,500",
        ],
    ),
    "an officer's word that a receipt should not stand": (
        [row("receipt_void", {"collection_id": "c", "reason": "torn"}, origin="device")],
        [],
    ),
    "a consumer": ([row("consumer", {"account_no": A})], []),
}


@pytest.mark.parametrize("arrival", ARRIVALS)
def test_what_arrives_is_written_as_the_table_says(arrival):
    rows, expected = ARRIVALS[arrival]

    assert page_of(*rows) == expected


def decided(kind, before, about, to=None, after=()):
    return [*before, about, *after, decide(kind, about, to)]


DECISIONS = {
    "unknown money is identified": (
        decided("identify", [bill(E, 600)], held(cash, None, 1000, "UNKNOWN_ACCOUNT"), E),
        [
            "identified",
            "  2090 receipt         1,000",
            "  1100 E                         600",
            "  2010 E                         400",
        ],
    ),
    "an unknown cheque is identified": (
        decided("identify", [], held(cheque, None, 6500, "UNKNOWN_ACCOUNT"), E),
        [
            "identified",
            "  2110 receipt         6,500",
            "  2110 E                       6,500",
        ],
    ),
    "it was the wrong consumer": (
        decided("transfer", [bill(A, 2500), bill(B, 3000)], cash(A, 2500), B),
        [
            "transferred",
            "  1100 A               2,500",
            "  1100 B                       2,500",
        ],
    ),
    "it was the wrong consumer, who had an advance of it": (
        decided("transfer", [bill(A, 2000), bill(B, 300)], cash(A, 2500), B),
        [
            "transferred",
            "  1100 A               2,000",
            "  2010 A                 500",
            "  1100 B                         300",
            "  2010 B                       2,200",
        ],
    ),
    "it was the wrong consumer, and a cheque": (
        decided("transfer", [], cheque(A, 2500), B),
        [
            "transferred",
            "  2110 A               2,500",
            "  2110 B                       2,500",
        ],
    ),
    "a receipt never happened": (
        decided("void", [bill(A, 2000)], cash(A, 2500)),
        [
            "reversed",
            "  1100 A               2,000",
            "  2010 A                 500",
            "  1010 O1042                   2,500",
        ],
    ),
    "a receipt never happened, and its advance was used": (
        decided("reverse", [bill(A, 2000)], cash(A, 2500), after=[bill(A, 300, "2026-04")]),
        [
            "reversed",
            "  1100 A               2,300",
            "  2010 A                 200",
            "  1010 O1042                   2,500",
        ],
    ),
    "a receipt never happened, and another advance came": (
        decided("void", [bill(A, 2000)], cash(A, 2500), after=[cash(A, 700)]),
        [
            "reversed",
            "  1100 A               2,000",
            "  2010 A                 500",
            "  1010 O1042                   2,500",
            "advance_applied",
            "  2010 A                 700",
            "  1100 A                         700",
        ],
    ),
    "a cheque never happened": (
        decided("void", [], cheque(A, 2500)),
        [
            "reversed",
            "  2110 A               2,500",
            "  1030 officer-1042            2,500",
        ],
    ),
}


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_is_written_as_the_table_says(decision):
    rows, expected = DECISIONS[decision]

    assert page_of(*rows) == expected


def test_a_reversal_after_a_transfer_undoes_both():
    receipt = cash(A, 2500)
    before, _ = post_all([bill(A, 2000), bill(B, 300)])
    rows = [bill(A, 2000), bill(B, 300), receipt]

    books, pages = post_all([*rows, decide("transfer", receipt, B), decide("reverse", receipt)])

    assert balances(books) == balances(before)
    assert [entry.kind for entry in pages[-1].entries] == ["reversed", "reversed"]
    assert [entry.reverses_seq for entry in pages[-1].entries] == [4, 3]


def test_a_reversal_after_an_identification_undoes_both():
    receipt = held(cash, None, 700, "UNKNOWN_ACCOUNT")

    books, _ = post_all(
        [bill(E, 900), receipt, decide("identify", receipt, E), decide("void", receipt)]
    )

    assert balances(books) == {(1100, E): 900 * RS, (2900, ""): -900 * RS}


WITHOUT_EFFECT = {
    "of a collection that nobody knows": lambda c: [decide("void", c)],
    "void twice": lambda c: [c, decide("void", c), decide("void", c)],
    "reverse after void": lambda c: [c, decide("void", c), decide("reverse", c)],
    "identify what is known": lambda c: [c, decide("identify", c, B)],
    "transfer to the same consumer": lambda c: [c, decide("transfer", c, A)],
    "transfer to nobody": lambda c: [c, decide("transfer", c)],
    "transfer what was voided": lambda c: [c, decide("void", c), decide("transfer", c, B)],
    "of a kind without a template": lambda c: [c, decide("refund", c)],
}


@pytest.mark.parametrize("decision", WITHOUT_EFFECT)
def test_a_decision_that_cannot_be_done_is_said_aloud(decision):
    rows = WITHOUT_EFFECT[decision](cash(A, 500))

    _books, pages = post_all(rows)

    assert pages[-1].entries == []
    assert [trouble.kind for trouble in pages[-1].troubles] == ["DECISION_WITHOUT_EFFECT"]


@pytest.mark.parametrize("checker_id", [None, "clerk-1"])
def test_one_person_alone_decides_nothing(checker_id):
    receipt = cash(A, 500)

    _books, pages = post_all([receipt, decide("void", receipt, checker_id=checker_id)])

    assert pages[-1].entries == []
    assert kinds(pages) == ["MAKER_IS_CHECKER"]


@pytest.mark.parametrize("state", ["submitted", "rejected"])
def test_a_decision_that_is_not_approved_posts_nothing(state):
    receipt = cash(A, 500)

    _books, pages = post_all([receipt, decide("void", receipt, state=state)])

    assert pages[-1].entries == []
    assert kinds(pages) == []


def test_an_approval_that_is_written_again_posts_once():
    receipt = cash(A, 500)
    void = decide("void", receipt, record_id="decision-once")

    books, pages = post_all([receipt, void, decide("void", receipt, record_id="decision-once")])

    assert balances(books) == {}
    assert kinds(pages) == []


def test_the_oldest_bill_is_paid_first():
    books, pages = post_all([bill(A, 500, "2026-03"), bill(A, 400, "2026-01"), cash(A, 600)])

    shares = [(share.invoice_no, share.amount_paisa // RS) for share in pages[-1].entries[0].shares]
    assert shares == [("01-2026-01", 400), ("01-2026-03", 200)]
    assert [each.invoice_no for each in books.open_bills(A)] == ["01-2026-03"]


def test_the_same_fact_again_posts_nothing():
    receipt = cash(A, 500)

    books, pages = post_all([receipt, receipt])

    assert books.advance(A) == 500 * RS
    assert kinds(pages) == []


def test_two_officers_for_one_account_on_one_day_is_a_double_collection():
    first, second = cash(A, 500), cash(A, 500, officer_id=O1077)

    books, pages = post_all([first, second])

    assert books.advance(A) == 1000 * RS
    assert kinds(pages) == ["DOUBLE_COLLECTION"]


@pytest.mark.parametrize(
    ("officer_id", "local_date"), [(O1042, "2026-04-08"), (O1077, "2026-04-09")]
)
def test_the_same_officer_or_another_day_is_none(officer_id, local_date):
    second = cash(A, 500, officer_id=officer_id, local_date=local_date)

    _books, pages = post_all([cash(A, 500), second])

    assert kinds(pages) == []


def test_a_large_advance_is_looked_at():
    rupees = ADVANCE_PAISA_MAX // RS

    _books, at_limit = post_all([cash(A, rupees)])
    _books, above = post_all([cash(A, rupees + 1)])

    assert kinds(at_limit) == []
    assert kinds(above) == ["OVERPAYMENT"]


@pytest.mark.parametrize("fields", [{}, {"amount_paisa": "500"}, {"amount_paisa": 0}])
def test_malformed_money_of_unknown_amount_waits_for_a_person(fields):
    malformed = row("collection", fields, origin="device", outcome="held", code="MALFORMED")

    _books, pages = post_all([malformed])

    assert pages[0].entries == []
    assert kinds(pages) == ["MALFORMED"]


@pytest.mark.parametrize(
    "legs",
    [
        (Leg(1010, "o/d", "D", 500),),
        (Leg(1010, "o/d", "D", 500), Leg(2090, "c", "C", 400)),
        (Leg(1010, "o/d", "D", 0), Leg(2090, "c", "C", 0)),
        (Leg(9999, "o/d", "D", 500), Leg(2090, "c", "C", 500)),
    ],
)
def test_an_entry_that_does_not_balance_is_refused(legs):
    with pytest.raises(Unbalanced):
        check_balanced(legs)
