"""How a person settles a conflict, field by field: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Choice(StrEnum):
    """Whose value stands."""

    OURS = "ours"
    """The server's, as it stands now."""
    THEIRS = "theirs"
    """The phone's."""
    VALUE = "value"
    """One that the person typed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What the record is to say, or why the choices cannot stand."""

    fields: Mapping[str, Any]
    errors: Mapping[str, str]
    """Field → message key."""


def settle(between: Mapping[str, Mapping[str, Any]], chosen: Mapping[str, Any]) -> Settled:
    """Each field in conflict needs its choice, and no other field has one.

    `between` holds base, server and device of each field; `chosen` a choice, and its value.
    """
    errors = {name: "choose_a_side" for name in between if name not in chosen}
    errors |= {name: "not_in_conflict" for name in chosen if name not in between}
    fields: dict[str, Any] = {}
    for name, three in between.items():
        said = chosen.get(name, {})
        match said.get("choice"):
            case Choice.THEIRS:
                fields[name] = three["device"]
            case Choice.VALUE if "value" in said:
                fields[name] = said["value"]
            case Choice.VALUE:
                errors[name] = "required"
    return Settled(fields, errors)


def reason_of(chosen: Mapping[str, Any]) -> str:
    """The key of the sentence that the phone is told."""
    choices = {said["choice"] for said in chosen.values()}
    if choices == {Choice.THEIRS}:
        return "resolved_theirs"
    if choices == {Choice.OURS}:
        return "resolved_ours"
    return "resolved_mixed"
