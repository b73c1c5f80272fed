"""Refunds and fees: one person proposes, another checks (M16)."""

from collections.abc import Callable, Mapping
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
from models.decision import DecisionStateWord
from schemas.given_back import (
    FeeMadeSchema,
    FeeWrite,
    RefundApproval,
    RefundMadeSchema,
    RefundWrite,
)
from schemas.query import DecisionsQuery
from sync import given_back

blueprint = Blueprint(
    "given_back", __name__, url_prefix="/api/v1/ibcs/<code>", description="Refunds and fees"
)
Answer = tuple[Mapping[str, Any], int, dict[str, str]]
APPROVED, REJECTED = DecisionStateWord.APPROVED, DecisionStateWord.REJECTED

REFUNDS = Listing(name="refunds", row=RefundMadeSchema, order=("occurred_at", "id"), start=(0, ""))
FEES = Listing(name="fees", row=FeeMadeSchema, order=("occurred_at", "id"), start=(0, ""))


@serves(blueprint, "/refunds", REFUNDS, DecisionsQuery, Permission.READ_EXCEPTIONS)
def list_refunds(asked: Mapping[str, Any], code: str) -> Page:
    """Refunds in the order in which they were proposed"""
    return _page(given_back.REFUND, code, asked)


@blueprint.route("/refunds", methods=["POST"])
@requires(Permission.MAKE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(RefundWrite)
@blueprint.response(201, RefundMadeSchema, headers=ETAG_HEADER)
def propose_refund(asked: Mapping[str, Any], code: str) -> Answer:
    """Propose to give a part of a consumer's advance back"""
    return _proposed(given_back.propose_refund, code, asked)


@blueprint.route("/refunds/<uuid:record_id>/approve", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.arguments(RefundApproval)
@blueprint.response(200, RefundMadeSchema, headers=ETAG_HEADER)
def approve_refund(asked: Mapping[str, Any], code: str, record_id: UUID) -> Answer:
    """Approve a refund, with what the consumer signed; it is in the books when this answers"""
    return _settled(given_back.REFUND, code, record_id, APPROVED, asked["acknowledgement"])


@blueprint.route("/refunds/<uuid:record_id>/reject", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, RefundMadeSchema, headers=ETAG_HEADER)
def reject_refund(code: str, record_id: UUID) -> Answer:
    """Reject a refund; nothing is posted"""
    return _settled(given_back.REFUND, code, record_id, REJECTED)


@serves(blueprint, "/fees", FEES, DecisionsQuery, Permission.READ_EXCEPTIONS)
def list_fees(asked: Mapping[str, Any], code: str) -> Page:
    """Fees in the order in which they were proposed"""
    return _page(given_back.FEE, code, asked)


@blueprint.route("/fees", methods=["POST"])
@requires(Permission.MAKE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(FeeWrite)
@blueprint.response(201, FeeMadeSchema, headers=ETAG_HEADER)
def propose_fee(asked: Mapping[str, Any], code: str) -> Answer:
    """Propose a fee; how much it is, the rule of its day says"""
    return _proposed(given_back.propose_fee, code, asked)


@blueprint.route("/fees/<uuid:record_id>/approve", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, FeeMadeSchema, headers=ETAG_HEADER)
def approve_fee(code: str, record_id: UUID) -> Answer:
    """Approve a fee; the consumer owes it when this answers"""
    return _settled(given_back.FEE, code, record_id, APPROVED)


@blueprint.route("/fees/<uuid:record_id>/reject", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.response(200, FeeMadeSchema, headers=ETAG_HEADER)
def reject_fee(code: str, record_id: UUID) -> Answer:
    """Reject a fee; nothing is posted"""
    return _settled(given_back.FEE, code, record_id, REJECTED)


def _page(entity: str, code: str, asked: Mapping[str, Any]) -> Page:
    def page(connection: Connection, after: Place, limit: int) -> Any:
        place, state = (after[0], after[1]), asked.get("state")
        return given_back.proposals(connection, code, entity, state=state, after=place, limit=limit)

    return page


def _proposed(
    propose: Callable[..., Mapping[str, Any]], code: str, asked: Mapping[str, Any]
) -> Answer:
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: propose(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    context().ring("books", code)
    return made, 201, etag(made["version"])


def _settled(
    entity: str,
    code: str,
    record_id: UUID,
    state: DecisionStateWord,
    acknowledgement: str | None = None,
) -> Answer:
    version, key = version_seen(), idempotency_key()
    author_id, now = context().principal.staff_id, context().now()
    settled = context().database.transact(
        lambda connection: given_back.settle(
            connection,
            code,
            entity,
            key=key,
            author_id=author_id,
            record_id=str(record_id),
            version=version,
            state=state,
            acknowledgement=acknowledgement,
            now=now,
        )
    )
    context().ring("books", code)
    return settled, 200, etag(settled["version"])
