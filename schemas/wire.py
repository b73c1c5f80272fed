"""Between the wire and the table: moments become milliseconds, groups and lists become JSON text."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson

from infra.clock import from_rfc3339, rfc3339
from models import Entity
from models.kinds import Flag, Group, Kind, Moment, Several

Turn = Callable[[Any], Any]


@cache
def _into_table(entity: Entity) -> dict[str, Turn]:
    return {f.name: turn for f in entity.fields if (turn := _table_turn(f.kind)) is not None}


@cache
def _onto_wire(entity: Entity) -> dict[str, Turn]:
    return {f.name: turn for f in entity.fields if (turn := _wire_turn(f.kind)) is not None}


def table_values(entity: Entity, wire: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a record as the table keeps them; what is not given is not named."""
    values = dict(wire)
    for name, turn in _into_table(entity).items():
        value = values.get(name)
        if value is not None:
            values[name] = turn(value)
    return values


def wire_values(entity: Entity, row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a table's row as the wire writes them."""
    values = {field.name: row[field.name] for field in entity.fields}
    for name, turn in _onto_wire(entity).items():
        if values[name] is not None:
            values[name] = turn(values[name])
    return values


def _table_turn(kind: Kind) -> Turn | None:
    match kind:
        case Moment():
            return from_rfc3339
        case Group() | Several():
            return lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return None


def _wire_turn(kind: Kind) -> Turn | None:
    match kind:
        case Moment():
            return rfc3339
        case Group() | Several():
            return orjson.loads
        case Flag():
            return bool
    return None
