"""The desk where people settle edits and facts that met: claim, assign, choose, check, reopen."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import ETAG_HEADER, VERSION_PARAMETER, etag, version_seen
from auth.access import requires
from auth.roles import Permission, permissions_of
from schemas import conflicts as wire
from schemas.query import ConflictsQuery
from sync import desk, desk_reading
from sync.desk_bulk import settle_alike

blueprint = Blueprint(
    "conflicts", __name__, url_prefix="/api/v1/ibcs/<code>", description="Edits and facts that met"
)
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

CONFLICTS = Listing(
    name="conflicts", row=wire.ConflictFoundSchema, order=("opened_at", "id"), start=(0, "")
)


@serves(blueprint, "/conflicts", CONFLICTS, ConflictsQuery, Permission.READ_CONFLICTS)
def list_conflicts(asked: Mapping[str, Any], code: str) -> Page:
    """Cases of the desk, oldest first"""

    def page(connection: Connection, after: Place, limit: int) -> Sequence[Mapping[str, Any]]:
        place, now = (after[0], after[1]), context().now()
        return desk_reading.cases(connection, code, asked=asked, now=now, after=place, limit=limit)

    return page


@blueprint.route("/conflicts/<uuid:case_id>", methods=["GET"])
@requires(Permission.READ_CONFLICTS)
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def show_conflict(code: str, case_id: UUID) -> Answer:
    """One case side by side, with its history; its ETag is what one sends as If-Match"""
    with context().database.read() as connection:
        return _shown(connection, code, str(case_id))


@blueprint.route("/conflicts/<uuid:case_id>/claim", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def claim_conflict(code: str, case_id: UUID) -> Answer:
    """Take an open case"""
    return _acted(code, case_id, desk.claim)


@blueprint.route("/conflicts/<uuid:case_id>/assign", methods=["POST"])
@requires(Permission.ASSIGN_CONFLICT)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.AssignWrite)
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def assign_conflict(asked: Mapping[str, Any], code: str, case_id: UUID) -> Answer:
    """Give a case to somebody who may settle it"""
    return _acted(code, case_id, lambda one: desk.assign(one, asked["assignee_id"]))


@blueprint.route("/conflicts/<uuid:case_id>/resolve", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.ResolveWrite)
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def resolve_conflict(asked: Mapping[str, Any], code: str, case_id: UUID) -> Answer:
    """Choose for each field; where money is touched this proposes, and another person approves"""
    chosen, note = asked["fields_"], asked.get("note")
    return _acted(code, case_id, lambda one: desk.resolve(one, chosen, note))


@blueprint.route("/conflicts/<uuid:case_id>/approve", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT, Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def approve_conflict(code: str, case_id: UUID) -> Answer:
    """Settle a case as another person proposed"""
    return _acted(code, case_id, desk.approve)


@blueprint.route("/conflicts/<uuid:case_id>/reject", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT, Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.NoteWrite)
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def reject_conflict(asked: Mapping[str, Any], code: str, case_id: UUID) -> Answer:
    """Give a proposal back to the person who made it"""
    return _acted(code, case_id, lambda one: desk.reject(one, asked["note"]))


@blueprint.route("/conflicts/<uuid:case_id>/reopen", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.NoteWrite)
@blueprint.response(200, wire.ConflictSchema, headers=ETAG_HEADER)
def reopen_conflict(asked: Mapping[str, Any], code: str, case_id: UUID) -> Answer:
    """Look again at what was settled"""
    return _acted(code, case_id, lambda one: desk.reopen(one, asked["note"]))


@blueprint.route("/conflicts/bulk", methods=["POST"])
@requires(Permission.RESOLVE_CONFLICT)
@blueprint.arguments(wire.BulkWrite)
@blueprint.response(200, wire.BulkSettledSchema)
def resolve_conflicts(asked: Mapping[str, Any], code: str) -> Mapping[str, Any]:
    """Settle several cases alike; each stands or fails by itself"""
    settled = settle_alike(
        context().database,
        code,
        cases=asked["cases"],
        choice=asked["choice"],
        note=asked.get("note"),
        person=_person(code),
        now=context().now(),
    )
    return {"items": settled}


def _acted(code: str, case_id: UUID, act: Callable[[desk.Desk], None]) -> Answer:
    version, person, now = version_seen(), _person(code), context().now()

    def work(connection: Connection) -> Answer:
        one = desk.open_desk(
            connection, code, str(case_id), version=version, person=person, now=now
        )
        act(one)
        return _shown(connection, code, str(case_id))

    return context().database.transact(work)


def _person(code: str) -> desk.Person:
    """Who asks, by the role that lets him settle cases."""
    principal = context().principal
    roles = [role for card in principal.cards if card.ibc_id == code for role in card.roles]
    fitting = [r for r in roles if Permission.RESOLVE_CONFLICT in permissions_of([r])]
    return desk.Person(id=principal.staff_id, role=min(fitting or roles).value)


def _shown(connection: Connection, code: str, case_id: str) -> Answer:
    found = desk_reading.shown(connection, code, case_id, context().now())
    if found is None:
        abort(404)
    return found, 200, etag(found["seen_version"])
