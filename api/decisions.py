"""Decisions about money already taken: one person proposes, another checks (M16)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import (
    ETAG_HEADER,
    KEY_PARAMETER,
    VERSION_PARAMETER,
    etag,
    idempotency_key,
    version_seen,
)
from auth.access import requires
from auth.roles import Permission
from models.decision import DecisionStateWord
from schemas.decisions import DecisionMadeSchema, DecisionWrite
from schemas.query import DecisionsQuery
from sync import decisions, reading

blueprint = Blueprint(
    "decisions", __name__, url_prefix="/api/v1/ibcs/<code>", description="Decisions about money"
)
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

DECISIONS = Listing(
    name="decisions", row=DecisionMadeSchema, order=("occurred_at", "id"), start=(0, "")
)


@serves(blueprint, "/decisions", DECISIONS, DecisionsQuery, Permission.READ_EXCEPTIONS)
def list_decisions(asked: Mapping[str, Any], code: str) -> Page:
    """Decisions in the order in which they were made"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place = (after[0], after[1])
        state = asked.get("state")
        return reading.decisions(connection, code, state=state, after=place, limit=limit)

    return page


@blueprint.route("/decisions", methods=["POST"])
@requires(Permission.MAKE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(DecisionWrite)
@blueprint.response(201, DecisionMadeSchema, headers=ETAG_HEADER)
def propose_decision(asked: Mapping[str, Any], code: str) -> Answer:
    """Propose to identify, transfer, void or reverse a collection"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: decisions.make(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    context().ring("books", code)
    return made, 201, etag(made["version"])


@blueprint.route("/decisions/<uuid:decision_id>", methods=["GET"])
@requires(Permission.READ_EXCEPTIONS)
@blueprint.response(200, DecisionMadeSchema, headers=ETAG_HEADER)
def show_decision(code: str, decision_id: UUID) -> Answer:
    """One decision; its ETag is what a checker sends as If-Match"""
    with context().database.read() as connection:
        found = reading.decision(connection, code, str(decision_id))
    if found is None:
        abort(404)
    return found, 200, etag(found["version"])


@blueprint.route("/decisions/<uuid:decision_id>/approve", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, DecisionMadeSchema, headers=ETAG_HEADER)
def approve_decision(code: str, decision_id: UUID) -> Answer:
    """Approve what another person proposed; it is in the books when this answers"""
    return _settled(code, decision_id, DecisionStateWord.APPROVED)


@blueprint.route("/decisions/<uuid:decision_id>/reject", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, DecisionMadeSchema, headers=ETAG_HEADER)
def reject_decision(code: str, decision_id: UUID) -> Answer:
    """Reject what another person proposed; nothing is posted"""
    return _settled(code, decision_id, DecisionStateWord.REJECTED)


def _settled(code: str, decision_id: UUID, state: DecisionStateWord) -> Answer:
    version, key = version_seen(), idempotency_key()
    author_id, now = context().principal.staff_id, context().now()
    settled = context().database.transact(
        lambda connection: decisions.settle(
            connection,
            code,
            key=key,
            author_id=author_id,
            decision_id=str(decision_id),
            version=version,
            state=state,
            now=now,
        )
    )
    context().ring("books", code)
    return settled, 200, etag(settled["version"])
