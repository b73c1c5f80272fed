"""Postings for billing, billing's answers, and the tie-out with its dues."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Response, request
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from auth.access import requires
from auth.roles import Permission
from infra.limits import IMPORT_FILE_BYTES_MAX
from schemas.billing import (
    AnswersTakenSchema,
    DifferenceSchema,
    ExportSchema,
    ExportsMadeSchema,
    ResendWrite,
    ResentSchema,
    TieOutQuery,
    TieOutSchema,
)
from schemas.query import ListQuery
from sync import billing_answers, billing_export, tie_out

blueprint = Blueprint(
    "billing_files",
    __name__,
    url_prefix="/api/v1/ibcs/<code>",
    description="Between billing and us",
)
CSV = "text/csv"
CSV_BODY = {"content": {CSV: {"schema": {"type": "string"}}}, "required": True}

EXPORTS = Listing(name="exports", row=ExportSchema, order=("file_no",), start=(0,))
TIE_OUTS = Listing(name="tie_outs", row=TieOutSchema, order=("made_at", "id"), start=(0, ""))
DIFFERENCES = Listing(name="differences", row=DifferenceSchema, order=("account_no",), start=("",))


@serves(blueprint, "/exports", EXPORTS, ListQuery, Permission.READ_IMPORTS)
def list_exports(_asked: Mapping[str, Any], code: str) -> Page:
    """Files of postings that were made for billing, by their number"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return billing_export.exports(connection, code, after=after[0], limit=limit)

    return page


@blueprint.route("/exports", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.response(200, ExportsMadeSchema)
def make_exports(code: str) -> Mapping[str, Any]:
    """Make the files that are due; none when nothing was posted since the last"""
    author_id, now = context().principal.staff_id, context().now()
    return {"made": billing_export.make(context().database, code, author_id=author_id, now=now)}


@blueprint.route("/exports/<int:file_no>/file", methods=["GET"])
@requires(Permission.READ_IMPORTS)
@blueprint.response(200, content_type=CSV)
def download_export(code: str, file_no: int) -> Response:
    """One file: a head, a posting a line, and the control totals; the same bytes every time"""
    with context().database.read() as connection:
        content = billing_export.content(connection, code, file_no)
    response = Response(content, content_type=CSV)
    response.headers["Content-Disposition"] = f'attachment; filename="{code}-{file_no:06d}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@blueprint.route("/exports/resends", methods=["POST"])
@requires(Permission.SETTLE_BILLING)
@blueprint.arguments(ResendWrite)
@blueprint.response(200, ResentSchema)
def send_again(asked: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Send postings that billing has rejected once more, in the next file"""
    author_id, now = context().principal.staff_id, context().now()
    return {
        "sent_again": context().database.transact(
            lambda c: billing_export.resend(
                c, code, asked["posting_ids"], author_id=author_id, now=now
            )
        )
    }


@blueprint.route("/billing-answers", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.doc(requestBody=CSV_BODY)
@blueprint.response(200, AnswersTakenSchema)
def take_answers(code: str) -> Mapping[str, Any]:
    """Take in billing's answers: posting_id, accepted or rejected, reason; a line each

    A rejection opens an exception of finance; a later acceptance closes it.
    """
    raw, author_id, now = _csv_body(), context().principal.staff_id, context().now()
    return context().database.transact(
        lambda c: billing_answers.take(c, code, raw, author_id=author_id, now=now)
    )


@blueprint.route("/tie-outs", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.doc(requestBody=CSV_BODY)
@blueprint.arguments(TieOutQuery, location="query", unknown=None)
@blueprint.response(200, TieOutSchema)
def make_tie_out(asked: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Compare billing's dues (account_no, balance_paisa) with our control account"""
    raw, author_id, now = _csv_body(), context().principal.staff_id, context().now()
    return context().database.transact(
        lambda c: tie_out.tie_out(c, code, raw, author_id=author_id, now=now, **asked)
    )


@serves(blueprint, "/tie-outs", TIE_OUTS, ListQuery, Permission.READ_IMPORTS)
def list_tie_outs(_asked: Mapping[str, Any], code: str) -> Page:
    """Comparisons with billing in the order in which they were made"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return tie_out.tie_outs(connection, code, after=(after[0], after[1]), limit=limit)

    return page


@serves(
    blueprint,
    "/tie-outs/<uuid:tie_out_id>/differences",
    DIFFERENCES,
    ListQuery,
    Permission.READ_IMPORTS,
)
def list_differences(_asked: Mapping[str, Any], code: str, tie_out_id: UUID) -> Page:
    """Consumers about whom billing and we differ, and why as far as it is known"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return tie_out.differences(connection, code, str(tie_out_id), after=after[0], limit=limit)

    return page


def _csv_body() -> bytes:
    request.max_content_length = IMPORT_FILE_BYTES_MAX
    return request.get_data(cache=False)
