"""Custody over HTTP: handovers, drawers, surprise counts, losses, receipts that the office writes."""

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
from schemas import custody as wire
from schemas.query import StateQuery
from sync import counter, custody, custody_reading, losses

blueprint = Blueprint(
    "custody", __name__, url_prefix="/api/v1/ibcs/<code>", description="Cash between hand and safe"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]
KEYED = {"parameters": [KEY_PARAMETER]}
SEEN = {"parameters": [VERSION_PARAMETER]}
KEYED_AND_SEEN = {"parameters": [KEY_PARAMETER, VERSION_PARAMETER]}

SESSIONS = Listing(
    name="sessions", row=wire.SessionRowSchema, order=("business_date", "id"), start=("", "")
)
HANDOVERS = Listing(
    name="handovers", row=wire.HandoverRowSchema, order=("session_date", "id"), start=("", "")
)


@serves(blueprint, "/custody/sessions", SESSIONS, StateQuery, Permission.READ_CUSTODY)
def list_sessions(asked: Asked, code: str) -> Page:
    """Sessions with what they hold, and how near to the ceiling that is"""
    return _page(custody_reading.sessions, asked, code)


@serves(blueprint, "/handovers", HANDOVERS, StateQuery, Permission.HANDLE_CASH)
def list_handovers(asked: Asked, code: str) -> Page:
    """Handovers; what was offered is kept back until there is a second count"""
    return _page(custody_reading.handovers, asked, code)


@blueprint.route("/handovers", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.TakeWrite)
@blueprint.response(201, wire.TakenSchema, headers=ETAG_HEADER)
def take_handover(asked: Asked, code: str) -> Answer:
    """Take cash whose count the officer's phone has not sent: provisional"""

    def take(connection: Connection, **who: Any) -> Mapping[str, Any]:
        made = custody.take_without_offer(connection, code, asked=asked, **who)
        return custody.taken(connection, code, *made)

    return _made(take, 201)


@blueprint.route("/handovers/offer", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.OfferWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def offer_handover(asked: Asked, code: str) -> Answer:
    """A teller counts the drawer blind and offers it to a colleague"""
    return _made(lambda c, **who: _named(custody.offer(c, code, asked=asked, **who)), 201)


@blueprint.route("/handovers/<uuid:handover_id>/accept", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.arguments(wire.CountWrite)
@blueprint.response(200, wire.TakenSchema, headers=ETAG_HEADER)
def accept_handover(asked: Asked, code: str, handover_id: UUID) -> Answer:
    """The second count: what is short or over is said only now"""
    name, version = str(handover_id), version_seen()

    def accept(connection: Connection, **who: Any) -> Mapping[str, Any]:
        after = custody.accept(connection, code, name, asked=asked, version=version, **who)
        return custody.taken(connection, code, name, after)

    return _made(accept, 200)


@blueprint.route("/handovers/<uuid:handover_id>/reject", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.arguments(wire.ReasonWrite)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def reject_handover(asked: Asked, code: str, handover_id: UUID) -> Answer:
    """Send an offer back, with the reason"""
    return _answered(code, handover_id, "rejected", asked["reason"])


@blueprint.route("/handovers/<uuid:handover_id>/settle", methods=["POST"])
@requires(Permission.WATCH_CUSTODY)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.arguments(wire.ReasonWrite)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def settle_handover(asked: Asked, code: str, handover_id: UUID) -> Answer:
    """A count that the officer disputed stands, with the reason"""
    return _answered(code, handover_id, "agreed", asked["reason"])


def _answered(code: str, handover_id: UUID, state: str, reason: str) -> Answer:
    name, version = str(handover_id), version_seen()

    def answer(connection: Connection, **who: Any) -> Mapping[str, Any]:
        after = custody.answer_offer(
            connection, code, name, state=state, reason=reason, version=version, **who
        )
        return {"id": name, "version": after}

    return _made(answer, 200)


@blueprint.route("/custody/drawers", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.DrawerWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def open_drawer(asked: Asked, code: str) -> Answer:
    """Open one's drawer of today with its float and its own receipt numbers"""
    paisa = asked["opening_paisa"]
    return _made(
        lambda c, **who: _named(custody.open_drawer(c, code, opening_paisa=paisa, **who)), 201
    )


@blueprint.route("/custody/receipts", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.CounterReceiptWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def take_at_the_counter(asked: Asked, code: str) -> Answer:
    """Take money at the counter, on a receipt of one's own drawer"""
    return _made(lambda c, **who: _named((counter.take(c, code, asked=asked, **who), 1)), 201)


@blueprint.route("/custody/rebuilt-receipts", methods=["POST"])
@requires(Permission.MAKE_DECISION)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.RebuildWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def rebuild_receipt(asked: Asked, code: str) -> Answer:
    """A payer shows the receipt of a phone that is gone: it posts once, under its own number"""
    return _made(lambda c, **who: _named((counter.rebuild(c, code, asked=asked, **who), 1)), 201)


@blueprint.route("/custody/sessions/<uuid:session_id>/surprise-counts", methods=["POST"])
@requires(Permission.WATCH_CUSTODY)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.SurpriseWrite)
@blueprint.response(201, wire.SurpriseSchema)
def count_by_surprise(asked: Asked, code: str, session_id: UUID) -> Any:
    """Count somebody's cash unannounced: an event, not an edit"""

    def count(connection: Connection, **who: Any) -> Mapping[str, Any]:
        count_id = custody.count_by_surprise(
            connection,
            code,
            str(session_id),
            counted=asked["counted"],
            note=asked.get("note"),
            **who,
        )
        return custody_reading.one(connection, code, "surprise_count", count_id) or {}

    return _made(count, 201)


@blueprint.route("/custody/sessions/<uuid:session_id>/ceiling", methods=["POST"])
@requires(Permission.WATCH_CUSTODY)
@blueprint.doc(**SEEN)
@blueprint.arguments(wire.CeilingWrite)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def set_ceiling(asked: Asked, code: str, session_id: UUID) -> Answer:
    """How much its holder may have at once, from now on"""
    author_id, now, version = context().principal.staff_id, context().now(), version_seen()
    after = context().database.transact(
        lambda connection: custody.set_ceiling(
            connection,
            code,
            str(session_id),
            author_id=author_id,
            ceiling_paisa=asked["ceiling_paisa"],
            version=version,
            now=now,
        )
    )
    return {"id": str(session_id), "version": after}, 200, etag(after)


@blueprint.route("/losses", methods=["POST"])
@requires(Permission.REPORT_LOST)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.LossWrite)
@blueprint.response(201, wire.LossSchema, headers=ETAG_HEADER)
def report_loss(asked: Asked, code: str) -> Answer:
    """Robbed, or lost without fault: the cash is under inquiry, the phones are trusted no longer"""
    return _made(lambda c, **who: losses.report(c, code, asked=asked, **who), 201)


@blueprint.route("/losses/<uuid:report_id>/fir", methods=["POST"])
@requires(Permission.REPORT_LOST)
@blueprint.doc(**SEEN)
@blueprint.arguments(wire.FirWrite)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def note_fir(asked: Asked, code: str, report_id: UUID) -> Answer:
    """The number of the police report"""
    author_id, now, version = context().principal.staff_id, context().now(), version_seen()
    after = context().database.transact(
        lambda connection: losses.note_fir(
            connection,
            code,
            str(report_id),
            author_id=author_id,
            fir_no=asked["fir_no"],
            version=version,
            now=now,
        )
    )
    return {"id": str(report_id), "version": after}, 200, etag(after)


def _made(act: Callable[..., Mapping[str, Any]], status: int) -> Answer:
    """Run one keyed act in a transaction, and wake the books for what follows."""
    who = {
        "key": idempotency_key(),
        "author_id": context().principal.staff_id,
        "now": context().now(),
    }
    made = context().database.transact(lambda connection: act(connection, **who))
    return made, status, etag(made["version"]) if "version" in made else {}


def _named(made: tuple[str, int]) -> Mapping[str, Any]:
    return {"id": made[0], "version": made[1]}


def _page(read: Callable[..., Any], asked: Asked, code: str) -> Page:
    def page(connection: Connection, after: Place, limit: int) -> Any:
        return read(connection, code, state=asked.get("state"), after=after, limit=limit)

    return page


acted, named, page_of = _made, _named, _page
