"""What the office reads: consumers, custody, the books, exceptions, the log."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from auth.access import requires
from auth.roles import Permission
from ledger import reading
from schemas import office as wire
from schemas import query
from sync import reading as records

blueprint = Blueprint(
    "readings", __name__, url_prefix="/api/v1/ibcs/<code>", description="What the office reads"
)
Asked = Mapping[str, Any]

CONSUMERS = Listing(
    name="consumers", row=wire.ConsumerFoundSchema, order=("account_no",), start=("",)
)
CUSTODY = Listing(
    name="custody", row=wire.CustodySchema, order=("officer_id",), start=("",), spread="sessions"
)
ENTRIES = Listing(
    name="entries", row=wire.EntrySchema, order=("seq",), start=(0,), spread="postings"
)
EXCEPTIONS = Listing(
    name="exceptions", row=wire.ExceptionSchema, order=("opened_at", "id"), start=(0, "")
)


@blueprint.route("/consumers/<account_no>/position", methods=["GET"])
@requires(Permission.READ_POSITION)
@blueprint.response(200, wire.ConsumerPositionSchema)
def consumer_position(code: str, account_no: str) -> Asked:
    """What one consumer owes, what has not cleared, and his last payments"""
    if not re.fullmatch(r"[0-9]{13}", account_no, re.ASCII):
        _not_here()
    with context().database.read() as connection:
        return records.consumer_position(connection, code, account_no) or _not_here()


@serves(blueprint, "/consumers", CONSUMERS, query.ConsumersQuery, Permission.READ_POSITION)
def find_consumers(asked: Asked, code: str) -> Page:
    """Find consumers by the beginning of account, phone or name"""
    return lambda connection, after, limit: records.find_consumers(
        connection, code, asked["q"], after=after[0], limit=limit
    )


@serves(blueprint, "/custody", CUSTODY, query.ListQuery, Permission.READ_CUSTODY)
def custody(_asked: Asked, code: str) -> Page:
    """What each officer must answer for, session by session"""

    def page(connection: Connection, after: Place, limit: int) -> list[dict[str, Any]]:
        found = reading.custody(connection, code, after=after[0], limit=limit)
        names = records.staff_names(connection, code, [row["officer_id"] for row in found])
        return [
            {
                **row,
                "officer": names.get(row["officer_id"]),
                "sessions": [
                    {
                        "session": one["session"],
                        "session_date": one["business_date"],
                        "session_cash_paisa": one["cash_paisa"],
                    }
                    for one in row["sessions"]
                ],
            }
            for row in found
        ]

    return page


@serves(blueprint, "/entries", ENTRIES, query.EntriesQuery, Permission.READ_BOOKS)
def entries(asked: Asked, code: str) -> Page:
    """Entries of the books with their postings, in the order of the books"""
    return lambda connection, after, limit: reading.entries(
        connection,
        code,
        kind=asked.get("kind"),
        code=asked.get("account"),
        of=asked.get("of"),
        source_id=asked.get("source_id"),
        date_from=asked.get("date_from"),
        date_to=asked.get("date_to"),
        after=after[0],
        limit=limit,
    )


@serves(blueprint, "/exceptions", EXCEPTIONS, query.ExceptionsQuery, Permission.READ_EXCEPTIONS)
def exceptions(asked: Asked, code: str) -> Page:
    """What a person must look at, oldest first"""

    def page(connection: Connection, after: Place, limit: int) -> reading.Page:
        return reading.exceptions(
            connection,
            code,
            state=asked["state"],
            kind=asked.get("kind"),
            owner_role=asked.get("owner_role"),
            account_no=asked.get("account_no"),
            after=(after[0], after[1]),
            limit=limit,
        )

    return page


@blueprint.route("/mutations/<uuid:mutation_id>", methods=["GET"])
@requires(Permission.READ_EXCEPTIONS)
@blueprint.response(200, wire.MutationStorySchema)
def mutation(code: str, mutation_id: UUID) -> Asked:
    """A log entry as it came, its outcome, and what became of it later"""
    with context().database.read() as connection:
        return records.mutation_story(connection, code, str(mutation_id)) or _not_here()


@blueprint.route("/books/status", methods=["GET"])
@requires(Permission.READ_BOOKS)
@blueprint.response(200, wire.BooksStatusSchema)
def books_status(code: str) -> Asked:
    """How far the log has come, and the books behind it"""
    with context().database.read() as connection:
        return records.books_status(connection, code)


def _not_here() -> NoReturn:
    """What does not exist and what belongs to another IBC look alike."""
    abort(404)
