"""Records as foreign clients spell them: RxDB's documents and WatermelonDB's raw rows. Pure."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from infra.clock import from_rfc3339, rfc3339
from models import Entity
from models.kinds import Group, Kind, Moment, Several
from schemas.samples import sample

Turn = Callable[[Any], Any]

LEAVING_COLUMN = "leaving"
"""A boolean column of the app: the record is no longer the officer's and goes after the next push."""


def rxdb_document(entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """A document that fits a JSON schema without nulls: what says nothing is left out."""
    assert values.keys() <= set(entity.header)
    return {name: value for name, value in values.items() if value is not None} | {
        "_deleted": False
    }


def rxdb_tombstone(entity: Entity, record_id: str) -> dict[str, Any]:
    """A deleted document with every required field, so that a validator lets it pass (rxdb#7444).

    The values are samples: what left a device's scope is not sent to it once more.
    """
    return {"id": record_id} | _blank(entity) | {"_deleted": True}


def watermelon_row(entity: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """A raw row: money and times as numbers, groups and lists as JSON text, as its columns want it."""
    turns = _onto_columns(entity)
    return {
        name: turns[name](value) if value is not None and name in turns else value
        for name, value in values.items()
    } | {LEAVING_COLUMN: False}


def watermelon_values(entity: Entity, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a raw row says; columns that are not ours are the app's own and left out.

    What cannot be turned stays as it is, and the checks of the entity refuse it by name.
    """
    turns = _from_columns(entity)
    return {
        name: turns[name](row[name]) if row[name] is not None and name in turns else row[name]
        for name in entity.header
        if name in row
    }


@cache
def _blank(entity: Entity) -> dict[str, Any]:
    blank: dict[str, Any] = {"version": 1}
    if entity.has_time:
        blank["occurred_at"] = "2000-01-01T00:00:00.000Z"
    return blank | {
        field.name: sample(field.kind) for field in entity.wire_fields if field.required
    }


def _kinds(entity: Entity) -> dict[str, Kind]:
    times: dict[str, Kind] = {"occurred_at": Moment()} if entity.has_time else {}
    return times | {field.name: field.kind for field in entity.wire_fields}


@cache
def _onto_columns(entity: Entity) -> dict[str, Turn]:
    return {
        name: from_rfc3339
        if isinstance(kind, Moment)
        else lambda value: orjson.dumps(value).decode()
        for name, kind in _kinds(entity).items()
        if isinstance(kind, Moment | Group | Several)
    }


@cache
def _from_columns(entity: Entity) -> dict[str, Turn]:
    return {
        name: _moment if isinstance(kind, Moment) else _json
        for name, kind in _kinds(entity).items()
        if isinstance(kind, Moment | Group | Several)
    }


MILLISECONDS_MAX = 4_102_444_800_000
"""The year 2100."""


def _moment(value: Any) -> Any:
    """A column's milliseconds as a moment."""
    if type(value) is int and 0 <= value < MILLISECONDS_MAX:
        return rfc3339(value)
    return value


def _json(value: Any) -> Any:
    try:
        return orjson.loads(value)
    except (orjson.JSONDecodeError, TypeError):
        return value


__all__ = [
    "LEAVING_COLUMN",
    "rxdb_document",
    "rxdb_tombstone",
    "watermelon_row",
    "watermelon_values",
]
