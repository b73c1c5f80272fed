"""Phones and their receipt numbers: what a phone asks for itself, and what the office sees and orders."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.enrolment import certified_block
from api.lists import Listing, Page, Place, serves
from auth.access import requires
from auth.cards import enrolment_of
from auth.roles import Permission
from models.device import DeviceState
from schemas import devices as wire
from schemas.query import DevicesQuery, ListQuery
from sync import device_life
from sync.device_life import Order
from sync.receipt_numbers import block_rows, further_block

phones = Blueprint("phones", __name__, url_prefix="/api/v1/devices", description="A phone's own")
blueprint = Blueprint(
    "devices", __name__, url_prefix="/api/v1/ibcs/<code>", description="The fleet of phones"
)
Answer = Mapping[str, Any]
FLEET = Listing(name="devices", row=wire.FleetSchema, order=("device_id",), start=("",))
BLOCKS = Listing(name="receipts", row=wire.BlockUseSchema, order=("prefix",), start=("",))


@phones.route("/receipt-blocks", methods=["POST"])
@requires(Permission.SYNC)
@phones.response(200, wire.NextBlockSchema)
def next_block() -> Answer:
    """The block to print from next: a new one when at most 30 % of the newest are left

    Push first: what counts as used is what has arrived. Again answers the same block.
    """
    principal, now = context().principal, context().now()
    block = context().database.transact(
        lambda c: further_block(c, str(principal.ibc_id), str(principal.device_id), now=now)
    )
    ibc, device_id = str(principal.ibc_id), str(principal.device_id)
    return {"receipt_block": certified_block(context().parts.server_key, ibc, device_id, block)}


@phones.route("/wiped", methods=["POST"])
@requires(Permission.HANDIN)
@phones.arguments(wire.WipedWrite)
@phones.response(204)
def wiped(asked: Answer) -> None:
    """The phone says that it has deleted everything; twice is the same as once"""
    principal, now = context().principal, context().now()
    if principal.device_id is None:
        abort(403)
    context().database.transact(
        lambda c: device_life.note_wiped(
            c,
            str(principal.ibc_id),
            str(principal.device_id),
            through_seq=asked["through_seq"],
            now=now,
        )
    )


@serves(blueprint, "/devices", FLEET, DevicesQuery, Permission.READ_FLEET)
def list_devices(asked: Answer, code: str) -> Page:
    """Every phone: last sync, outbox, app version, clock offset, refused rows, gaps, state"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        state = asked.get("state")
        return device_life.fleet(connection, code, state=state, after=after[0], limit=limit)

    return page


@serves(blueprint, "/devices/<uuid:device_id>/receipts", BLOCKS, ListQuery, Permission.READ_FLEET)
def list_receipts(_asked: Answer, code: str, device_id: UUID) -> Page:
    """A phone's blocks of receipt numbers: used, void, and missing"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        _must_exist(connection, code, str(device_id))
        return block_rows(connection, code, str(device_id), after=after[0], limit=limit)

    return page


@blueprint.route("/devices/<uuid:device_id>/lost", methods=["POST"])
@requires(Permission.REPORT_LOST)
@blueprint.response(200, wire.LostSchema)
def report_lost(code: str, device_id: UUID) -> Answer:
    """A phone is lost or robbed: it is trusted no longer, and its receipt numbers are listed"""
    author_id, now, name = context().principal.staff_id, context().now(), str(device_id)

    def lose(connection: Connection) -> Answer:
        if _must_exist(connection, code, name) is not DeviceState.LOST:
            device_life.end_device(
                connection, code, name, DeviceState.LOST, author_id=author_id, now=now
            )
        return device_life.what_is_lost(connection, code, name)

    return context().database.transact(lose)


@blueprint.route("/devices/<uuid:device_id>/orders", methods=["POST"])
@requires(Permission.MANAGE_DEVICES)
@blueprint.arguments(wire.OrderWrite)
@blueprint.response(204)
def order_device(asked: Answer, code: str, device_id: UUID) -> None:
    """Ask a phone to update its app or to send its log at its next exchange"""

    def order(connection: Connection) -> None:
        _must_exist(connection, code, str(device_id))
        device_life.give_order(connection, code, str(device_id), Order(asked["order"]))

    context().database.transact(order)


def _must_exist(connection: Connection, code: str, device_id: str) -> DeviceState:
    device = enrolment_of(connection, code, device_id)
    if device is None:
        abort(404)
    return device.state
