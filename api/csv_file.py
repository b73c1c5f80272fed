"""Rows as CSV that a spreadsheet opens safely: BOM, CRLF, and no text that it would take for a formula."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

import orjson
from marshmallow import fields

from schemas.base import StrictSchema

BOM = b"\xef\xbb\xbf"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text cell that begins so is run by spreadsheets (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Columns:
    """The columns of a file: those of a row, then those of the list inside it, if it has one."""

    row: tuple[str, ...]
    spread: str | None = None
    item: tuple[str, ...] = ()

    @classmethod
    def of(cls, schema: type[StrictSchema], spread: str | None) -> "Columns":
        declared = schema().fields
        row = tuple(name for name in declared if name != spread)
        if spread is None:
            return cls(row)
        nested: Any = declared[spread]
        assert isinstance(nested, fields.List)
        assert isinstance(nested.inner, fields.Nested)
        return cls(row, spread, tuple(nested.inner.schema.fields))


def csv_head(columns: Columns) -> bytes:
    return BOM + _written([(*columns.row, *columns.item)])


def csv_lines(columns: Columns, rows: Sequence[Mapping[str, Any]]) -> bytes:
    return _written(line for row in rows for line in lines_of(columns, row))


def safe_cell(value: Any) -> Any:
    """A cell as it may stand in a file: numbers stay numbers, text is never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def lines_of(columns: Columns, row: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The lines that a row becomes, each cell made harmless."""
    own = [safe_cell(row[name]) for name in columns.row]
    if columns.spread is None:
        yield own
        return
    for item in row[columns.spread] or [{}]:
        yield [*own, *(safe_cell(item.get(name)) for name in columns.item)]


def _written(lines: Any) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
