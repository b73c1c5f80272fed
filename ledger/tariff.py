"""What the rules with dates come to: surcharges, mark-up, fees, schemes and how long things are kept. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WHOLE_BP = 10_000
DAYS_A_YEAR = 365


class NoRule(LookupError):
    """No rule of that kind holds on that day; a person must write one down first."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule as models/rule.py declares it."""

    rule_no: str
    kind: str
    effective_from: str
    about: str | None = None
    effective_until: str | None = None
    steps: tuple[Mapping[str, int], ...] = ()
    bp: int | None = None
    paisa: int | None = None
    keep_days: int | None = None


@dataclass(frozen=True)
class Instalment:
    """What falls due on one day of a plan."""

    due_date: str
    paisa: int
    markup_paisa: int


def in_force(rules: Iterable[Rule], kind: str, on: str, about: str | None = None) -> Rule:
    """The rule of a kind on a day: the last that has begun and has not ended. Errors: NoRule."""
    holding = [
        rule
        for rule in rules
        if rule.kind == kind
        and rule.about == about
        and rule.effective_from <= on
        and (rule.effective_until is None or on <= rule.effective_until)
    ]
    if not holding:
        raise NoRule(f"no rule of kind {kind} holds on {on}")
    return max(holding, key=lambda rule: (rule.effective_from, rule.rule_no))


def late_surcharge(rule: Rule, bill_paisa: int, due_date: str, paid_on: str) -> int:
    """What paying late costs: 5 % within three days and 10 % after, by the rule of 2024."""
    days_late = (date.fromisoformat(paid_on) - date.fromisoformat(due_date)).days
    if days_late <= 0:
        return 0
    return _part(bill_paisa, _step(rule, "up_to_days", days_late)["bp"])


def reconnection_fee(rule: Rule, arrears_paisa: int) -> int:
    """What it costs to be connected again, by what was owed when the supply was cut."""
    return _step(rule, "up_to_paisa", max(arrears_paisa, 0))["paisa"]


def bounce_charge(rule: Rule) -> int:
    assert rule.paisa is not None
    return rule.paisa


def scheme_waives(rule: Rule, surcharge_paisa: int) -> int:
    """What of a surcharge an open scheme lets off."""
    assert rule.bp is not None
    return _part(surcharge_paisa, rule.bp)


def instalments(rule: Rule, paisa: int, due_dates: Sequence[str]) -> list[Instalment]:
    """Equal parts, the odd paisa in the first, which bears no mark-up; the rest bears it by days."""
    assert rule.bp is not None
    each, odd = divmod(paisa, len(due_dates))
    first = date.fromisoformat(due_dates[0])
    made = [Instalment(due_dates[0], each + odd, 0)]
    for due in due_dates[1:]:
        days = (date.fromisoformat(due) - first).days
        markup = _rounded(each * rule.bp * days, WHOLE_BP * DAYS_A_YEAR)
        made.append(Instalment(due, each + markup, markup))
    return made


def may_have_a_plan(agreed_on: Iterable[str], today: str) -> bool:
    """Once in a fiscal year, which begins on 1 July (NEPRA, June 2024)."""
    year = _fiscal_year(today)
    return all(_fiscal_year(day) != year for day in agreed_on)


def keep_until(rule: Rule, made_on: str) -> str:
    """The last day on which something of that day is kept."""
    assert rule.keep_days is not None
    return (date.fromisoformat(made_on) + timedelta(days=rule.keep_days)).isoformat()


def _step(rule: Rule, bound: str, value: int) -> Mapping[str, int]:
    """The first step whose bound is not passed; the last has none (models/rule.py)."""
    return next(step for step in rule.steps if bound not in step or value <= step[bound])


def _part(paisa: int, bp: int) -> int:
    return _rounded(paisa * bp, WHOLE_BP)


def _rounded(numerator: int, denominator: int) -> int:
    """To the nearest paisa, halves up; no float ever sees money."""
    return (2 * numerator + denominator) // (2 * denominator)


def _fiscal_year(day: str) -> int:
    when = date.fromisoformat(day)
    return when.year if when.month >= 7 else when.year - 1
