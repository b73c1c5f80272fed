"""The pages of docs/ that are written by the program, and the guard against losing part of the API."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from api.openapi import openapi_document, scope_text
from models import ENTITIES, Entity
from models.base import Field
from models.declaration import Owner, Policy
from models.kinds import Day, Flag, Group, Id, Kind, Moment, Month, OneOf, Several, Whole, Words

DOCS = Path(__file__).resolve().parent.parent / "docs"
OPENAPI, ENTITY_TABLE = "openapi-v1.json", "entities.md"
GENERATED = "<!-- Written by `make docs`; change the declarations in models/ instead. -->"


class Breaking(Exception):
    """The API would lose something that a program may use; that needs a new version."""


def write_generated(folder: Path = DOCS) -> list[str]:
    """Write every generated page; returns their names. Errors: Breaking."""
    folder.mkdir(exist_ok=True)
    kept = folder / OPENAPI
    if kept.exists():
        lost = list(losses(orjson.loads(kept.read_bytes()), openapi_document()))
        if lost:
            raise Breaking(f"{len(lost)} lost, the first: {lost[0]}; bring it back, or begin v2")
    for name, text in generated().items():
        (folder / name).write_text(text, encoding="utf-8")
    return [f"docs/{name}" for name in generated()]


def generated() -> Mapping[str, str]:
    """File name → what it must say."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return {
        OPENAPI: orjson.dumps(openapi_document(), option=options).decode() + "\n",
        ENTITY_TABLE: entity_table(),
    }


def losses(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """What a program may use in `before` and not find in `after`: paths, fields, values. Pure."""
    if isinstance(before, Mapping):
        for name, value in before.items():
            inner = f"{where}/{name}"
            if name in ("description", "example", "x-problems"):
                continue
            if not isinstance(after, Mapping) or name not in after:
                yield inner
            elif name == "enum":
                yield from (f"{inner}={word}" for word in value if word not in after[name])
            elif name == "parameters":
                yield from _lost_parameters(value, after[name], inner)
            elif isinstance(value, Mapping):
                yield from losses(value, after[name], inner)
            elif name in ("type", "format", "$ref") and after[name] != value:
                yield f"{inner} was {value}"


def _lost_parameters(before: Any, after: Any, where: str) -> Iterator[str]:
    if isinstance(before, Mapping):
        yield from losses(before, after, where)
        return
    known = {_parameter_name(parameter): parameter for parameter in after}
    for parameter in before:
        name = _parameter_name(parameter)
        if name not in known:
            yield f"{where}/{name}"
        else:
            yield from losses(parameter, known[name], f"{where}/{name}")


def _parameter_name(parameter: Mapping[str, Any]) -> str:
    return str(parameter.get("$ref") or f"{parameter['in']}:{parameter['name']}")


def entity_table() -> str:
    """The literal policy table (ruling 17), with every field, its owner and its unit."""
    rows = [
        f"| [{entity.name}](#{entity.name}) | {entity.sync.policy.value} | `{scope_text(entity)}` |"
        for entity in ENTITIES.values()
    ]
    head = [GENERATED, "", "# Entities", "", "| entity | policy | scope |", "|---|---|---|"]
    return "\n".join([*head, *rows, *map(_entity_page, ENTITIES.values())]) + "\n"


def _entity_page(entity: Entity) -> str:
    sync = entity.sync
    lines = ["", f"## {entity.name}", "", (entity.model.__doc__ or "").strip().splitlines()[0], ""]
    lines += [f"Policy {sync.policy.value}; scope `{scope_text(entity)}`.", ""]
    lines += ["| field | owner | required | what it is |", "|---|---|---|---|"]
    lines += [_field_row(field) for field in entity.fields]
    if sync.states:
        moves = (f"{a} → {b} ({owner.value})" for (a, b), owner in sync.states.items())
        lines += ["", "Transitions: " + " · ".join(moves) + "."]
    if sync.policy is Policy.MERGE:
        lines += ["", "Changed on both sides: " + " · ".join(_rule_text(entity)) + "."]
    if sync.claims:
        lines += ["", "Only one record may hold a value of: " + ", ".join(sync.claims) + "."]
    return "\n".join(lines)


def _rule_text(entity: Entity) -> Iterator[str]:
    for field in entity.owned_by(Owner.DEVICE):
        order = f" ({' < '.join(field.rule.order)})" if field.rule.order else ""
        yield f"{field.name} `{field.rule.word.value}`{order}"


def _field_row(field: Field) -> str:
    required = "yes" if field.required else ""
    return f"| {field.name} | {field.owner.value} | {required} | {kind_text(field.kind)} |"


def kind_text(kind: Kind) -> str:
    """A kind of value in words."""
    match kind:
        case Words(pattern=str(pattern)):
            return f"text `{pattern}`".replace("|", "\\|")
        case Words():
            return f"text, {kind.chars_min}–{kind.chars_max} characters"
        case Whole():
            return f"whole number {kind.least}…{kind.most}, unit: {kind.unit}"
        case Id():
            return f"id of {kind.of}" if kind.of else "id (UUID)"
        case Moment():
            return "moment (RFC 3339, UTC, milliseconds)"
        case Day():
            return "date"
        case Month():
            return "month"
        case Flag():
            return "true or false"
        case OneOf():
            return "one of " + ", ".join(f"`{word}`" for word in _words(kind.words))
        case Group():
            return "; ".join(f"`{name}`: {kind_text(part)}" for name, part in kind.parts.items())
        case Several():
            return f"up to {kind.most} of: {kind_text(kind.each)}"


def _words(words: type[StrEnum]) -> list[str]:
    return [word.value for word in words]
