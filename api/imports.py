"""What billing sends: lines as JSON, and whole files as CSV that go on where they stopped."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj
from typing import Any
from uuid import UUID

from flask import abort, request
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.body import unpacked_body
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import KEY_PARAMETER, idempotency_key
from auth.access import requires
from auth.roles import Permission
from infra.limits import IMPORT_FILE_BYTES_MAX, IMPORT_ROWS_MAX
from infra.tenancy import EVERY, within
from schemas.billing import ImportFileSchema, ImportNameQuery, RefusedRowSchema
from schemas.decisions import ImportedSchema, TransferredSchema, TransferWrite
from schemas.query import ListQuery
from sync import billing_import, imports, succession

blueprint = Blueprint(
    "imports", __name__, url_prefix="/api/v1/ibcs/<code>", description="What billing sends"
)
NDJSON, CSV = "application/x-ndjson", "text/csv"
COPY_BYTES = 1_048_576

FILES = Listing(name="imports", row=ImportFileSchema, order=("begun_at", "id"), start=(0, ""))
REFUSED = Listing(name="refused", row=RefusedRowSchema, order=("line_no",), start=(0,))


class TooManyLines(ValueError):
    """The import has more lines than IMPORT_ROWS_MAX; send it in parts."""


@blueprint.route("/imports/<entity>", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.doc(requestBody={"content": {NDJSON: {"schema": {"type": "string"}}}, "required": True})
@blueprint.response(200, ImportedSchema)
def import_lines(code: str, entity: str) -> Mapping[str, Any]:
    """Store lines of one entity, a JSON object each; a line that cannot stand stops no other

    The same line again changes nothing. Records are known by billing's own numbers.
    """
    kind = imports.ENTITIES_OF_BILLING.get(entity)
    if kind is None:
        abort(404)
    lines, errors = imports.read_lines(unpacked_body())
    if len(lines) + len(errors) > IMPORT_ROWS_MAX:
        raise TooManyLines(f"{len(lines) + len(errors)} lines; IMPORT_ROWS_MAX = {IMPORT_ROWS_MAX}")
    author_id, now = context().principal.staff_id, context().now()
    imported = context().database.transact(
        lambda c: imports.store(c, code, kind, lines, author_id=author_id, now=now)
    )
    if imported.stored:
        context().ring("books", code)
    imported.errors |= errors
    return imported.wire()


@blueprint.route("/import-files/<entity>", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.doc(requestBody={"content": {CSV: {"schema": {"type": "string"}}}, "required": True})
@blueprint.arguments(ImportNameQuery, location="query", unknown=None)
@blueprint.response(200, ImportFileSchema)
def import_file(asked: Mapping[str, Any], code: str, entity: str) -> Mapping[str, Any]:
    """Take in a CSV file of one entity; sent again after a break it goes on where it stopped

    The whole file is looked through first. A row that cannot stand stops no other: see `refused`.
    """
    kind = imports.ENTITIES_OF_BILLING.get(entity)
    if kind is None:
        abort(404)
    # A file is larger than any other body; it goes to the disk as it comes.
    request.max_content_length = IMPORT_FILE_BYTES_MAX
    author_id, now = context().principal.staff_id, context().now()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sent.csv"
        with path.open("wb") as file:
            copyfileobj(request.stream, file, COPY_BYTES)
        taken = billing_import.take_in(
            context().database,
            code,
            kind,
            path,
            name=asked.get("name", "file.csv"),
            author_id=author_id,
            now=now,
        )
    context().ring("books", code)
    return taken


@serves(blueprint, "/import-files", FILES, ListQuery, Permission.READ_IMPORTS)
def list_import_files(_asked: Mapping[str, Any], code: str) -> Page:
    """Files of billing's in the order in which they came, and how far each is"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return billing_import.files(connection, code, after=(after[0], after[1]), limit=limit)

    return page


@blueprint.route("/import-files/<uuid:file_id>", methods=["GET"])
@requires(Permission.READ_IMPORTS)
@blueprint.response(200, ImportFileSchema)
def show_import_file(code: str, file_id: UUID) -> Mapping[str, Any]:
    """How far one file is"""
    return billing_import.file_report(context().database, code, str(file_id))


@serves(
    blueprint, "/import-files/<uuid:file_id>/refused", REFUSED, ListQuery, Permission.READ_IMPORTS
)
def list_refused_rows(_asked: Mapping[str, Any], code: str, file_id: UUID) -> Page:
    """Rows of a file that could not be stored: line, reasons, and the row as it came"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return billing_import.refusals(connection, code, str(file_id), after=after[0], limit=limit)

    return page


@blueprint.route("/consumers/<account_no>/transfer", methods=["POST"])
@requires(Permission.IMPORT_BILLING)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(TransferWrite)
@blueprint.response(200, TransferredSchema)
def transfer_consumer(asked: Mapping[str, Any], code: str, account_no: str) -> Mapping[str, Any]:
    """Give a consumer to another IBC, with meters, bills, notices and standing

    Nothing of the past moves: the standing crosses as a closing and an opening bill. What officers
    of this IBC still bring for him follows within minutes.
    """
    key, principal, now = idempotency_key(), context().principal, context().now()
    if not principal.may(Permission.IMPORT_BILLING, ibc_id=asked["to"]):
        abort(403)
    # The one request that writes into two IBCs; both were asked for above.
    with within(EVERY):
        return context().database.transact(
            lambda c: succession.move(
                c,
                code,
                account_no,
                to=asked["to"],
                area_id=asked["area_id"],
                key=key,
                author_id=principal.staff_id,
                now=now,
            )
        )
