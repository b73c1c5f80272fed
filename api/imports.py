"""What billing sends: consumers, meters, bills and notices, a line each."""

from collections.abc import Mapping
from typing import Any

from flask import abort

from api.blueprint import Blueprint
from api.body import unpacked_body
from api.context import context
from auth.access import requires
from auth.roles import Permission
from infra.limits import IMPORT_ROWS_MAX
from schemas.decisions import ImportedSchema
from sync import imports

blueprint = Blueprint(
    "imports", __name__, url_prefix="/api/v1/ibcs/<code>", description="What billing sends"
)
NDJSON = "application/x-ndjson"


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
