"""The ladder as a table: what matches, what is only suggested, and what is left to a person."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import pytest

from ledger.matching import (
    SUBSET_ITEMS_MAX,
    BankLine,
    Candidates,
    Item,
    banking_days,
    decide,
    subsets_of_sum,
    tokens,
)
from models.match import MatchKindWord as Kind
from models.match import MatchRuleWord as Rule

WEDNESDAY, THURSDAY, MONDAY = "2026-04-08", "2026-04-09", "2026-04-13"
RS = 100


def line(text="CASH DEP SLIP 7710001", rupees=7_400, booked_on=THURSDAY, **how):
    how.setdefault("id", f"line {text} {rupees} {booked_on}")
    return BankLine(text=text, amount_paisa=rupees * RS, booked_on=booked_on, **how)


def slip(number="7710001", rupees=7_400, on_date=WEDNESDAY, **how):
    how.setdefault("id", f"slip {number}")
    return Item(
        kind=Kind.DEPOSIT,
        subject_id=number,
        reference=number,
        on_date=on_date,
        amount_paisa=rupees * RS,
        **how,
    )


def cheque(number="445566", rupees=6_500, **how):
    return replace(slip(number, rupees, **how), kind=Kind.CLEARED, id=f"cheque {number}")


def claim(txn="JC1", rupees=1_500, account_no="0400000000004"):
    return replace(slip(txn, rupees), kind=Kind.CLAIM, id=f"claim {txn}", account_no=account_no)


def payment(txn="JC1", rupees=1_500, account_no="0400000000004", **how):
    how.setdefault("id", f"payment {txn} {rupees}")
    return line(
        "", rupees, from_agency=True, txn_id=txn, account_no=account_no, fee_paisa=1_500, **how
    )


def offer(*items, days=(), txn_seen=None, lines_alike=None):
    found = Candidates(txn_seen=txn_seen or {}, lines_alike=lines_alike or {})
    for item in items:
        found.by_reference[item.reference].append(item)
        found.by_amount[item.amount_paisa].append(item)
        if item.account_no:
            found.by_account[item.account_no, item.amount_paisa].append(item)
    for item in days:
        found.by_day[item.on_date].append(item)
    return found


def told(decided):
    return {
        "matched": [(m.kind, m.rule, [item.id for item in m.items]) for m in decided.matches],
        "suggested": [(s.rule, [item.id for item in s.items]) for s in decided.suggestions],
        "ambiguous": list(decided.ambiguous.values()),
        "open": len(decided.unmatched),
    }


def outcome(matched=(), suggested=(), ambiguous=(), left=0):
    return {
        "matched": list(matched),
        "suggested": list(suggested),
        "ambiguous": list(ambiguous),
        "open": left,
    }


SLIP = (Kind.DEPOSIT, Rule.SLIP_NO, ["slip 7710001"])
CAME_BACK = outcome([(Kind.RETURNED, Rule.CHEQUE_NO, ["cheque 445566"])])
BOTH_BY_NUMBER = outcome(suggested=[(Rule.SLIP_NO, ["A"]), (Rule.SLIP_NO, ["B"])], ambiguous=[2])
BOTH_BY_AMOUNT = outcome(
    suggested=[
        (Rule.AMOUNT_AND_DATE, ["slip 7710001"]),
        (Rule.AMOUNT_AND_DATE, ["slip 7710002"]),
    ],
    ambiguous=[2],
)
TWO_CHEQUES = (cheque("1111", 4_000), cheque("2222", 3_400))
OF_A_SLIP = replace(cheque("7710001", 7_400), parts=TWO_CHEQUES)


@pytest.mark.parametrize(
    ("one", "offered", "said"),
    [
        # (a) number, amount and days agree
        (line(), offer(slip()), outcome([SLIP])),
        (line("DEP-7710001/GIZRI"), offer(slip()), outcome([SLIP])),
        (line(booked_on=MONDAY), offer(slip()), outcome([SLIP])),
        (line(), offer(OF_A_SLIP), outcome([(Kind.CLEARED, Rule.SLIP_NO, ["cheque 1111", "cheque 2222"])])),
        # the same, but too late or too early: likely at best
        (line(booked_on="2026-04-14"), offer(slip()), outcome(suggested=[(Rule.DIGITS, ["slip 7710001"])])),
        (line(booked_on="2026-04-07"), offer(slip()), outcome(suggested=[(Rule.DIGITS, ["slip 7710001"])])),
        # two slips under one number
        (line(), offer(slip(id="A"), slip(id="B")), BOTH_BY_NUMBER),
        # R5 a cheque that was credited, and one that came back
        (line("CLG 445566", 6_500), offer(cheque()), outcome([(Kind.CLEARED, Rule.CHEQUE_NO, ["cheque 445566"])])),
        (line("CHQ 445566", -6_500), offer(cheque()), CAME_BACK),
        (line("RETURN 445566", 6_500, returned=True), offer(cheque()), CAME_BACK),
        (line("CHQ 445566", -6_000), offer(cheque()), outcome(left=1)),
        (line(rupees=-7_400), offer(slip()), outcome(left=1)),
        # (d) only the amount and the days
        (line("CASH DEP"), offer(slip()), outcome(suggested=[(Rule.AMOUNT_AND_DATE, ["slip 7710001"])])),
        (line("CASH DEP"), offer(slip(), slip("7710002")), BOTH_BY_AMOUNT),
        (line("CASH DEP", booked_on="2026-04-14"), offer(slip()), outcome(left=1)),
        # (e) only the number
        (line(rupees=7_000), offer(slip()), outcome(suggested=[(Rule.DIGITS, ["slip 7710001"])])),
        (line("CLG 445566", 6_000), offer(cheque()), outcome(left=1)),
        # a match of the line was undone before: rules only suggest
        (line(barred=True), offer(slip()), outcome(suggested=[(Rule.SLIP_NO, ["slip 7710001"])])),
        (line("CHARGES", -150), offer(), outcome(left=1)),
        # (b) and R6
        (payment(), offer(claim(), txn_seen={"JC1": 1}), outcome([(Kind.CLAIM, Rule.TXN_ID, ["claim JC1"])])),
        (payment("JC9"), offer(txn_seen={"JC9": 1}), outcome([(Kind.UNCLAIMED, Rule.NO_RECORD, [])])),
        (payment(account_no="0400000000005"), offer(claim()), outcome(suggested=[(Rule.DIGITS, ["claim JC1"])])),
        (payment(rupees=1_400), offer(claim()), outcome(left=1)),
        (payment("JC9"), offer(claim()), outcome(suggested=[(Rule.AMOUNT_AND_DATE, ["claim JC1"])])),
    ],
)  # fmt: skip
def test_the_ladder(one, offered, said):
    assert told(decide([one], offered)) == said


def test_every_match_says_why():
    [match] = decide([line(booked_on=MONDAY)], offer(slip())).matches
    [payment_] = decide([payment()], offer(claim())).matches

    assert match.evidence == {"token": "7710001", "days": 3}
    assert (payment_.evidence, payment_.fee_paisa) == ({"token": "JC1"}, 1_500)


def test_two_lines_about_one_slip_are_left_to_a_person():
    lines = [line(id="first"), line(id="second")]

    decided = decide(lines, offer(slip()))

    assert decided.matches == []
    assert decided.ambiguous == {"first": 2, "second": 2}


def test_a_payment_that_an_agency_sends_twice_is_never_posted():
    decided = decide([payment()], offer(claim(), txn_seen={"JC1": 2}))

    assert [one.txn_id for one in decided.duplicates] == ["JC1"]
    assert (decided.matches, decided.suggestions) == ([], [])


def test_one_line_is_the_sum_of_one_days_slips():
    slips = [slip("1001", 2_000), slip("1002", 3_000), slip("1003", 700)]
    one = line("CASH COUNTER", 5_000)

    [match] = decide([one], offer(days=slips)).matches

    assert (match.rule, match.evidence) == (Rule.DAY_SUM, {"days": 1, "items": 2})
    assert [item.id for item in match.items] == ["slip 1001", "slip 1002"]


@pytest.mark.parametrize(
    "slips",
    [
        [slip("1001", 2_000), slip("1002", 3_000), slip("1003", 5_000)],
        [slip("1001", 2_000), slip("1002", 3_000), slip("1003", 3_000)],
        [slip("1001", 2_000), slip("1002", 3_000, on_date="2026-04-07")],
        [slip("1001", 5_000)],
        [slip(str(1_000 + n), 2_500) for n in range(SUBSET_ITEMS_MAX + 1)],
    ],
    ids=["a slip alone has it", "two sums have it", "of two days", "one slip", "too many slips"],
)
def test_a_sum_that_is_not_the_only_one_never_matches(slips):
    assert decide([line("CASH COUNTER", 5_000)], offer(days=slips)).matches == []


def test_a_small_difference_is_suggested_with_it_and_never_matched():
    short = line(rupees=7_390)

    decided = decide([short], offer(slip()), tolerance_paisa=10 * RS)

    [suggestion] = decided.suggestions
    assert (suggestion.rule, suggestion.difference_paisa) == (Rule.DIFFERENCE, 10 * RS)
    assert decided.matches == []


def test_subsets_are_those_that_brute_force_finds():
    chance = random.Random(5)
    for _ in range(300):
        amounts = [chance.randint(1, 12) for _ in range(chance.randint(1, 9))]
        wanted = chance.randint(1, 30)
        places = range(len(amounts))
        every = [
            subset
            for size in range(1, len(amounts) + 1)
            for subset in combinations(places, size)
            if sum(amounts[n] for n in subset) == wanted
        ]

        found = subsets_of_sum(amounts, wanted)

        assert found is not None
        assert len(found) == min(len(every), 2)
        assert set(found) <= set(every)


def test_a_search_that_takes_too_long_decides_nothing():
    assert subsets_of_sum([2 * 10**6 + 2 * n for n in range(24)], 24 * 10**6 + 1) is None


def test_banking_days_leave_out_saturday_and_sunday():
    start = date(2026, 4, 6)
    for ahead in range(40):
        later = start + timedelta(days=ahead)
        counted = sum((start + timedelta(days=n)).weekday() < 5 for n in range(1, ahead + 1))
        assert banking_days(start.isoformat(), later.isoformat()) == counted
        assert banking_days(later.isoformat(), start.isoformat()) == -counted


def test_tokens_are_words_with_digits_and_their_runs_of_digits():
    said = "CASH DEP S-7710001/GIZRI NO 12 on 09APR."

    assert tokens(said) == ["S-7710001", "09APR", "7710001"]
    assert tokens("slip ۷۷۱۰۰۰۱") == []
