"""The gate before a cut, by its truth table, and by what no protection may ever do to it."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from infra.catalogue import sentences
from infra.clock import MINUTE_MS, from_rfc3339, rfc3339
from ledger.gate import Reason, Why, gate, stops_a_notice, stops_an_order

TRUTH = json.loads(
    (Path(__file__).resolve().parents[2] / "fixtures" / "gate" / "truth.json").read_text("utf-8")
)
NOW = from_rfc3339("2026-04-16T05:00:00.000Z")
DAY = 24 * 60 * MINUTE_MS
NEVER = 2**62
EXAMPLES = 150


@pytest.mark.parametrize("case", TRUTH["cases"], ids=lambda case: case["name"])
def test_the_gate_says_what_the_table_says(case):
    facts, rules = {**TRUTH["facts"], **case["with"]}, case.get("rules", TRUTH["rules"])

    verdict = gate(facts, rules, from_rfc3339(case["now"]))

    assert as_told(verdict) == case["expect"]


def as_told(verdict):
    def moment(at):
        return None if at is None else rfc3339(at)

    reasons = [
        {"code": reason.code.value, "until": moment(reason.until), "about": reason.about}
        for reason in verdict.reasons
    ]
    return {
        "open": verdict.is_open,
        "reasons": reasons,
        "earliest": moment(verdict.earliest),
        "rule_no": verdict.rule_no,
    }


def test_every_reason_is_in_the_table_and_has_its_sentences():
    told = {reason["code"] for case in TRUTH["cases"] for reason in case["expect"]["reasons"]}

    assert told == {why.value for why in Why}
    assert {Reason(why).key for why in Why} <= set(sentences())


def test_the_cases_of_the_table_have_names_of_their_own():
    names = [case["name"] for case in TRUTH["cases"]]

    assert len(set(names)) == len(names)


def test_an_order_waits_for_no_hour_and_a_notice_for_no_notice():
    reasons = [Reason(why) for why in Why]

    left = {r.code for r in stops_an_order(reasons)}
    assert left == set(Why) - {Why.CLOSED_WINDOW, Why.DATA_STALE, Why.SAFETY}
    assert {r.code for r in stops_a_notice(reasons)} == left - {
        Why.NOTICE_NOT_SERVED,
        Why.CLEAR_DAYS_RUNNING,
        Why.SECOND_DUE_NOT_PASSED,
    }


days = some.integers(1, 30).map(lambda day: f"2026-04-{day:02d}")
notices = some.builds(
    lambda state, served_on: {
        "state": state,
        "second_due_date": "2026-04-15",
        "served_on": served_on,
    },
    some.sampled_from(["issued", "served", "pasted"]),
    days,
)
holds = some.builds(
    lambda kind, begin, end: {"kind": kind, "from_date": begin, "until_date": end},
    some.sampled_from(["dispute", "legal"]),
    days,
    some.none() | days,
)
plans = some.sampled_from([{"state": state} for state in ("proposed", "active", "broken", "kept")])
situations = some.fixed_dictionaries(
    {
        "notices": some.lists(notices, max_size=2),
        "holds": some.lists(holds, max_size=2),
        "plans": some.lists(plans, max_size=1),
        "holidays": some.lists(days, max_size=3),
        "held_paisa": some.sampled_from([0, 0, 0, 5]),
        "safety_level": some.sampled_from(["normal", "normal", "closed"]),
    }
).map(lambda said: {**TRUTH["facts"], **said})
moments = some.integers(-15 * 24 * 4, 15 * 24 * 4).map(
    lambda quarter: NOW + quarter * 15 * MINUTE_MS
)


def more(facts, name, *items):
    return {**facts, name: [*facts[name], *items]}


def later_service(facts):
    served = [
        {**notice, "served_on": max(notice["served_on"], "2026-04-20")}
        for notice in facts["notices"]
    ]
    return {**facts, "notices": served}


def withdrawn(facts):
    return {**facts, "notices": [{**n, "state": "withdrawn"} for n in facts["notices"]]}


def oldest_paid(facts):
    return {**facts, "due_paisa": 250_000, "open_bills": facts["open_bills"][1:]}


PROTECTIONS = [
    lambda facts: more(facts, "holds", {"kind": "stay_order", "from_date": "2026-04-10"}),
    lambda facts: more(facts, "plans", {"state": "active"}),
    lambda facts: more(facts, "complaints", {"request_no": "D-1"}),
    lambda facts: more(facts, "promises", {"made_on": "2026-04-15", "promise_date": "2026-04-18"}),
    lambda facts: more(facts, "receipts_shown", "Q3-000001"),
    lambda facts: more(facts, "holidays", "2026-04-16", "2026-04-20"),
    lambda facts: more(facts, "flags", "life_support"),
    lambda facts: {**facts, "held_paisa": 10},
    lambda facts: {**facts, "waiting_paisa": 10},
    lambda facts: {**facts, "uncleared_paisa": 10},
    lambda facts: {**facts, "due_paisa": 0},
    lambda facts: {**facts, "safety_level": "closed"},
    lambda facts: {**facts, "known_at": "2026-03-01T00:00:00.000Z"},
    later_service,
    withdrawn,
    oldest_paid,
]
STRICTER = [
    lambda rule: {**rule, "clear_days": 14},
    lambda rule: {**rule, "months_least": 3},
    lambda rule: {**rule, "data_hours": 1},
    lambda rule: {**rule, "week": rule["week"][:2]},
    lambda rule: {**rule, "eve_until_minute": 500},
    lambda rule: {**rule, "protecting_flags": [*rule["protecting_flags"], "NM"]},
]


def never_opens(before, after):
    """Who was protected stays protected, and his day does not come earlier."""
    assert not (after.is_open and not before.is_open)
    assert first(after) >= first(before)


def first(verdict):
    return NEVER if verdict.earliest is None else verdict.earliest


@settings(max_examples=EXAMPLES, deadline=None)
@given(facts=situations, now=moments, protection=some.sampled_from(PROTECTIONS))
def test_more_protection_never_opens_the_gate(facts, now, protection):
    never_opens(gate(facts, TRUTH["rules"], now), gate(protection(facts), TRUTH["rules"], now))


@settings(max_examples=EXAMPLES, deadline=None)
@given(facts=situations, now=moments, stricter=some.sampled_from(STRICTER))
def test_a_stricter_rule_never_opens_the_gate(facts, now, stricter):
    [rule] = TRUTH["rules"]

    never_opens(gate(facts, [rule], now), gate(facts, [stricter(rule)], now))


@settings(max_examples=EXAMPLES, deadline=None)
@given(facts=situations, now=moments, quarter=some.integers(1, 30 * 96))
def test_the_earliest_moment_is_lawful_and_none_before_it_is(facts, now, quarter):
    known_then = {**facts, "known_at": rfc3339(now)}
    verdict = gate(known_then, TRUTH["rules"], now)
    sooner = now + quarter * 15 * MINUTE_MS

    if verdict.earliest is not None:
        then = {**facts, "known_at": rfc3339(verdict.earliest)}
        assert gate(then, TRUTH["rules"], verdict.earliest).is_open
    if sooner < first(verdict):
        assert not gate({**facts, "known_at": rfc3339(sooner)}, TRUTH["rules"], sooner).is_open
    assert verdict.is_open == (verdict.earliest == now)
