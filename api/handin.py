"""An outbox that came by another carrier: write-only, and open to the device's signature alone (ruling 8)."""

from typing import Any

from flask import Response

from api.blueprint import Blueprint
from api.body import bounded, unpacked, unpacked_body
from api.context import context
from auth.access import carried
from auth.cards import card_at, enrolment_of
from auth.roles import Permission, permissions_of
from auth.sealing import opened
from infra.clock import rfc3339
from infra.strict_json import loads
from infra.tenancy import within
from models.device import DeviceState
from schemas.envelope import HandedInSchema, HandinSchema
from sync import device_life
from sync.handin import Handin, is_whole, read_handin
from sync.mutation import Author, Origin
from sync.parcel import Carried
from sync.push import push

blueprint = Blueprint(
    "handin", __name__, url_prefix="/api/v1", description="Outboxes by any carrier"
)
JSON = "application/json"
BY_ITSELF = "itself"
"""The carrier of a hand-in without a good token: whoever it was, only the signature counted."""


class HandinRefused(Exception):
    """The run is not signed by the device that it names, or has a hole; export the outbox again."""


@blueprint.route("/sync/handin", methods=["POST"])
@carried
@blueprint.doc(requestBody={"content": {JSON: {"schema": HandinSchema}}})
@blueprint.response(200, HandedInSchema)
def hand_in() -> dict[str, Any] | Response:
    """Take in a device's exported outbox, from anybody: the author is the device that signed it

    The answer says that it has arrived, never what became of it. Again is harmless.
    """
    now = context().now()
    handin = read_handin(_opened(unpacked_body()), now)
    # 1. Whose is it? An unknown device, another's key and a hole look alike.
    author, trusted = _author(handin)
    # 2. Its mutations land in its own IBC, wherever the carrier belongs (ruling 7).
    carrier = context().carrier
    how = Carried(trusted=trusted, signed=True, carrier=carrier.staff_id if carrier else BY_ITSELF)
    with within(handin.ibc_id):
        pushed = push(context().database, handin.ibc_id, author, handin.mutations, now, how)
    if pushed.logged:
        context().ring("books", handin.ibc_id)
    by_itself = carrier is None or carrier.device_id == handin.device_id
    return {
        "device_id": handin.device_id,
        "received": sum(outcome.id is not None for outcome in pushed.outcomes),
        "missing": pushed.missing,
        # Whose token is dead hears of its orders here (ruling 14); a carrier has no need to.
        "orders": _orders(handin, ended=not trusted) if by_itself else [],
        "server_time": rfc3339(now),
    }


def _opened(raw: bytes) -> bytes:
    """What a file held: packed, then sealed for this installation. Errors: HandinRefused, NotGzip."""
    asked = loads(raw)
    if type(asked) is not dict or "sealed" not in asked:
        return raw
    sealed = asked["sealed"]
    packed = opened(context().parts.outbox_key, sealed) if type(sealed) is str else None
    if packed is None:
        raise HandinRefused("The file was not sealed for this server, or was damaged.")
    return bounded(unpacked(packed))


def _orders(handin: Handin, *, ended: bool) -> list[str]:
    with context().database.read() as connection:
        return device_life.orders_at(
            connection, handin.ibc_id, handin.device_id, handin.head["seq"], ended=ended
        )


def _author(handin: Handin) -> tuple[Author, bool]:
    """The device that signed it, and whether it is trusted today. Errors: HandinRefused."""
    with context().database.read() as connection:
        device = enrolment_of(connection, handin.ibc_id, handin.device_id)
        card = card_at(connection, device.staff_id, handin.ibc_id) if device else None
    if device is None or not is_whole(handin, device.public_key):
        raise HandinRefused(HandinRefused.__doc__)
    may_sync = card is not None and Permission.SYNC in permissions_of(card.roles)
    author = Author(id=device.device_id, origin=Origin.DEVICE, officer_id=device.staff_id)
    return author, may_sync and device.state is DeviceState.ACTIVE
