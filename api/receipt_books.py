"""Counter and paper receipt blocks, and gaps explained: what the office does about printed numbers."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.preconditions import KEY_PARAMETER, idempotency_key
from auth.access import requires
from auth.blocks import BlockKind
from auth.cards import enrolment_of
from auth.roles import Permission
from schemas import devices as wire
from sync import receipt_books

blueprint = Blueprint(
    "receipt_books", __name__, url_prefix="/api/v1/ibcs/<code>", description="Receipt books"
)
Answer = Mapping[str, Any]


@blueprint.route("/devices/<uuid:device_id>/receipt-blocks", methods=["POST"])
@requires(Permission.MANAGE_DEVICES)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.BookWrite)
@blueprint.response(201, wire.BookSchema)
def give_book(asked: Answer, code: str, device_id: UUID) -> Answer:
    """Give a block for a counter, or a numbered paper book, to whoever keys it in"""
    key, kind, now = idempotency_key(), BlockKind(asked["kind"]), context().now()

    def give(connection: Connection) -> Answer:
        _must_exist(connection, code, str(device_id))
        block = receipt_books.give_book(connection, code, str(device_id), kind, key=key, now=now)
        return {
            "prefix": block.prefix,
            "kind": kind.value,
            "first_serial": block.first_serial,
            "last_serial": block.last_serial,
        }

    return context().database.transact(give)


@blueprint.route("/receipt-blocks/<prefix>/holder", methods=["PUT"])
@requires(Permission.MANAGE_DEVICES)
@blueprint.arguments(wire.BookHolderWrite)
@blueprint.response(204)
def move_book(asked: Answer, code: str, prefix: str) -> None:
    """Give a counter's block or a paper book to another enrolment; a phone's own block never moves"""

    def move(connection: Connection) -> None:
        _must_exist(connection, code, asked["device_id"])
        receipt_books.move_book(connection, code, prefix, asked["device_id"])

    context().database.transact(move)


@blueprint.route("/devices/<uuid:device_id>/receipt-gaps", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.GapWrite)
@blueprint.response(201, wire.GapSchema)
def explain_gap(asked: Answer, code: str, device_id: UUID) -> Answer:
    """Say why receipt numbers were never used; they stay used up"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()

    def explain(connection: Connection) -> Answer:
        _must_exist(connection, code, str(device_id))
        return receipt_books.explain_gap(
            connection, code, str(device_id), asked, key=key, author_id=author_id, now=now
        )

    return context().database.transact(explain)


def _must_exist(connection: Connection, code: str, device_id: str) -> None:
    if enrolment_of(connection, code, device_id) is None:
        abort(404)
