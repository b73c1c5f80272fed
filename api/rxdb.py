"""RxDB over HTTP, in the shapes of rxdb-server's client (docs/foreign-clients.md)."""

from typing import Any

from flask import Response, abort

from api.blueprint import Blueprint
from api.body import unpacked_body
from api.context import context
from api.foreign import author, carried, json_answer, reader, ring_for_books
from api.rxdb_stream import stream_of_hints
from auth.access import requires
from auth.roles import Permission
from infra.strict_json import loads
from models import ENTITIES, Entity
from schemas.foreign_query import RxdbPullSchema, number_of
from sync.older import Outdated
from sync.rxdb import SCHEMA_VERSION, Checkpoint, pull_documents, push_rows

blueprint = Blueprint(
    "rxdb",
    __name__,
    url_prefix="/api/v1/rxdb/<entity>/<schema_version>",
    description="RxDB clients",
)
VERSIONS = {str(version): version for version in range(SCHEMA_VERSION + 1)}
"""Every version that documents ever had, as an address spells it."""


@blueprint.route("/pull", methods=["GET"])
@requires(Permission.HANDIN)
@blueprint.arguments(RxdbPullSchema, location="query")
@blueprint.response(200, description="documents, and the checkpoint to come back with")
def pull_documents_after(asked: dict[str, Any], entity: str, schema_version: str) -> Response:
    """The documents after a checkpoint: exactly `limit` when as many remain"""
    wanted = _entity(entity, schema_version)
    _not_outdated(schema_version)
    after = Checkpoint(number_of(asked["lwt"]), asked["id"])
    documents, end = pull_documents(context().database, reader(), wanted, after, asked["limit"])
    return json_answer({"documents": documents, "checkpoint": {"id": end.id, "lwt": end.lwt}})


@blueprint.route("/push", methods=["POST"])
@requires(Permission.HANDIN)
@blueprint.response(200, description="the documents of the rows that were not taken")
def push_document_rows(entity: str, schema_version: str) -> Response:
    """Rows of {newDocumentState, assumedMasterState}; old versions may push for ever"""
    conflicts, is_new = push_rows(
        context().database,
        reader(),
        author(),
        _entity(entity, schema_version),
        loads(unpacked_body()),
        context().now(),
        carried(),
    )
    if is_new:
        ring_for_books()
    return json_answer(conflicts)


@blueprint.route("/pullStream", methods=["GET"])
@requires(Permission.HANDIN)
@blueprint.response(200, description="an event stream that ends when there is something to pull")
def stream(entity: str, schema_version: str) -> Response:
    """Ends as soon as there is something to pull, or after half a minute; open it again"""
    _entity(entity, schema_version)
    _not_outdated(schema_version)
    parts = context().parts
    return stream_of_hints(parts.database, reader(), parts.settings.web_threads)


def _entity(name: str, schema_version: str) -> Entity:
    entity = ENTITIES.get(name)
    if entity is None or entity.sync.scope is None or schema_version not in VERSIONS:
        abort(404)
    return entity


def _not_outdated(schema_version: str) -> None:
    if VERSIONS[schema_version] < SCHEMA_VERSION:
        raise Outdated(Outdated.__doc__)
