"""The three-way merge of one record, field by field: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Changes = Mapping[str, tuple[Any, Any]]
"""Field → (before, after) of one version, as the log keeps it."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What the record becomes, and which fields a person must choose."""

    fields: dict[str, Any]
    conflicts: dict[str, tuple[Any, Any, Any]]
    """Field → (base, server, device) where both sides changed the same field differently."""


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


def merge(base: Mapping[str, Any], server: Mapping[str, Any], device: Mapping[str, Any]) -> Merged:
    """Put the device's fields on top of the server's where only the device changed them."""
    fields: dict[str, Any] = {}
    conflicts: dict[str, tuple[Any, Any, Any]] = {}
    for name, wanted in device.items():
        was, now = base.get(name), server.get(name)
        if wanted in (was, now):
            continue
        if now == was:
            fields[name] = wanted
        else:
            conflicts[name] = (was, now, wanted)
    return Merged(fields, conflicts)
