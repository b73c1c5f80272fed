"""May this supply be cut now, and if not: why, and until when? Pure (domain manual §1.2, §6.3, users.md 4).

Phones run the same cases (tests/fixtures/gate); all dates are those of the IBC's calendar.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from infra.clock import MINUTE_MS, Milliseconds, from_rfc3339, local_date, start_of_date
from ledger.gate_facts import CutRule, Facts, Notice, OpenBill

HOUR_MS = 60 * MINUTE_MS
HORIZON_DAYS_MAX = 400
"""How far ahead a lawful hour is looked for; beyond it there is none to name."""
SERVED = frozenset({"served", "refused", "pasted", "matured", "order_raised"})
"""States of a notice that has reached the consumer, or was put where he must see it."""
CURRENT = frozenset({"approved", "active"})
"""States of a plan that the consumer keeps."""
CUT = frozenset({"disconnected", "reconnect_due", "removed"})
CLOSED_AREA = "closed"


class Why(StrEnum):
    """A reason not to cut, in the order in which a person is told."""

    NO_RULE = "NO_RULE"
    """Nobody has written down the rules of that day."""
    RECEIPT_SHOWN = "RECEIPT_SHOWN"
    ALREADY_CUT = "ALREADY_CUT"
    PAID = "PAID"
    PAYMENT_HELD = "PAYMENT_HELD"
    """Money that names this account and is not in its books yet: held, waiting, or still on a phone."""
    UNCLEARED_TENDER = "UNCLEARED_TENDER"
    PROTECTED_PREMISES = "PROTECTED_PREMISES"
    HOLD_OPEN = "HOLD_OPEN"
    COMPLAINT_OPEN = "COMPLAINT_OPEN"
    PLAN_CURRENT = "PLAN_CURRENT"
    PROMISE_OPEN = "PROMISE_OPEN"
    ONE_MONTH_ONLY = "ONE_MONTH_ONLY"
    NOTICE_NOT_SERVED = "NOTICE_NOT_SERVED"
    CLEAR_DAYS_RUNNING = "CLEAR_DAYS_RUNNING"
    SECOND_DUE_NOT_PASSED = "SECOND_DUE_NOT_PASSED"
    SAFETY = "SAFETY"
    CLOSED_WINDOW = "CLOSED_WINDOW"
    DATA_STALE = "DATA_STALE"


OF_THE_HOUR = frozenset({Why.CLOSED_WINDOW, Why.DATA_STALE, Why.SAFETY})
"""They say when a hand may touch the wire; an order may be written meanwhile."""
OF_THE_NOTICE = frozenset(
    {Why.NOTICE_NOT_SERVED, Why.CLEAR_DAYS_RUNNING, Why.SECOND_DUE_NOT_PASSED}
)
"""What only a served notice and time can end, so no reason against the notice itself."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, until when where time alone ends it, and about what."""

    code: Why
    until: Milliseconds | None = None
    about: str | None = None

    @property
    def key(self) -> str:
        """Its sentence in infra/messages.json."""
        return f"cut_{self.code.lower()}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it may be cut now; each reason why not; the first lawful moment that can be named."""

    reasons: tuple[Reason, ...]
    earliest: Milliseconds | None
    """None while something must happen first that no date promises."""
    rule_no: str | None

    @property
    def is_open(self) -> bool:
        return not self.reasons


def gate(facts: Facts, rules: Sequence[CutRule], now: Milliseconds) -> Verdict:
    """Judge one consumer at one moment, by the rule of that day."""
    reasons = tuple(_reasons(facts, rules, now))
    rule = _in_force(rules, _day(facts, now))
    return Verdict(reasons, _earliest(facts, rules, now, reasons), rule and rule["rule_no"])


def _reasons(facts: Facts, rules: Sequence[CutRule], at: Milliseconds) -> Iterator[Reason]:
    day = _day(facts, at)
    rule = _in_force(rules, day)
    if rule is None:
        yield Reason(Why.NO_RULE)
        return
    yield from _money(facts)
    yield from _protections(facts, rule, day)
    yield from _debt(facts, rule, day)
    yield from _hour(facts, rules, rule, at)


def _money(facts: Facts) -> Iterator[Reason]:
    for receipt_no in facts["receipts_shown"]:
        yield Reason(Why.RECEIPT_SHOWN, about=receipt_no)
    if facts["supply_state"] in CUT:
        yield Reason(Why.ALREADY_CUT)
    if facts["due_paisa"] <= 0 or not _unpaid(facts):
        yield Reason(Why.PAID)
    if facts["held_paisa"] > 0 or facts["waiting_paisa"] > 0:
        yield Reason(Why.PAYMENT_HELD)
    if facts["uncleared_paisa"] > 0:
        yield Reason(Why.UNCLEARED_TENDER)


def _protections(facts: Facts, rule: CutRule, day: date) -> Iterator[Reason]:
    for flag in facts["flags"]:
        if flag in (rule.get("protecting_flags") or ()):
            yield Reason(Why.PROTECTED_PREMISES, about=flag)
    for hold in facts["holds"]:
        last = hold.get("until_date")
        if hold["from_date"] <= day.isoformat() and (last is None or day.isoformat() <= last):
            ends = None if last is None else _after(facts, date.fromisoformat(last), 0)
            yield Reason(Why.HOLD_OPEN, ends, hold["kind"])
    for complaint in facts["complaints"]:
        yield Reason(Why.COMPLAINT_OPEN, about=complaint["request_no"])
    if any(plan["state"] in CURRENT for plan in facts["plans"]):
        yield Reason(Why.PLAN_CURRENT)
    for promise in facts["promises"]:
        longest = date.fromisoformat(promise["made_on"]) + timedelta(days=rule["promise_days"])
        last_day = min(date.fromisoformat(promise["promise_date"]), longest)
        if day <= last_day:
            yield Reason(Why.PROMISE_OPEN, _after(facts, last_day, 0), promise["promise_date"])


def _debt(facts: Facts, rule: CutRule, day: date) -> Iterator[Reason]:
    """Months, notice and clear days; who broke a plan is owed none of them again (CSM, D7)."""
    if any(plan["state"] == "broken" for plan in facts["plans"]):
        return
    if 0 < len(_unpaid(facts)) < rule["months_least"]:
        yield Reason(Why.ONE_MONTH_ONLY)
    dates = [
        (_after(facts, date.fromisoformat(served), rule["clear_days"]), _second_due(facts, notice))
        for notice in facts["notices"]
        if notice["state"] in SERVED and (served := notice.get("served_on")) is not None
        if _speaks_of_this_debt(facts, rule, notice)
    ]
    if not dates:
        yield Reason(Why.NOTICE_NOT_SERVED)
        return
    # The notice that allows it first counts; a later one takes nothing away from it.
    clear, second = min(dates, key=max)
    at = start_of_date(day, facts["timezone"])
    if at < clear:
        yield Reason(Why.CLEAR_DAYS_RUNNING, clear)
    if at < second:
        yield Reason(Why.SECOND_DUE_NOT_PASSED, second)


def _hour(
    facts: Facts, rules: Sequence[CutRule], rule: CutRule, at: Milliseconds
) -> Iterator[Reason]:
    if facts["safety_level"] == CLOSED_AREA:
        yield Reason(Why.SAFETY)
    if not _is_window(facts, rules, at):
        yield Reason(Why.CLOSED_WINDOW, next(_openings(facts, rules, at), None))
    if at - from_rfc3339(facts["known_at"]) > rule["data_hours"] * HOUR_MS:
        yield Reason(Why.DATA_STALE)


def _unpaid(facts: Facts) -> list[OpenBill]:
    return [bill for bill in facts["open_bills"] if bill["open_paisa"] > 0]


def _speaks_of_this_debt(facts: Facts, rule: CutRule, notice: Notice) -> bool:
    """Whether as many bills as it takes are still open of those that were due by the notice's date.

    Else the consumer paid what it asked for, and what he owes now needs a notice of its own.
    """
    due = {bill["invoice_no"]: bill["due_date"] for bill in facts["bills"]}
    of_the_notice = [
        bill
        for bill in _unpaid(facts)
        if bill["invoice_no"] in due and due[bill["invoice_no"]] <= notice["second_due_date"]
    ]
    return len(of_the_notice) >= rule["months_least"]


def _second_due(facts: Facts, notice: Notice) -> Milliseconds:
    return _after(facts, date.fromisoformat(notice["second_due_date"]), 0)


def _after(facts: Facts, day: date, clear_days: int) -> Milliseconds:
    """When the day after `day` begins, with so many whole days between them."""
    return start_of_date(day + timedelta(days=clear_days + 1), facts["timezone"])


def _in_force(rules: Sequence[CutRule], day: date) -> CutRule | None:
    """The last rule that has begun and has not ended."""
    said = day.isoformat()
    begun = [
        rule
        for rule in rules
        if rule["effective_from"] <= said
        and ((last := rule.get("effective_until")) is None or said <= last)
    ]
    return max(begun, key=lambda rule: (rule["effective_from"], rule["rule_no"]), default=None)


def _windows(
    facts: Facts, rules: Sequence[CutRule], day: date
) -> list[tuple[Milliseconds, Milliseconds]]:
    """The hours of a day in which cutting is allowed, as moments: none on a holiday."""
    rule = _in_force(rules, day)
    if rule is None or day.isoformat() in facts["holidays"]:
        return []
    eve = rule.get("eve_until_minute")
    is_eve = (day + timedelta(days=1)).isoformat() in facts["holidays"]
    midnight = start_of_date(day, facts["timezone"])
    found = []
    for window in rule["week"]:
        until = window["until_minute"]
        until = min(until, eve) if is_eve and eve is not None else until
        if window["weekday"] == day.isoweekday() and window["from_minute"] < until:
            found.append(
                (midnight + window["from_minute"] * MINUTE_MS, midnight + until * MINUTE_MS)
            )
    return sorted(found)


def _is_window(facts: Facts, rules: Sequence[CutRule], at: Milliseconds) -> bool:
    return any(begin <= at < end for begin, end in _windows(facts, rules, _day(facts, at)))


def _openings(
    facts: Facts, rules: Sequence[CutRule], after: Milliseconds
) -> Iterator[Milliseconds]:
    """When the windows after a moment open, in order."""
    first = _day(facts, after)
    for n in range(HORIZON_DAYS_MAX):
        for begin, _ in _windows(facts, rules, first + timedelta(days=n)):
            if begin > after:
                yield begin


def _earliest(
    facts: Facts, rules: Sequence[CutRule], now: Milliseconds, reasons: Sequence[Reason]
) -> Milliseconds | None:
    """The first moment at which nothing that is known stands against it.

    That the data are old is no reason against a date: it is a reason to ask anew on that date.
    """
    lasting = [reason for reason in reasons if reason.code is not Why.DATA_STALE]
    if any(reason.until is None for reason in lasting):
        return None
    begin = max([now, *(reason.until for reason in lasting if reason.until is not None)])
    for at in (begin, *_openings(facts, rules, begin)):
        if not [
            reason for reason in _reasons(facts, rules, at) if reason.code is not Why.DATA_STALE
        ]:
            return at
    return None


def _day(facts: Facts, at: Milliseconds) -> date:
    return local_date(at, facts["timezone"])


def stops_a_notice(reasons: Sequence[Reason]) -> list[Reason]:
    """What speaks against giving notice at all."""
    return [r for r in reasons if r.code not in OF_THE_HOUR | OF_THE_NOTICE]


def stops_an_order(reasons: Sequence[Reason]) -> list[Reason]:
    """What speaks against ordering a cut; the hour is for whoever carries it out."""
    return [r for r in reasons if r.code not in OF_THE_HOUR]
