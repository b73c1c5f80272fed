"""The sync protocol over HTTP: everything that can be checked before the database, then one call (docs/protocol.md)."""

from typing import Any

import orjson
from flask import Response, request

from api.blueprint import Blueprint
from api.body import unpacked_body
from api.context import context
from auth.access import requires
from auth.principals import Principal
from auth.roles import Permission
from infra.clock import Milliseconds, rfc3339
from infra.limits import PAGE_CHANGES_MAX
from models.versions import PROTOCOL, READ_LEAST
from schemas.envelope import (
    ExchangedSchema,
    ExchangeSchema,
    PullSchema,
    PushedSchema,
)
from schemas.query import PullQuerySchema
from sync.cursor import worth_keeping
from sync.handin import is_signed_by
from sync.intake import Exchange, read_exchange
from sync.mutation import Author, Origin
from sync.older import cursor_for, how_to_update, must_read, page_for, unread
from sync.parcel import Carried, Parcel, Pushed
from sync.pull import Page, Reader, pull, quiet_page

blueprint = Blueprint("sync", __name__, url_prefix="/api/v1", description="Phones push and pull")
JSON = "application/json"


class PhoneNeeded(Exception):
    """Only an enrolled phone pushes and pulls: a desk has no chain, no scope and no IBC of its own."""


@blueprint.route("/sync", methods=["POST"])
@requires(Permission.HANDIN)
@blueprint.doc(requestBody={"content": {JSON: {"schema": ExchangeSchema}}})
@blueprint.response(200, ExchangedSchema)
def exchange() -> Response:
    """Push what the phone recorded and pull what changed, in one round trip"""
    now = context().now()
    asked = read_exchange(unpacked_body(), now)
    pushed = _push(asked, now)
    page = _page(asked)
    witness = context().parts.witnesses.of(str(context().principal.ibc_id), now=now)
    seen = orjson.dumps({"witness": witness} | _problem(asked.protocol))[1:-1] + b","
    return _json(page.json(now, before=_pushed_members(pushed) + seen))


@blueprint.route("/sync/push", methods=["POST"])
@requires(Permission.HANDIN)
@blueprint.doc(requestBody={"content": {JSON: {"schema": ExchangeSchema}}})
@blueprint.response(200, PushedSchema)
def push_only() -> Response:
    """Push what the phone recorded: one outcome for each mutation, in order"""
    now = context().now()
    pushed = _push(read_exchange(unpacked_body(), now), now)
    head = {"epoch": pushed.epoch, "server_time": rfc3339(now)}
    return _json(orjson.dumps(head)[:-1] + b"," + _pushed_members(pushed)[:-1] + b"}")


@blueprint.route("/sync/pull", methods=["GET"])
@requires(Permission.HANDIN)
# An instance: making the schema anew for each poll cost a tenth of it.
@blueprint.arguments(PullQuerySchema(), location="query", unknown=None)
@blueprint.response(200, PullSchema)
def pull_only(asked: dict[str, Any]) -> Response:
    """Pull what changed since the cursor

    With `If-None-Match: "<cursor>"` the answer is 304 when there is nothing to tell.
    """
    must_read(asked["protocol"])
    page = _pull(asked.get("cursor"), asked["limit"], asked["pending"], asked["protocol"])
    quiet = not (page.count or page.more or page.leaving or page.dropped or page.orders)
    if quiet and page.cursor in request.if_none_match:
        return _with_etag(Response(status=304), page)
    return _with_etag(_json(page.json(context().now())), page)


def phone_principal() -> Principal:
    """Who asks, when it is a phone. Errors: PhoneNeeded."""
    principal = context().principal
    if principal.device_id is None:
        raise PhoneNeeded(PhoneNeeded.__doc__)
    return principal


def _push(asked: Exchange, now: Milliseconds) -> Pushed:
    principal = phone_principal()
    carried = Carried(
        trusted=is_active(principal),
        signed=_is_signed(principal, asked),
        clock_offset_ms=asked.clock - now if asked.clock is not None else None,
        app=asked.app,
        pending=asked.pending,
        cursor=worth_keeping(asked.cursor),
    )
    author = Author(
        id=str(principal.device_id), origin=Origin.DEVICE, officer_id=principal.staff_id
    )
    parcel = Parcel(author, asked.mutations, carried)
    pushed = context().parts.pushes.push(str(principal.ibc_id), parcel, now)
    if pushed.logged:
        context().ring("books", str(principal.ibc_id))
    return pushed


def _page(asked: Exchange) -> Page:
    """The other half of an exchange. Who is too old to read is told only what to do."""
    limit, pending = asked.limit or PAGE_CHANGES_MAX, asked.pending or 0
    if asked.protocol < READ_LEAST:
        return unread(_pull(None, 1, pending), asked.cursor)
    return _pull(asked.cursor, limit, pending, asked.protocol)


def _problem(protocol: int) -> dict[str, Any]:
    """Why there is nothing to read, beside outcomes that must arrive for the outbox to empty."""
    if protocol >= READ_LEAST:
        return {}
    return {"problem": {"type": "/problems/outdated", "do": "update-app", "how": how_to_update()}}


def _pull(cursor: str | None, limit: int, pending: int, protocol: int = PROTOCOL) -> Page:
    """A page in the words of the phone's version; the feed's own are passed on as bytes."""
    page = _newest(cursor_for(cursor, protocol), limit, pending)
    return page if protocol == PROTOCOL else page_for(page, protocol)


def _newest(cursor: str | None, limit: int, pending: int) -> Page:
    principal = phone_principal()
    reader = Reader(
        ibc_id=str(principal.ibc_id),
        device_id=str(principal.device_id),
        officer_id=principal.staff_id,
        revoked=not is_active(principal),
    )
    database = context().database
    if cursor:
        with database.glance() as connection:
            quiet = quiet_page(connection, reader, cursor, pending=pending)
        if quiet:
            return quiet
    with database.read() as connection:
        return pull(connection, reader, cursor, limit=limit, pending=pending)


def is_active(principal: Principal) -> bool:
    """Whether what the phone brings is trusted and it may read: its officer may sync, here, now."""
    return principal.may(Permission.SYNC, ibc_id=principal.ibc_id)


def _is_signed(principal: Principal, asked: Exchange) -> bool | None:
    """Does the device's own key sign the end of the chain in this request? (protocol 1)

    None when it claims nothing: what becomes of that, its chain decides (decision 0014).
    """
    if not asked.mutations or asked.head is None:
        return None
    return is_signed_by(principal.public_key, asked.head, asked.mutations[-1])


def _pushed_members(pushed: Pushed) -> bytes:
    """`"safe_seq": …, "outcomes": […], "missing": […],` to go inside an answer."""
    outcomes = {
        "safe_seq": pushed.safe_seq,
        "outcomes": [outcome.wire() for outcome in pushed.outcomes],
        "missing": pushed.missing,
    }
    return orjson.dumps(outcomes)[1:-1] + b","


def _json(body: bytes) -> Response:
    response = Response(body, content_type=JSON)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _with_etag(response: Response, page: Page) -> Response:
    response.set_etag(page.cursor)
    return response
