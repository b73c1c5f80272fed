"""Statements of banks and agencies: say how a source's files read, send one in, see what became of it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from flask import request
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import ETAG_HEADER, KEY_PARAMETER, etag, idempotency_key
from auth.access import requires
from auth.roles import Permission
from infra.files import Files
from infra.limits import STATEMENT_AT_ONCE_BYTES_MAX, STATEMENT_BYTES_MAX
from schemas.query import ListQuery
from schemas.statements import (
    StatementFileSchema,
    StatementFilesQuery,
    StatementLineSchema,
    StatementLinesQuery,
    StatementQuery,
    StatementSeenSchema,
    StatementSourceSavedSchema,
    StatementSourceWrite,
    StatementsQuery,
    worded,
)
from sync import statement_files, statement_reading, statement_sources

blueprint = Blueprint(
    "statements", __name__, url_prefix="/api/v1/ibcs/<code>", description="Banks' statements"
)
CHUNK_BYTES = 1 << 16
BODY = {
    "description": "The file as it came: CSV, XLSX, MT940 or camt.053, raw or as the field `file` "
    f"of a form; at most STATEMENT_BYTES_MAX = {STATEMENT_BYTES_MAX} bytes.",
    "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    },
    "required": True,
}
FIELD = "file"
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

SOURCES = Listing(
    name="statement-sources", row=StatementSourceSavedSchema, order=("code",), start=("",)
)
FILES = Listing(
    name="statement-files", row=StatementFileSchema, order=("sent_at", "id"), start=(0, "")
)
STATEMENTS = Listing(
    name="statements", row=StatementSeenSchema, order=("to_on", "id"), start=("", "")
)
LINES = Listing(name="statement-lines", row=StatementLineSchema, order=("ordinal",), start=(0,))


class NoFile(ValueError):
    """The form has no field `file`; send the file in it, or as the body itself."""


class StatementRefused(ValueError):
    """The file cannot stand; nothing of it was stored, and each reason names its line."""

    def __init__(self, file: Mapping[str, Any]) -> None:
        self.lines = worded(orjson.loads(file["faults"]))
        self.file_id = file["id"]
        super().__init__(StatementRefused.__doc__)


@serves(blueprint, "/statement-sources", SOURCES, ListQuery, Permission.READ_STATEMENTS)
def list_sources(asked: Asked, code: str) -> Page:  # noqa: ARG001  # every list is given its query
    """Sources of statements with their saved mappings"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return statement_reading.sources(connection, code, after=after[0], limit=limit)

    return page


@blueprint.route("/statement-sources", methods=["POST"])
@requires(Permission.IMPORT_STATEMENTS)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(StatementSourceWrite)
@blueprint.response(200, StatementSourceSavedSchema, headers=ETAG_HEADER)
def save_source(asked: Asked, code: str) -> Answer:
    """Save how a source's files read; the same code again changes the mapping for later files"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    saved = context().database.transact(
        lambda c: statement_sources.save(
            c, code, key=key, author_id=author_id, asked=asked, now=now
        )
    )
    return saved, 200, etag(saved["version"])


@blueprint.route("/statements", methods=["POST"])
@requires(Permission.IMPORT_STATEMENTS)
@blueprint.doc(requestBody=BODY)
@blueprint.arguments(StatementQuery, location="query", unknown=None)
@blueprint.response(200, StatementFileSchema)
@blueprint.alt_response(202, schema=StatementFileSchema, description="Being read; look again.")
def import_statement(asked: Asked, code: str) -> Answer:
    """Send in a statement file: all of it is stored, or nothing and every reason with its line

    The same file again answers what was there. A large file is read by a worker meanwhile.
    """
    file = statement_files.take_in(
        context().database,
        kept_files(),
        code,
        source_code=asked["source"],
        chunks=_chunks(),
        said={name: value for name, value in asked.items() if name != "source"},
        author_id=context().principal.staff_id,
        now=context().now(),
    )
    if file["byte_count"] <= STATEMENT_AT_ONCE_BYTES_MAX:
        file = statement_files.read_one(
            context().database, kept_files(), code, file["id"], clock=context().now
        )
    if file["state"] == statement_files.REFUSED:
        raise StatementRefused(file)
    context().ring("statements", code)
    location = {"Location": f"/api/v1/ibcs/{code}/statement-files/{file['id']}"}
    return file, 200 if file["state"] == statement_files.STORED else 202, location


@serves(blueprint, "/statement-files", FILES, StatementFilesQuery, Permission.READ_STATEMENTS)
def list_files(asked: Asked, code: str) -> Page:
    """Files in the order in which they were sent, with their progress"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place, state = (after[0], after[1]), asked.get("state")
        return statement_reading.files(connection, code, state=state, after=place, limit=limit)

    return page


@blueprint.route("/statement-files/<uuid:statement_file_id>", methods=["GET"])
@requires(Permission.READ_STATEMENTS)
@blueprint.response(200, StatementFileSchema)
def show_file(code: str, statement_file_id: UUID) -> Mapping[str, Any]:
    """How far the import of a file has come"""
    return statement_files.show(context().database, code, str(statement_file_id))


@serves(blueprint, "/statements", STATEMENTS, StatementsQuery, Permission.READ_STATEMENTS)
def list_statements(asked: Asked, code: str) -> Page:
    """Statements by their last day"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place, source = (after[0], after[1]), asked.get("source")
        return statement_reading.statements(
            connection, code, source=source, after=place, limit=limit
        )

    return page


@serves(
    blueprint,
    "/statements/<uuid:statement_id>/lines",
    LINES,
    StatementLinesQuery,
    Permission.READ_STATEMENTS,
)
def list_lines(asked: Asked, code: str, statement_id: UUID) -> Page:
    """The lines of a statement, each with the match that holds it"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return statement_reading.lines(
            connection,
            code,
            str(statement_id),
            state=asked.get("state"),
            after=after[0],
            limit=limit,
        )

    return page


def kept_files() -> Files:
    return Files(context().settings.statements_dir)


def _chunks() -> Iterator[bytes]:
    """The file's bytes as they arrive, and never more of them than the limit."""
    request.max_content_length = STATEMENT_BYTES_MAX + CHUNK_BYTES
    if (request.content_length or 0) > STATEMENT_BYTES_MAX + CHUNK_BYTES:
        raise statement_files.StatementTooLarge(
            f"the file is larger than STATEMENT_BYTES_MAX = {STATEMENT_BYTES_MAX}"
        )
    stream: Any = request.stream
    if request.mimetype == "multipart/form-data":
        if FIELD not in request.files:
            raise NoFile(NoFile.__doc__)
        stream = request.files[FIELD].stream
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
