"""Every list of the office: keyset pages as JSON with the next cursor, or all of them as one CSV or XLSX file."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Response, request, send_file
from marshmallow import fields
from sqlalchemy import Connection
from werkzeug.urls import iri_to_uri

from api.blueprint import Blueprint
from api.context import context
from api.csv_file import Columns, csv_head, csv_lines
from api.xlsx_file import xlsx_file
from auth.access import requires
from auth.roles import Permission
from infra.limits import LIST_ROWS_MAX
from models.kinds import SAFE_INTEGER_MAX
from schemas.base import StrictSchema

CSV, JSON = "text/csv", "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PLACE_CHARS_MAX = 200

Row = Mapping[str, Any]
Place = tuple[Any, ...]
Page = Callable[[Connection, Place, int], Sequence[Row]]
"""Rows after a place, at most so many, in the list's order."""


class NotAPlace(ValueError):
    """The cursor is not one of this list's; ask without one."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One list: its rows on the wire, and the members of a row by which it is ordered."""

    name: str
    row: type[StrictSchema]
    order: tuple[str, ...]
    start: Place
    """The place before the first row; its types are those of every cursor."""
    spread: str | None = None
    """CSV: the list inside a row each of whose items becomes a line."""

    def place_of(self, row: Row) -> Place:
        return tuple(row[name] for name in self.order)


def serves(
    blueprint: Blueprint,
    path: str,
    listing: Listing,
    query: type[StrictSchema],
    permission: Permission,
) -> Callable[[Callable[..., Page]], Callable[..., Response]]:
    """Serve a list at a path; the view gets the query and says how to read a page."""

    def decorate(view: Callable[..., Page]) -> Callable[..., Response]:
        @wraps(view)
        def answered(asked: dict[str, Any], **path_parts: Any) -> Response:
            return answer(listing, asked, view(asked, **path_parts))

        documented = blueprint.response(
            200, _page_schema(listing.row), description="A page.", headers=HEADERS
        )(answered)
        # `unknown=None`: the schema's own rule, which refuses names that it does not know.
        taking = blueprint.arguments(query, location="query", unknown=None)(documented)
        marked = requires(permission)(taking)
        return blueprint.route(path, methods=["GET"])(blueprint.doc(**{"x-list": True})(marked))

    return decorate


HEADERS = {
    "Link": {
        "description": 'The next page: `<…>; rel="next"`; missing on the last.',
        "schema": {"type": "string"},
    }
}


def answer(listing: Listing, asked: Mapping[str, Any], page: Page) -> Response:
    """One page as JSON, or every page from here as CSV or XLSX."""
    place = place_in(listing, asked["cursor"]) if "cursor" in asked else listing.start
    match _wanted(asked):
        case "csv":
            return _csv(listing, page, place)
        case "xlsx":
            return _xlsx(listing, page, place)
    limit = asked["limit"]
    with context().database.read() as connection:
        rows = page(connection, place, limit)
        last = listing.place_of(rows[-1]) if len(rows) == limit else None
        more = last is not None and bool(page(connection, last, 1))
    following = cursor_of(listing, last) if last is not None and more else None
    body = {"items": listing.row(many=True).dump(rows), "next": following}
    response = Response(orjson.dumps(body), content_type=JSON)
    if following is not None:
        names = request.args.to_dict() | {"cursor": following}
        response.headers["Link"] = f'<{iri_to_uri(request.path)}?{urlencode(names)}>; rel="next"'
    return _private(response)


def cursor_of(listing: Listing, place: Place) -> str:
    packed = orjson.dumps([listing.name, *place])
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def place_in(listing: Listing, cursor: str) -> Place:
    """Read a cursor back. Errors: NotAPlace for anything that this list has not made."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        name, *place = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        raise NotAPlace("the cursor cannot be read; ask without one") from None
    kinds = [type(part) for part in listing.start]
    if (
        name != listing.name
        or [type(part) for part in place] != kinds
        or not all(map(_fits, place))
    ):
        raise NotAPlace(f"the cursor is not one of {listing.name}; ask without one")
    return tuple(place)


def _fits(part: Any) -> bool:
    if isinstance(part, str):
        return len(part) <= PLACE_CHARS_MAX and part.isprintable()
    return 0 <= part <= SAFE_INTEGER_MAX


def _wanted(asked: Mapping[str, Any]) -> str:
    if "format" in asked:
        return str(asked["format"])
    words = {JSON: "json", CSV: "csv", XLSX: "xlsx"}
    return words[request.accept_mimetypes.best_match(list(words), default=JSON) or JSON]


def _csv(listing: Listing, page: Page, place: Place) -> Response:
    columns = Columns.of(listing.row, listing.spread)
    chunks = _chunks(listing, page, place, columns)
    # The first page is read now, so that what cannot be read is still a problem and not half a file.
    head = next(chunks)
    response = Response(chain((head,), chunks), content_type=f"{CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{listing.name}.csv"'
    return _private(response)


def _xlsx(listing: Listing, page: Page, place: Place) -> Response:
    columns = Columns.of(listing.row, listing.spread)
    schema = listing.row(many=True)
    with context().database.read() as connection:
        pages = _pages(connection, listing, page, place)
        file = xlsx_file(columns, listing.name, (schema.dump(rows) for rows in pages))
    response = send_file(
        file, mimetype=XLSX, as_attachment=True, download_name=f"{listing.name}.xlsx"
    )
    return _private(response)


def _chunks(listing: Listing, page: Page, place: Place, columns: Columns) -> Iterator[bytes]:
    """The file, a page at a time, from one snapshot: its sums are those of one moment."""
    schema = listing.row(many=True)
    database = context().database
    with database.read() as connection:
        head = csv_head(columns)
        for rows in _pages(connection, listing, page, place):
            yield head + csv_lines(columns, schema.dump(rows))
            head = b""


def _pages(
    connection: Connection, listing: Listing, page: Page, place: Place
) -> Iterator[Sequence[Row]]:
    """Every page from a place, one at least."""
    rows = page(connection, place, LIST_ROWS_MAX)
    yield rows
    while len(rows) == LIST_ROWS_MAX:
        rows = page(connection, listing.place_of(rows[-1]), LIST_ROWS_MAX)
        yield rows


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept"
    return response


@cache
def _page_schema(row: type[StrictSchema]) -> type[StrictSchema]:
    parts: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(row), required=True),
        "next": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "Opaque; null on the last page."},
        ),
    }
    schema: Any = StrictSchema.from_dict(parts, name=row.__name__.replace("Schema", "Page"))
    schema.__doc__ = f"A page. {(row.__doc__ or '').strip()}"
    return schema
