"""The ladder of reconciliation (domain manual §6.11, R4 to R6) over values: what a line is, and why. Pure.

A rule that is certain matches; one that is likely suggests; two candidates are never matched.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from models.match import MatchKindWord as Kind
from models.match import MatchRuleWord as Rule

DEPOSIT_DAYS_MAX = 3
"""Banking days between a slip and its line."""
CHEQUE_DAYS_MAX = 10
"""Banking days until a cheque is credited or comes back."""
TOKEN_CHARS_MIN = 4
SUGGESTIONS_MAX = 5
"""Candidates shown for one line."""
SUBSET_ITEMS_MAX = 24
"""Slips of one day among which a sum is looked for."""
SUBSET_STEPS_MAX = 5_000
"""Steps of that search; what is not decided by then is not decided."""
TOKENS_MAX = 24
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)
DIGITS = re.compile(r"\d{4,}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankLine:
    """A line that nothing explains yet."""

    id: str
    booked_on: str
    amount_paisa: int
    fee_paisa: int = 0
    text: str = ""
    """Reference and narration."""
    account_no: str | None = None
    txn_id: str | None = None
    returned: bool = False
    from_agency: bool = False
    barred: bool = False
    """A match of it was undone: rules may suggest, and no longer decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Money in the books that waits for a bank or an agency."""

    id: str
    """What is claimed: a slip, a cheque and how often it was presented, a claim, an agency's statement."""
    kind: Kind
    """What a match with it would post."""
    subject_id: str
    reference: str
    on_date: str
    amount_paisa: int
    account_no: str | None = None
    parts: tuple["Item", ...] = ()
    """The cheques of a slip: the slip's own item stands for all of them."""


@dataclass(slots=True)
class Candidates:
    """What the books offer for a page of lines; only what is open, each list cut to what decides."""

    by_reference: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    by_amount: dict[int, list[Item]] = field(default_factory=lambda: defaultdict(list))
    by_day: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    """Cash slips of a day, where they are few enough to be summed up."""
    by_account: dict[tuple[str, int], list[Item]] = field(default_factory=lambda: defaultdict(list))
    """Claims by the account and amount that they name."""
    lines_alike: Mapping[tuple[int, str], int] = field(default_factory=dict)
    """(amount, date) → how many open lines have both."""
    txn_seen: Mapping[str, int] = field(default_factory=dict)
    """Transaction number → how many lines of the agency carry it, matched ones too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One way to explain a line."""

    line: BankLine
    kind: Kind
    rule: Rule
    items: tuple[Item, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    fee_paisa: int = 0
    difference_paisa: int = 0


@dataclass(slots=True)
class Decided:
    """What became of a page of lines."""

    matches: list[Found] = field(default_factory=list)
    suggestions: list[Found] = field(default_factory=list)
    ambiguous: dict[str, int] = field(default_factory=dict)
    """Line → how many candidates it has."""
    duplicates: list[BankLine] = field(default_factory=list)
    unmatched: list[BankLine] = field(default_factory=list)


def decide(
    lines: Sequence[BankLine], candidates: Candidates, *, tolerance_paisa: int = 0
) -> Decided:
    """Climb the ladder for each line; an item that two lines are certain about is nobody's."""
    decided = Decided()
    certain: list[Found] = []
    for line in lines:
        if line.from_agency and candidates.txn_seen.get(line.txn_id or "", 0) > 1:
            decided.duplicates.append(line)
            continue
        ways = _agency_ways(line, candidates) if line.from_agency else _bank_ways(line, candidates)
        if len(ways) == 1 and not line.barred:
            certain.append(ways[0])
            continue
        likely = ways or _likely(line, candidates, tolerance_paisa)
        decided.suggestions.extend(likely[:SUGGESTIONS_MAX])
        if len(likely) > 1:
            decided.ambiguous[line.id] = len(likely)
        elif not likely:
            decided.unmatched.append(line)
    _part_rivals(certain, decided)
    return decided


def _part_rivals(certain: Sequence[Found], decided: Decided) -> None:
    """What two lines want is nobody's; only that a cheque came back tells more than that it was credited.

    The line that credited it is left for the next run, which knows what came back.
    """
    came_back = {item.id for one in certain if one.kind is Kind.RETURNED for item in one.items}
    wanted = Counter(
        (item.id, found.kind is Kind.RETURNED) for found in certain for item in found.items
    )
    for found in certain:
        is_return = found.kind is Kind.RETURNED
        rivals = max((wanted[item.id, is_return] for item in found.items), default=1)
        if rivals > 1:
            decided.suggestions.append(found)
            decided.ambiguous[found.line.id] = rivals
        elif not is_return and came_back.intersection(item.id for item in found.items):
            decided.unmatched.append(found.line)
        else:
            decided.matches.append(found)


def _bank_ways(line: BankLine, candidates: Candidates) -> list[Found]:
    """Every certain way: by the number that the line says, else by the sum of one day's slips."""
    named = [
        found
        for token in tokens(line.text)
        for item in candidates.by_reference.get(token, ())
        if (found := _by_reference(line, item, token)) is not None
    ]
    by_item = {found.items: found for found in reversed(named)}
    ways = [*by_item.values()][::-1]
    return ways or _by_day_sum(line, candidates)


def _by_reference(line: BankLine, item: Item, token: str) -> Found | None:
    """(a) and R5: the number, the amount and the days all agree."""
    if (line.amount_paisa < 0 or line.returned) and item.kind is Kind.CLEARED and not item.parts:
        kind, amount = Kind.RETURNED, abs(line.amount_paisa)
    elif line.returned:
        return None
    else:
        kind, amount = item.kind, line.amount_paisa
    days = banking_days(item.on_date, line.booked_on)
    days_max = CHEQUE_DAYS_MAX if item.kind is Kind.CLEARED else DEPOSIT_DAYS_MAX
    if item.amount_paisa != amount or not 0 <= days <= days_max:
        return None
    is_slip = item.kind is Kind.DEPOSIT or bool(item.parts)
    rule = Rule.SLIP_NO if is_slip else Rule.CHEQUE_NO
    return Found(
        line=line,
        kind=kind,
        rule=Rule.STATEMENT_NO if item.kind is Kind.SETTLEMENT else rule,
        items=item.parts or (item,),
        evidence={"token": token, "days": days},
    )


def _by_day_sum(line: BankLine, candidates: Candidates) -> list[Found]:
    """(c): the line is the sum of slips of one day, and of no others."""
    if line.amount_paisa <= 0 or line.returned:
        return []
    found: list[tuple[str, tuple[Item, ...]]] = []
    for day, items in candidates.by_day.items():
        if not 0 <= banking_days(day, line.booked_on) <= DEPOSIT_DAYS_MAX:
            continue
        subsets = subsets_of_sum([item.amount_paisa for item in items], line.amount_paisa)
        if subsets is None:
            return []
        found += [(day, tuple(items[n] for n in subset)) for subset in subsets]
    if len(found) != 1 or len(found[0][1]) == 1:
        return []
    [(day, items_)] = found
    evidence = {"days": banking_days(day, line.booked_on), "items": len(items_)}
    return [Found(line=line, kind=Kind.DEPOSIT, rule=Rule.DAY_SUM, items=items_, evidence=evidence)]


def _agency_ways(line: BankLine, candidates: Candidates) -> list[Found]:
    """(b) and R6: the number, the account and the amount agree; what nobody wrote down is posted."""
    claims = candidates.by_reference.get(line.txn_id or "", ())
    ways = [
        Found(
            line=line,
            kind=Kind.CLAIM,
            rule=Rule.TXN_ID,
            items=(claim,),
            evidence={"token": claim.reference},
            fee_paisa=line.fee_paisa,
        )
        for claim in claims
        if (claim.account_no, claim.amount_paisa) == (line.account_no, line.amount_paisa)
    ]
    alike = candidates.by_account.get((line.account_no or "", line.amount_paisa), ())
    if ways or claims or alike or line.amount_paisa <= 0:
        return ways
    return [
        Found(
            line=line,
            kind=Kind.UNCLAIMED,
            rule=Rule.NO_RECORD,
            evidence={"token": line.txn_id or ""},
            fee_paisa=line.fee_paisa,
        )
    ]


def _likely(line: BankLine, candidates: Candidates, tolerance_paisa: int) -> list[Found]:
    """(d), (e), (f): what a person should look at, the likeliest first."""
    if line.from_agency:
        return _likely_claims(line, candidates)
    if line.returned or line.amount_paisa <= 0:
        return []
    ways = [*_by_amount(line, candidates), *_by_digits(line, candidates, tolerance_paisa)]
    by_item: dict[tuple[Item, ...], Found] = {}
    for found in ways:
        by_item.setdefault(found.items, found)
    return list(by_item.values())


def _by_amount(line: BankLine, candidates: Candidates) -> list[Found]:
    """(d): amount and days; certain it is not, even when nothing else has them."""
    fitting = []
    for item in candidates.by_amount.get(line.amount_paisa, ()):
        days = banking_days(item.on_date, line.booked_on)
        if 0 <= days <= DEPOSIT_DAYS_MAX:
            fitting.append((item, days))
    alike = candidates.lines_alike.get((line.amount_paisa, line.booked_on), 1)
    return [
        Found(
            line=line,
            kind=item.kind,
            rule=Rule.AMOUNT_AND_DATE,
            items=item.parts or (item,),
            evidence={"days": days, "candidates": max(len(fitting), alike)},
        )
        for item, days in fitting
    ]


def _by_digits(line: BankLine, candidates: Candidates, tolerance_paisa: int) -> list[Found]:
    """(e) and (f): the number agrees, the amount does not; a small difference comes first."""
    found = []
    for token in tokens(line.text):
        for item in candidates.by_reference.get(token, ()):
            difference = item.amount_paisa - line.amount_paisa
            # Only a slip can be counted short: a cheque is what is written on it.
            if difference and item.kind is not Kind.DEPOSIT:
                continue
            small = 0 < abs(difference) <= tolerance_paisa
            found.append(
                Found(
                    line=line,
                    kind=item.kind,
                    rule=Rule.DIFFERENCE if small else Rule.DIGITS,
                    items=item.parts or (item,),
                    evidence={"token": token, "difference_paisa": difference},
                    difference_paisa=difference,
                )
            )
    return sorted(found, key=lambda one: one.rule is not Rule.DIFFERENCE)


def _likely_claims(line: BankLine, candidates: Candidates) -> list[Found]:
    """The agency's line beside claims that agree in the number, or else in account and amount."""
    claims = candidates.by_reference.get(line.txn_id or "", ())
    alike = candidates.by_account.get((line.account_no or "", line.amount_paisa), ())
    ways = [(claim, Rule.DIGITS) for claim in claims if claim.amount_paisa == line.amount_paisa]
    ways += [(claim, Rule.AMOUNT_AND_DATE) for claim in alike]
    by_item: dict[str, Found] = {}
    for claim, rule in ways:
        found = Found(
            line=line,
            kind=Kind.CLAIM,
            rule=rule,
            items=(claim,),
            evidence={"token": claim.reference, "candidates": len(ways)},
            fee_paisa=line.fee_paisa,
        )
        by_item.setdefault(claim.id, found)
    return list(by_item.values())


def tokens(text: str) -> list[str]:
    """What a narration may name something by: its words with a digit, and runs of four digits or more."""
    words = [word.rstrip(".-_") for word in WORD.findall(text)]
    named = [word for word in words if any(character.isdigit() for character in word)]
    runs = [run for word in named for run in DIGITS.findall(word)]
    long = [token for token in [*named, *runs] if len(token) >= TOKEN_CHARS_MIN]
    return list(dict.fromkeys(long))[:TOKENS_MAX]


def subsets_of_sum(amounts: Sequence[int], wanted: int) -> list[tuple[int, ...]] | None:
    """The first two subsets with this sum, as places; None when looking took too long."""
    if len(amounts) > SUBSET_ITEMS_MAX:
        return None
    order = sorted(range(len(amounts)), key=lambda n: -amounts[n])
    rest = [0]
    for n in reversed(order):
        rest.append(rest[-1] + amounts[n])
    rest.reverse()
    found: list[tuple[int, ...]] = []
    steps = 0
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, wanted, ())]
    while stack and len(found) < 2:
        steps += 1
        if steps > SUBSET_STEPS_MAX:
            return None
        place, left, taken = stack.pop()
        if left == 0:
            found.append(tuple(sorted(taken)))
            continue
        if place == len(order) or not 0 < left <= rest[place]:
            continue
        stack.append((place + 1, left, taken))
        stack.append((place + 1, left - amounts[order[place]], (*taken, order[place])))
    return found


@lru_cache(maxsize=8192)
def banking_days(earlier: str, later: str) -> int:
    """Mondays to Fridays after the one date until the other, negative when it came first."""
    if later < earlier:
        return -banking_days(later, earlier)
    return _weekdays_through(later) - _weekdays_through(earlier)


def _weekdays_through(day: str) -> int:
    weeks, into = divmod(date.fromisoformat(day).toordinal() - 1, 7)
    # Day 1 of the calendar was a Monday.
    return weeks * 5 + min(into + 1, 5)
