"""Sessions: counted, short, over, robbed; and what a receipt does that comes late."""

import pytest

from tests.unit.ledger.office import (
    SESSION,
    adjusted,
    bank_says,
    closed,
    deposited,
    drawer,
    handed_over,
    robbed,
    turned_in,
    undo,
)
from tests.unit.ledger.street import (
    DAY,
    O1042,
    RS,
    A,
    B,
    C,
    D,
    balances,
    bill,
    cash,
    cheque,
    decide,
    kinds,
    lines,
    post_all,
    wallet,
)

LATE = cash(A, 300)
CHEQUE, CLAIM = cheque(C, 6500), wallet(D, 1500)
SLIP, SHORT_SLIP = deposited(700, record_id="s"), deposited(700, record_id="s2")
CHEQUE_SLIP = deposited(6500, CHEQUE, record_id="cs")
TO_THE_BANK = [bill(C, 6500), CHEQUE, handed_over(0, CHEQUE), CHEQUE_SLIP]
RETURNED = bank_says("returned", CHEQUE)
AGAIN = bank_says("re_presented", CHEQUE)


def page_of(*rows):
    _books, pages = post_all(rows)
    return lines(pages[-1])


def left_of(session, *rows):
    books, pages = post_all(rows)
    codes = (1010, 1060, 1065, 2080)
    left = {code: books.balance(code, session) // RS for code in codes}
    return {code: rupees for code, rupees in left.items() if rupees}, kinds(pages)


@pytest.mark.parametrize(
    ("counted", "left"), [(1000, {}), (900, {1060: 100}), (1200, {2080: -200}), (0, {1060: 1000})]
)
def test_a_closing_count_names_its_difference(counted, left):
    assert left_of(SESSION, cash(A, 1000), handed_over(counted)) == (left, [])


def test_a_late_receipt_explains_an_overage_and_what_is_more_is_a_shortage():
    over = [cash(A, 1000), handed_over(1200)]

    assert left_of(SESSION, *over, cash(A, 200)) == ({}, [])
    assert left_of(SESSION, *over, cash(A, 500)) == ({1060: 300}, [])


def test_a_late_receipt_of_an_exact_count_shows_what_was_kept_back():
    assert page_of(cash(A, 1000), handed_over(1000), LATE) == [
        "collection_cash",
        "  1010 O1042             300",
        "  2010 A                         300",
        "session_revalued",
        "  1060 O1042             300",
        "  1010 O1042                     300",
    ]


def test_a_void_after_the_count_shrinks_the_shortage_and_then_owes_the_officer():
    taken = cash(A, 500)
    counted = [taken, handed_over(200)]

    assert left_of(SESSION, *counted, decide("void", taken)) == ({2080: -200}, [])


def test_a_turn_in_leaves_the_session_open():
    day = [cash(A, 1000), turned_in(700), cash(B, 400)]

    assert left_of(SESSION, *day) == ({1010: 700}, [])
    assert left_of(SESSION, *day, handed_over(700)) == ({}, [])


def test_a_turn_in_of_more_than_has_arrived_is_explained_when_the_phone_syncs():
    assert left_of(SESSION, cash(A, 500), turned_in(700)) == ({2080: -200}, [])
    assert left_of(SESSION, cash(A, 500), turned_in(700), cash(B, 200)) == ({}, [])


def test_a_session_is_closed_once():
    ended = [cash(A, 500), handed_over(500)]

    assert left_of(SESSION, *ended, handed_over(100)) == ({}, ["DECISION_WITHOUT_EFFECT"])


def test_robbed_cash_is_nobodys_debt_and_a_rebuilt_receipt_raises_it():
    paper = cash(A, 300, origin="office", officer_id=O1042)
    paper.fields |= {"receipt_no": "Q3-000007", "rebuilt_by": "clerk-1"}

    assert left_of(SESSION, cash(A, 1000), robbed()) == ({1065: 1000}, [])
    assert left_of(SESSION, cash(A, 1000), robbed(), paper) == ({1065: 1300}, [])


@pytest.mark.parametrize("code", [None, "RECEIPT_NO_REUSED"])
def test_a_rebuilt_receipt_is_not_posted_twice_when_its_phone_comes_back(code):
    paper = cash(A, 300, origin="office", officer_id=O1042)
    paper.fields |= {"receipt_no": "Q3-000007", "rebuilt_by": "clerk-1"}
    own = cash(A, 300, outcome="held" if code else "applied", code=code)
    own.fields |= {"receipt_no": "Q3-000007"}

    _books, pages = post_all([robbed(), paper, own])

    assert pages[-1].entries == []
    assert pages[-1].states == {own.record_id: "rebuilt"}


def test_a_tellers_drawer_is_a_session_with_a_float():
    session = f"teller-1/{DAY}"
    safe = [cash(A, 5000), handed_over(5000)]
    day = [*safe, drawer("teller-1", 2000), cash(B, 500, origin="office", author_id="teller-1")]

    assert left_of(session, *day) == ({1010: 2500}, [])
    assert left_of(session, *day, handed_over(2450, officer_id="teller-1")) == ({1060: 50}, [])


BANK_SAYS = {
    "a slip that the bank counted less": (
        [cash(A, 700), handed_over(700), SHORT_SLIP, bank_says("banked", SHORT_SLIP, 600)],
        [
            "deposit_banked",
            "  1210 HBL-0042          600",
            "  1070 HBL-0042          100",
            "  1025 s2                        700",
        ],
    ),
    "a cheque that clears pays the bill": (
        [*TO_THE_BANK, bank_says("cleared", CHEQUE)],
        [
            "cheque_cleared",
            "  1210 HBL-0042        6,500",
            "  2110 C               6,500",
            "  1040 cs                      6,500",
            "  1100 C                       6,500",
        ],
    ),
    "a cheque that bounces leaves the bill as it was": (
        [*TO_THE_BANK, RETURNED],
        [
            "cheque_returned",
            "  2110 C               6,500",
            "  1040 cs                      6,500",
        ],
    ),
    "a bounced cheque is presented again": (
        [*TO_THE_BANK, RETURNED, AGAIN],
        [
            "cheque_represented",
            "  1040 cs              6,500",
            "  2110 C                       6,500",
        ],
    ),
    "a claim that was never money": (
        [CLAIM, bank_says("refused", CLAIM)],
        [
            "claim_refused",
            "  2110 D               1,500",
            "  1050 jazzcash                1,500",
        ],
    ),
    "an agency's line that no officer has seen": (
        [bill(D, 1500), bank_says("agency_paid", None, 1800, fee=10, fields={"account_no": D})],
        [
            "agency_paid",
            "  1050 1link           1,800",
            "  1100 D                       1,500",
            "  2010 D                         300",
            "agency_settled",
            "  1210 HBL-0042        1,790",
            "  5020                    10",
            "  1050 1link                   1,800",
        ],
    ),
    "a waiver": (
        [bill(A, 2500), adjusted("waiver", 200, None, account_no=A)],
        [
            "waived",
            "  2900                   200",
            "  1100 A                         200",
        ],
    ),
    "a shortage that is written off": (
        [cash(A, 500), handed_over(400), adjusted("shortage_written_off", 100)],
        [
            "shortage_written_off",
            "  5030                   100",
            "  1060 O1042                     100",
        ],
    ),
    "an overage that nobody claims": (
        [cash(A, 500), handed_over(600), adjusted("overage_to_income", 100)],
        [
            "overage_to_income",
            "  2080 O1042             100",
            "  4900                           100",
        ],
    ),
    "a loss that the police bring back": (
        [cash(A, 500), robbed(), adjusted("loss_recovered", 500, paid_by="bank")],
        [
            "loss_recovered",
            "  1210 HBL-0042          500",
            "  1065 O1042                     500",
        ],
    ),
}


@pytest.mark.parametrize("case", BANK_SAYS)
def test_what_the_office_and_the_bank_say_is_written_as_the_table_says(case):
    rows, expected = BANK_SAYS[case]

    assert page_of(*rows) == expected


NO_EFFECT = {
    "a cheque that is not at the bank": [CHEQUE, bank_says("cleared", CHEQUE)],
    "a third presentation": [
        *TO_THE_BANK,
        RETURNED,
        AGAIN,
        bank_says("returned", CHEQUE),
        bank_says("re_presented", CHEQUE),
    ],
    "a slip that has come in": [
        *(cash(A, 700), handed_over(700), SLIP),
        *(bank_says("banked", SLIP, 700), bank_says("banked", SLIP, 700)),
    ],
    "a cheque that the officer still has": [CHEQUE, deposited(6500, CHEQUE)],
    "a cheque that the bank has is not voided": [*TO_THE_BANK, decide("void", CHEQUE)],
    "a returned cheque is not transferred": [*TO_THE_BANK, RETURNED, decide("transfer", CHEQUE, A)],
    "more than the shortage": [cash(A, 500), handed_over(400), adjusted("shortage_recovered", 101)],
    "more than is due": [bill(A, 100), adjusted("waiver", 101, None, account_no=A)],
}


@pytest.mark.parametrize("case", NO_EFFECT)
def test_what_cannot_be_is_said_and_not_written(case):
    _books, pages = post_all(NO_EFFECT[case])

    assert pages[-1].entries == []
    assert kinds(pages[-1:]) == ["DECISION_WITHOUT_EFFECT"]


ONE_SIGNATURE_TOO_FEW = {
    "nobody checked": adjusted("shortage_recovered", 100, checker_id=None),
    "the maker checked": adjusted("shortage_recovered", 100, checker_id="cashier-1"),
    "a write-off without a second": adjusted("shortage_written_off", 100, second_checker_id=None),
    "the first signed twice": adjusted("shortage_written_off", 100, second_checker_id="manager-1"),
}


@pytest.mark.parametrize("case", ONE_SIGNATURE_TOO_FEW)
def test_no_money_moves_by_one_persons_word(case):
    _books, pages = post_all([cash(A, 500), handed_over(400), ONE_SIGNATURE_TOO_FEW[case]])

    assert pages[-1].entries == []
    assert kinds(pages[-1:]) == ["MAKER_IS_CHECKER"]


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        (TO_THE_BANK, bank_says("cleared", CHEQUE)),
        (TO_THE_BANK, RETURNED),
        ([cash(A, 700), handed_over(700), SLIP], bank_says("banked", SLIP, 600)),
        ([bill(D, 900)], bank_says("agency_paid", None, 1800, fields={"account_no": D})),
    ],
)
def test_an_outcome_that_was_a_mistake_is_undone_whole(before, wrong):
    without, _pages = post_all(before)

    with_both, pages = post_all([*before, wrong, undo(wrong)])

    assert balances(with_both) == balances(without)
    assert all(entry.reverses_seq for entry in pages[-1].entries)


def test_a_voided_cheque_at_the_ibc_is_mirrored_whole():
    books, _pages = post_all([CHEQUE, handed_over(0, CHEQUE), decide("void", CHEQUE)])

    assert balances(books) == {}


def test_a_closed_date_takes_no_entry_and_the_fact_keeps_its_own_time():
    fact = cash(A, 100)

    _books, pages = post_all([cash(A, 50), closed(), fact, cash(A, 20, local_date="2026-04-20")])

    dates = [entry.business_date for page in pages for entry in page.entries]
    assert dates == [DAY, "2026-04-09", "2026-04-20"]
    assert pages[2].entries[0].occurred_at == fact.occurred_at
    assert pages[2].entries[0].legs[0].of == SESSION
