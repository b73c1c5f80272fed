"""Reconciliation: what is matched and why, what is suggested, what is open; and what people decide about it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

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
from models.match import MatchStateWord
from schemas.matches import (
    MatchesQuery,
    MatchSeenSchema,
    MatchUndoWrite,
    MatchWrite,
    OpenItemSchema,
    OpenItemsQuery,
    ReconciliationSchema,
    SuggestionSchema,
    SuggestionsQuery,
)
from sync import match_decisions, reconciliation

blueprint = Blueprint(
    "matches", __name__, url_prefix="/api/v1/ibcs/<code>", description="Reconciliation"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

MATCHES = Listing(name="matches", row=MatchSeenSchema, order=("occurred_at", "id"), start=(0, ""))
SUGGESTIONS = Listing(
    name="suggestions", row=SuggestionSchema, order=("made_at", "id"), start=(0, "")
)
OPEN = Listing(
    name="reconciliation-open",
    row=OpenItemSchema,
    order=("kind", "on_date", "id"),
    start=("", "", ""),
)


@blueprint.route("/reconciliation", methods=["GET"])
@requires(Permission.READ_STATEMENTS)
@blueprint.response(200, ReconciliationSchema)
def show_reconciliation(code: str) -> Mapping[str, Any]:
    """Where reconciliation stands: matched, suggested, ambiguous, open, on both sides"""
    with context().database.read() as connection:
        return reconciliation.summary(connection, code)


@serves(blueprint, "/reconciliation/open", OPEN, OpenItemsQuery, Permission.READ_STATEMENTS)
def list_open(asked: Asked, code: str) -> Page:
    """Everything that nothing explains yet, each with its exception"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return reconciliation.open_items(
            connection,
            code,
            side=asked.get("side"),
            after=(after[0], after[1], after[2]),
            limit=limit,
        )

    return page


@serves(blueprint, "/suggestions", SUGGESTIONS, SuggestionsQuery, Permission.READ_STATEMENTS)
def list_suggestions(asked: Asked, code: str) -> Page:
    """What lines may be, each with its rule and its reason"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return reconciliation.suggestions(
            connection,
            code,
            state=asked["state"],
            line_id=asked.get("line_id"),
            after=(after[0], after[1]),
            limit=limit,
        )

    return page


@blueprint.route("/suggestions/<uuid:suggestion_id>/accept", methods=["POST"])
@requires(Permission.RECONCILE)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.response(200, MatchSeenSchema, headers=ETAG_HEADER)
def accept_suggestion(code: str, suggestion_id: UUID) -> Answer:
    """Take a suggestion: it is in the books when this answers

    With a difference it becomes a proposal, which another person approves.
    """
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    match = context().database.transact(
        lambda c: match_decisions.take(
            c, code, key=key, author_id=author_id, suggestion_id=str(suggestion_id), now=now
        )
    )
    return _told(match, code)


@blueprint.route("/suggestions/<uuid:suggestion_id>/reject", methods=["POST"])
@requires(Permission.RECONCILE)
@blueprint.response(200, SuggestionSchema)
def reject_suggestion(code: str, suggestion_id: UUID) -> Mapping[str, Any]:
    """Turn a suggestion down; it is not made again"""
    author_id, now = context().principal.staff_id, context().now()
    return context().database.transact(
        lambda c: match_decisions.turn_down(
            c, code, author_id=author_id, suggestion_id=str(suggestion_id), now=now
        )
    )


@serves(blueprint, "/matches", MATCHES, MatchesQuery, Permission.READ_STATEMENTS)
def list_matches(asked: Asked, code: str) -> Page:
    """Matches in the order in which they were made, each with its rule and its evidence"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place, state = (after[0], after[1]), asked.get("state")
        return reconciliation.matches(connection, code, state=state, after=place, limit=limit)

    return page


@blueprint.route("/matches", methods=["POST"])
@requires(Permission.RECONCILE)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(MatchWrite)
@blueprint.response(201, MatchSeenSchema, headers=ETAG_HEADER)
def propose_match(asked: Asked, code: str) -> Answer:
    """Match a line by hand: both sides are held at once, and stand when another person approves"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    match = context().database.transact(
        lambda c: match_decisions.propose(
            c, code, key=key, author_id=author_id, asked=asked, now=now
        )
    )
    return _told(match, code, 201)


@blueprint.route("/matches/<uuid:match_id>", methods=["GET"])
@requires(Permission.READ_STATEMENTS)
@blueprint.response(200, MatchSeenSchema, headers=ETAG_HEADER)
def show_match(code: str, match_id: UUID) -> Answer:
    """One match; its ETag is what a checker sends as If-Match"""
    with context().database.read() as connection:
        match = match_decisions.match_row(connection, code, str(match_id))
    return match, 200, etag(match["version"])


@blueprint.route("/matches/<uuid:match_id>/undo", methods=["POST"])
@requires(Permission.RECONCILE)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(MatchUndoWrite)
@blueprint.response(201, MatchSeenSchema, headers=ETAG_HEADER)
def propose_undo(asked: Asked, code: str, match_id: UUID) -> Answer:
    """Propose the end of a match: a row of its own, which another person approves"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    match = context().database.transact(
        lambda c: match_decisions.propose_undo(
            c,
            code,
            key=key,
            author_id=author_id,
            match_id=str(match_id),
            reason=asked["reason"],
            now=now,
        )
    )
    return _told(match, code, 201)


@blueprint.route("/matches/<uuid:match_id>/approve", methods=["POST"])
@requires(Permission.APPROVE_MATCH)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, MatchSeenSchema, headers=ETAG_HEADER)
def approve_match(code: str, match_id: UUID) -> Answer:
    """Approve what another person proposed; it is in the books when this answers"""
    return _settled(code, match_id, MatchStateWord.ACTIVE)


@blueprint.route("/matches/<uuid:match_id>/reject", methods=["POST"])
@requires(Permission.APPROVE_MATCH)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, MatchSeenSchema, headers=ETAG_HEADER)
def reject_match(code: str, match_id: UUID) -> Answer:
    """Reject what another person proposed; what it held is free again"""
    return _settled(code, match_id, MatchStateWord.REJECTED)


def _settled(code: str, match_id: UUID, state: MatchStateWord) -> Answer:
    version, key = version_seen(), idempotency_key()
    author_id, now = context().principal.staff_id, context().now()
    match = context().database.transact(
        lambda c: match_decisions.settle(
            c,
            code,
            key=key,
            author_id=author_id,
            match_id=str(match_id),
            version=version,
            state=state,
            now=now,
        )
    )
    return _told(match, code)


def _told(match: Mapping[str, Any], code: str, status: int = 200) -> Answer:
    context().ring("books", code)
    return match, status, etag(match["version"])
