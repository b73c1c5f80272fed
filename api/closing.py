"""The end of the day over HTTP: the close, the day book, the checks of the books."""

from collections.abc import Mapping
from typing import Any

from flask import Response, abort

from api.blueprint import Blueprint
from api.context import context
from api.custody import KEYED, Answer, acted, named
from api.day_book_files import as_csv, as_pdf
from api.preconditions import ETAG_HEADER
from auth.access import requires
from auth.roles import Permission
from ledger.checks import findings_by_check
from ledger.day_book import day_book
from schemas import custody as wire
from schemas.query import DayBookQuery
from sync import closing
from sync.reading import books_status

blueprint = Blueprint(
    "closing", __name__, url_prefix="/api/v1/ibcs/<code>", description="The end of the day"
)
Asked = Mapping[str, Any]
FILES = {"csv": (as_csv, "text/csv; charset=utf-8"), "pdf": (as_pdf, "application/pdf")}


@blueprint.route("/periods/<business_date>/close", methods=["POST"])
@requires(Permission.CLOSE_DAY)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.CloseWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def close_day(asked: Asked, code: str, business_date: str) -> Answer:
    """Close a date and all before it; refused while custody is open, unless forced with a reason"""
    if not closing.is_a_date(business_date):
        abort(404)
    how = {"forced": asked.get("forced", False), "reason": asked.get("reason")}
    return acted(lambda c, **who: named(closing.close(c, code, business_date, **how, **who)), 201)


@blueprint.route("/reports/day-book", methods=["GET"])
@requires(Permission.READ_BOOKS)
@blueprint.arguments(DayBookQuery, location="query", unknown=None)
@blueprint.response(200, description="The day book as CSV or PDF, with the head of the chain.")
def show_day_book(asked: Asked, code: str) -> Response:
    """Every entry of one business date, the accounts, and the hash that binds them"""
    name = asked["format"]
    write, content_type = FILES[name]
    with context().database.read() as connection:
        book = day_book(connection, code, asked["date"])
    answer = Response(write(book), content_type=content_type)
    filename = f"day-book-{code}-{asked['date']}.{name}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.route("/verify", methods=["GET"])
@requires(Permission.VERIFY_BOOKS)
@blueprint.response(200, wire.VerifiedBooksSchema)
def verify_books(code: str) -> Mapping[str, Any]:
    """Run every named check of the books now"""
    with context().database.read() as connection:
        found = findings_by_check(connection, code)
        read_seq = books_status(connection, code)["read_seq"]
    return {
        "read_seq": read_seq,
        "checks": {name: len(findings) for name, findings in found.items()},
        "findings": [one for findings in found.values() for one in findings],
    }
