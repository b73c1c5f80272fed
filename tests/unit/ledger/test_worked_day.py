"""The worked day of domain manual §6.7: from five doors to the bank, cent for cent."""

from tests.unit.ledger.office import BANK, SESSION, adjusted, bank_says, deposited, handed_over
from tests.unit.ledger.street import (
    O1042,
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
    wallet,
)

BILLS = [bill(A, 2500), bill(B, 3200), bill(C, 6500), bill(D, 1500), bill(E, 1000)]
UNKNOWN = cash(None, 1000, outcome="held", code="UNKNOWN_ACCOUNT")
CHEQUE, CLAIM = cheque(C, 6500), wallet(D, 1500)
ROUND = [cash(A, 2500), cash(B, 4000), UNKNOWN, CHEQUE, CLAIM]
COUNTER = handed_over(7400, CHEQUE)
SLIP, CHEQUE_SLIP = deposited(7400), deposited(6500, CHEQUE)
NEXT_DAY = [
    bank_says("banked", SLIP, 7400),
    bank_says("returned", CHEQUE),
    bank_says("confirmed", CLAIM, 1500, fee=15),
    decide("identify", UNKNOWN, E),
    adjusted("shortage_recovered", 100),
]


def standing(*rows):
    books, _pages = post_all(rows)
    return {key: paisa // RS for key, paisa in balances(books).items()}


def test_after_the_round_each_rupee_is_with_the_officer_or_named():
    assert standing(*BILLS, *ROUND) == {
        (1010, SESSION): 7500,
        (1030, O1042): 6500,
        (1050, "jazzcash"): 1500,
        (1100, C): 6500,
        (1100, D): 1500,
        (1100, E): 1000,
        (2010, B): -800,
        (2090, UNKNOWN.record_id): -1000,
        (2110, C): -6500,
        (2110, D): -1500,
        (2900, ""): -14700,
    }


def test_at_the_counter_a_hundred_rupees_are_missing():
    _books, pages = post_all([*BILLS, *ROUND, COUNTER])

    assert lines(pages[-1]) == [
        "handed_over",
        "  1020 ibc             7,400",
        "  1060 O1042             100",
        "  1010 O1042                   7,500",
        "cheque_handed_over",
        "  1030 ibc             6,500",
        "  1030 officer-1042            6,500",
    ]
    assert standing(*BILLS, *ROUND, COUNTER).get((1010, SESSION)) is None


def test_both_slips_leave_for_the_bank():
    _books, pages = post_all([*BILLS, *ROUND, COUNTER, SLIP, CHEQUE_SLIP])

    assert lines(pages[-2]) == [
        "cash_deposited",
        "  1025 slip            7,400",
        "  1020 ibc                     7,400",
    ]
    assert lines(pages[-1]) == [
        "cheque_deposited",
        "  1040 slip            6,500",
        "  1030 ibc                     6,500",
    ]


def test_the_next_morning_the_bank_the_agency_and_the_officer_answer():
    _books, pages = post_all([*BILLS, *ROUND, COUNTER, SLIP, CHEQUE_SLIP, *NEXT_DAY])

    assert [line for posted in pages[-5:] for line in lines(posted)] == [
        "deposit_banked",
        "  1210 HBL-0042        7,400",
        "  1025 slip                    7,400",
        "cheque_returned",
        "  2110 C               6,500",
        "  1040 slip                    6,500",
        "claim_confirmed",
        "  1210 HBL-0042        1,485",
        "  5020                    15",
        "  2110 D               1,500",
        "  1050 jazzcash                1,500",
        "  1100 D                       1,500",
        "identified",
        "  2090 receipt         1,000",
        "  1100 E                       1,000",
        "shortage_recovered",
        "  1020 ibc               100",
        "  1060 O1042                     100",
    ]
    assert kinds(pages) == ["CHEQUE_RETURNED"]


def test_in_the_end_every_clearing_account_is_empty():
    assert standing(*BILLS, *ROUND, COUNTER, SLIP, CHEQUE_SLIP, *NEXT_DAY) == {
        (1020, "ibc"): 100,
        (1100, C): 6500,
        (1210, BANK): 8885,
        (2010, B): -800,
        (2900, ""): -14700,
        (5020, ""): 15,
    }
