"""Rules with dates, as tables: which rule holds on a day, and what it comes to."""

import pytest

from ledger.tariff import (
    Instalment,
    NoRule,
    Rule,
    bounce_charge,
    in_force,
    instalments,
    keep_until,
    late_surcharge,
    may_have_a_plan,
    reconnection_fee,
    scheme_waives,
)
from models.demo.rules import rules

SHIPPED = [
    Rule(
        rule_no=record.fields["rule_no"],
        kind=record.fields["kind"],
        about=record.fields["about"],
        effective_from=record.fields["effective_from"],
        steps=tuple(record.fields["steps"] or ()),
        bp=record.fields["bp"],
        paisa=record.fields["paisa"],
        keep_days=record.fields["keep_days"],
    )
    for record in rules()
]


@pytest.mark.parametrize(
    ("on", "rule_no"),
    [
        ("2024-10-20", "late_surcharge-2010-01-01"),
        ("2024-10-21", "late_surcharge-2024-10-21"),
        ("2026-04-08", "late_surcharge-2024-10-21"),
    ],
)
def test_the_rule_of_the_day_counts_and_not_the_newest(on, rule_no):
    assert in_force(SHIPPED, "late_surcharge", on).rule_no == rule_no


def test_before_the_first_rule_and_behind_the_last_day_there_is_none():
    scheme = Rule(
        rule_no="S1",
        kind="scheme",
        effective_from="2026-04-01",
        effective_until="2026-04-20",
        bp=10_000,
    )

    assert in_force([scheme], "scheme", "2026-04-20") == scheme
    for day in ("2026-03-31", "2026-04-21"):
        with pytest.raises(NoRule):
            in_force([scheme], "scheme", day)


@pytest.mark.parametrize(
    ("paid_on", "before", "since"),
    [
        ("2026-04-14", 0, 0),
        ("2026-04-15", 0, 0),
        ("2026-04-16", 25_050, 12_525),
        ("2026-04-18", 25_050, 12_525),
        ("2026-04-19", 25_050, 25_050),
        ("2026-07-01", 25_050, 25_050),
    ],
)
def test_paying_late_costs_by_tiers_of_days(paid_on, before, since):
    flat = in_force(SHIPPED, "late_surcharge", "2023-01-01")
    tiered = in_force(SHIPPED, "late_surcharge", "2026-04-01")

    assert late_surcharge(flat, 250_500, "2026-04-15", paid_on) == before
    assert late_surcharge(tiered, 250_500, "2026-04-15", paid_on) == since


def test_half_a_paisa_is_rounded_up():
    tiered = in_force(SHIPPED, "late_surcharge", "2026-04-01")

    assert late_surcharge(tiered, 10, "2026-04-15", "2026-04-16") == 1
    assert late_surcharge(tiered, 9, "2026-04-15", "2026-04-16") == 0


@pytest.mark.parametrize(
    ("arrears", "before", "since"),
    [
        (-1, 10_000, 50_000),
        (500_000, 10_000, 50_000),
        (500_001, 30_000, 80_000),
        (2_000_000, 30_000, 80_000),
        (2_000_001, 90_000, 200_000),
        (10_000_000, 90_000, 200_000),
        (10_000_001, 200_000, 400_000),
        (100_000_000, 200_000, 400_000),
        (100_000_001, 250_000, 1_000_000),
    ],
)
def test_a_reconnection_costs_by_what_was_owed_on_the_day_of_the_cut(arrears, before, since):
    assert reconnection_fee(in_force(SHIPPED, "reconnection_fee", "2016-05-01"), arrears) == before
    assert reconnection_fee(in_force(SHIPPED, "reconnection_fee", "2026-04-08"), arrears) == since


def test_instalments_bear_mark_up_by_days_but_the_first_does_not_and_no_paisa_is_lost():
    rule = in_force(SHIPPED, "instalment_markup", "2026-04-08")

    made = instalments(rule, 1_000_001, ["2026-04-08", "2026-05-08", "2026-06-08"])

    assert made == [
        Instalment("2026-04-08", 333_335, 0),
        Instalment("2026-05-08", 333_333 + 3_836, 3_836),
        Instalment("2026-06-08", 333_333 + 7_799, 7_799),
    ]
    assert sum(one.paisa - one.markup_paisa for one in made) == 1_000_001


@pytest.mark.parametrize(
    ("agreed", "today", "may"),
    [
        ([], "2026-04-08", True),
        (["2025-07-01"], "2026-04-08", False),
        (["2025-06-30"], "2026-04-08", True),
        (["2026-06-30"], "2026-07-01", True),
    ],
)
def test_a_plan_is_given_once_in_a_fiscal_year(agreed, today, may):
    assert may_have_a_plan(agreed, today) is may


def test_a_scheme_waives_a_part_and_a_returned_cheque_costs_what_the_rule_says():
    scheme = Rule(rule_no="S1", kind="scheme", effective_from="2026-04-01", bp=5_000)
    bounce = Rule(rule_no="B1", kind="bounce_charge", effective_from="2026-04-01", paisa=50_000)

    assert (scheme_waives(scheme, 42_001), bounce_charge(bounce)) == (21_001, 50_000)


def test_how_long_something_is_kept_is_a_rule_too():
    photos = in_force(SHIPPED, "retention", "2026-04-08", "photo")

    assert keep_until(photos, "2026-04-08") == "2029-04-08"
