"""Behind the gate: may this supply be cut, the notice before it, and the order for it."""

import re
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
from models.disconnection_order import OrderStateWord
from schemas import cuts as wire
from schemas.query import OrdersQuery
from sync import orders
from sync.gating import judge

blueprint = Blueprint(
    "cuts", __name__, url_prefix="/api/v1/ibcs/<code>", description="Behind the disconnection gate"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

ORDERS = Listing(
    name="disconnection_orders", row=wire.CutOrderSchema, order=("occurred_at", "id"), start=(0, "")
)


@blueprint.route("/consumers/<account_no>/gate", methods=["GET"])
@requires(Permission.READ_POSITION)
@blueprint.response(200, wire.GateSchema)
def consumer_gate(code: str, account_no: str) -> Asked:
    """Whether a consumer may be cut now; if not each reason, and the earliest lawful moment"""
    if not re.fullmatch(r"[0-9]{13}", account_no, re.ASCII):
        abort(404)
    with context().database.read() as connection:
        verdict = judge(connection, code, account_no, context().now())
    if verdict is None:
        abort(404)
    return {
        "account_no": account_no,
        "is_open": verdict.is_open,
        "reasons": verdict.reasons,
        "earliest": verdict.earliest,
        "rule_no": verdict.rule_no,
    }


@blueprint.route("/notices", methods=["POST"])
@requires(Permission.ISSUE_NOTICE)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.NoticeWrite)
@blueprint.response(201, wire.NoticeIssuedSchema, headers=ETAG_HEADER)
def issue_notice(asked: Asked, code: str) -> Answer:
    """Give notice of a cut, unless the gate knows a reason against it"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: orders.issue_notice(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    return made, 201, etag(made["version"])


@serves(blueprint, "/disconnection-orders", ORDERS, OrdersQuery, Permission.READ_POSITION)
def list_orders(asked: Asked, code: str) -> Page:
    """Orders to cut in the order in which they were asked for"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place = (after[0], after[1])
        return orders.orders(connection, code, state=asked.get("state"), after=place, limit=limit)

    return page


@blueprint.route("/disconnection-orders", methods=["POST"])
@requires(Permission.ISSUE_NOTICE)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.CutOrderWrite)
@blueprint.response(201, wire.CutOrderSchema, headers=ETAG_HEADER)
def raise_order(asked: Asked, code: str) -> Answer:
    """Ask for a cut; refused with every reason that the gate knows but the hour"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: orders.raise_order(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    return made, 201, etag(made["version"])


@blueprint.route("/disconnection-orders/<uuid:order_id>/approve", methods=["POST"])
@requires(Permission.ORDER_CUT)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.CutOrderSchema, headers=ETAG_HEADER)
def approve_order(code: str, order_id: UUID) -> Answer:
    """Order the cut that another person asked for; the gate is asked again"""
    return _settled(code, order_id, OrderStateWord.APPROVED)


@blueprint.route("/disconnection-orders/<uuid:order_id>/cancel", methods=["POST"])
@requires(Permission.ISSUE_NOTICE)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.CutOrderSchema, headers=ETAG_HEADER)
def cancel_order(code: str, order_id: UUID) -> Answer:
    """Take an order back that was not carried out"""
    return _settled(code, order_id, OrderStateWord.CANCELLED)


def _settled(code: str, order_id: UUID, state: OrderStateWord) -> Answer:
    version, author_id, now = version_seen(), context().principal.staff_id, context().now()
    settled = context().database.transact(
        lambda c: orders.settle_order(
            c, code, str(order_id), author_id=author_id, state=state, version=version, now=now
        )
    )
    return settled, 200, etag(settled["version"])
