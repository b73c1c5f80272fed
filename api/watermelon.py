"""WatermelonDB over HTTP: what its backend page's `pullChanges` and `pushChanges` ask for (docs/foreign-clients.md)."""

from typing import Any

from flask import Response, request

from api.blueprint import Blueprint
from api.body import unpacked_body
from api.context import context
from api.foreign import author, carried, json_answer, reader, ring_for_books
from auth.access import requires
from auth.roles import Permission
from infra.catalogue import message
from infra.strict_json import NotStrictJson, loads
from schemas.foreign_query import WatermelonPullSchema, number_of
from sync.intake import Unreadable
from sync.watermelon import Asked, pull_tables
from sync.watermelon_push import push_tables

blueprint = Blueprint(
    "watermelon", __name__, url_prefix="/api/v1/watermelon", description="WatermelonDB clients"
)


@blueprint.route("/sync", methods=["GET"])
@requires(Permission.HANDIN)
@blueprint.arguments(WatermelonPullSchema, location="query")
@blueprint.response(200, description="changes by table, and the timestamp to come back with")
def pull_changes(asked: dict[str, Any]) -> Response:
    """Pull for synchronize(): everything is `updated`, so set sendCreatedAsUpdated"""
    tables, columns = _new_places(asked["migration"])
    wanted = Asked(
        last_pulled_at=number_of(asked["last_pulled_at"]),
        pending=asked["pending"],
        tables=tables,
        columns=columns,
    )
    return json_answer(pull_tables(context().database, reader(), wanted).wire())


@blueprint.route("/sync", methods=["POST"])
@requires(Permission.HANDIN)
@blueprint.response(200, description="the ids of refused new rows, and why")
def push_changes() -> Response:
    """Push from synchronize(): the bare changes, or {changes, lastPulledAt}"""
    body = loads(unpacked_body())
    if type(body) is not dict:
        raise Unreadable({"changes": "not_an_object"})
    given = body.get("lastPulledAt", request.args.get("last_pulled_at", ""))
    rejected, taken = push_tables(
        context().database,
        reader(),
        author(),
        body.get("changes", body),
        number_of(str(given)),
        context().now(),
        carried(),
    )
    if any(one.outcome is not None for one in taken):
        ring_for_books()
    reasons: dict[str, dict[str, Any]] = {}
    for one in taken:
        if one.is_refused and one.outcome is not None:
            said = {name: message(key) for name, key in one.outcome.errors.items()}
            why = {"outcome": one.outcome.outcome.value, "code": one.outcome.code, "errors": said}
            reasons.setdefault(one.edit.entity.name, {})[one.edit.record_id] = why
    return json_answer({"experimentalRejectedIds": rejected, "reasons": reasons})


def _new_places(migration: str) -> tuple[list[str], dict[str, list[str]]]:
    """The tables and columns that `migration` names; what is not of its shape names nothing."""
    try:
        said = loads(migration.encode()) if migration else None
    except NotStrictJson:
        raise Unreadable({"migration": "invalid"}) from None
    if type(said) is not dict:
        return [], {}
    tables = [name for name in said.get("tables") or [] if type(name) is str]
    columns = {
        part["table"]: [name for name in part.get("columns") or [] if type(name) is str]
        for part in said.get("columns") or []
        if type(part) is dict and type(part.get("table")) is str
    }
    return tables, columns
