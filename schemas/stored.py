"""Fields that only go out: what a table keeps, as the wire writes it."""

from typing import Any

import orjson
from marshmallow import fields

from infra.clock import rfc3339
from models.kinds import SAFE_INTEGER_MAX, Whole
from schemas.fields import field_of

PAISA = Whole(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "paisa")
COUNT = Whole(0, SAFE_INTEGER_MAX, "count")
PERCENT = Whole(0, 100, "percent")
POSITION = Whole(0, SAFE_INTEGER_MAX, "place in the log")
ENTRY = Whole(0, SAFE_INTEGER_MAX, "place in the books")
VERSION = Whole(1, SAFE_INTEGER_MAX, "changes")


class StoredMoment(fields.String):
    """Milliseconds of a table; RFC 3339 on the wire."""

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return None if value is None else rfc3339(value)


class StoredJson(fields.Raw):
    """JSON text of a table; its value on the wire."""

    def _serialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return None if value is None else orjson.loads(value)


def needed(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=True, nullable=False)


def nullable(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=True, nullable=True)


def described(field: fields.Field[Any], description: str) -> fields.Field[Any]:
    field.metadata = {**field.metadata, "description": description}
    return field


def words(description: str | None = None, *, null: bool = False) -> fields.String:
    """Text that is not checked on its way out."""
    metadata = {"description": description} if description else {}
    return fields.String(required=True, allow_none=null, metadata=metadata)


def moment(description: str | None = None, *, null: bool = False) -> StoredMoment:
    metadata = {"format": "date-time"} | ({"description": description} if description else {})
    return StoredMoment(required=True, allow_none=null, metadata=metadata)
