"""The three-way merge of one record, field by field: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.declaration import ASK, Rule, RuleWord

Changes = Mapping[str, tuple[Any, Any]]
"""Field → (before, after) of one version, as the log keeps it."""

NO_RULES: Mapping[str, Rule] = {}


@dataclass(frozen=True, slots=True)
class Merged:
    """What the record becomes, and which fields a person must choose."""

    fields: dict[str, Any]
    conflicts: dict[str, tuple[Any, Any, Any]]
    """Field → (base, server, device) where both sides changed the same field differently."""


class NoAnswer(Exception):
    """The field's rule has no answer for these values; a person chooses."""


def base_of(
    server: Mapping[str, Any],
    version: int,
    since: Sequence[tuple[int, Changes]],
    base_version: int,
) -> dict[str, Any] | None:
    """The record as it was at `base_version`, taken back from `version` through the log.

    `since` holds (version, changes) of each later version, in any order. None when one of them is
    missing: then nobody knows what the author saw, and nothing may be overwritten.
    """
    later = dict(since)
    if set(later) != set(range(base_version + 1, version + 1)):
        return None
    base = dict(server)
    for undone in sorted(later, reverse=True):
        base.update({name: before for name, (before, _after) in later[undone].items()})
    return base


def merge(
    base: Mapping[str, Any],
    server: Mapping[str, Any],
    device: Mapping[str, Any],
    rules: Mapping[str, Rule] = NO_RULES,
) -> Merged:
    """Put the device's fields on top of the server's where only the device changed them.

    Where both sides changed a field, its rule decides; without one a person is asked.
    """
    fields: dict[str, Any] = {}
    conflicts: dict[str, tuple[Any, Any, Any]] = {}
    for name, wanted in device.items():
        was, now = base.get(name), server.get(name)
        if wanted in (was, now):
            continue
        if now == was:
            fields[name] = wanted
            continue
        try:
            decided = meet(rules.get(name, ASK), was, now, wanted)
        except NoAnswer:
            conflicts[name] = (was, now, wanted)
            continue
        if decided != now:
            fields[name] = decided
    return Merged(fields, conflicts)


def meet(rule: Rule, base: Any, server: Any, device: Any) -> Any:
    """What a field becomes that both sides changed. Errors: NoAnswer."""
    match rule.word:
        case RuleWord.SERVER:
            return server
        case RuleWord.DEVICE:
            return device
        case RuleWord.MAX:
            return _greater(rule.order, server, device)
        case RuleWord.UNION:
            return _bounded(rule, _union(server or [], device or []))
        case RuleWord.APPEND:
            return _bounded(rule, _append(base, server, device))
        case RuleWord.ASK:
            raise NoAnswer


def _greater(order: Sequence[str], server: Any, device: Any) -> Any:
    """Something is more than nothing; words stand in the rule's order."""
    if server is None or device is None:
        return device if server is None else server
    if order:
        return max(server, device, key=order.index)
    return max(server, device)


def _union(server: Sequence[Any], device: Sequence[Any]) -> list[Any]:
    return [*server, *(item for item in device if item not in server)]


def _append(base: str | None, server: str | None, device: str | None) -> str:
    """The server's text, and below it what the phone added; a text that was cleared asks."""
    if server is None or device is None:
        raise NoAnswer
    added = device.removeprefix(base or "").strip()
    if not added or f"\n{added}\n" in f"\n{server}\n":
        # It has been added before: the same edit twice is the same as once.
        return server
    return f"{server}\n{added}"


def _bounded(rule: Rule, value: Any) -> Any:
    if rule.most is not None and len(value) > rule.most:
        raise NoAnswer
    return value
