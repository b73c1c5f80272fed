"""Rounds: how they come along, and how a supervisor plans and moves them."""

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
from schemas import decisions as write_wire
from schemas import office as wire
from schemas.query import ListQuery, RoundsQuery
from sync import regrouping, round_phones, round_reading, rounds

blueprint = Blueprint(
    "rounds", __name__, url_prefix="/api/v1/ibcs/<code>", description="Rounds and their stops"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

ROUNDS = Listing(
    name="rounds", row=wire.RoundProgressSchema, order=("business_date", "id"), start=("", "")
)
PHONES = Listing(name="round_phones", row=wire.RoundPhoneSchema, order=("device_id",), start=("",))
STOPS = Listing(name="stops", row=wire.RoundStopSchema, order=("walk_order", "id"), start=(-1, ""))


@serves(blueprint, "/rounds", ROUNDS, RoundsQuery, Permission.READ_ROUNDS)
def list_rounds(asked: Asked, code: str) -> Page:
    """Rounds with what was planned, visited, skipped, paid and collected"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return round_reading.rounds(
            connection,
            code,
            business_date=asked.get("business_date"),
            state=asked.get("state"),
            after=(after[0], after[1]),
            limit=limit,
        )

    return page


@serves(blueprint, "/rounds/<uuid:round_id>/stops", STOPS, ListQuery, Permission.READ_ROUNDS)
def list_stops(_asked: Asked, code: str, round_id: UUID) -> Page:
    """The doors of a round in walking order"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        if not round_reading.round_exists(connection, code, str(round_id)):
            abort(404)
        place = (after[0], after[1])
        return round_reading.stops(connection, code, str(round_id), after=place, limit=limit)

    return page


@serves(blueprint, "/rounds/<uuid:round_id>/phones", PHONES, ListQuery, Permission.READ_ROUNDS)
def list_phones(_asked: Asked, code: str, round_id: UUID) -> Page:
    """Which phones still hold a round: those of its officer, and of who had it before"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        if not round_reading.round_exists(connection, code, str(round_id)):
            abort(404)
        return round_phones.phones_of_round(
            connection, code, str(round_id), after=after[0], limit=limit
        )

    return page


@blueprint.route("/rounds", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(write_wire.RoundWrite)
@blueprint.response(201, write_wire.RoundMadeSchema, headers=ETAG_HEADER)
def plan_round(asked: Asked, code: str) -> Answer:
    """Plan a round with its stops"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: rounds.plan(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    return made, 201, etag(made["version"])


@blueprint.route("/rounds/<uuid:round_id>/state", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(write_wire.RoundStateWrite)
@blueprint.response(200, write_wire.RoundMadeSchema, headers=ETAG_HEADER)
def move_round(asked: Asked, code: str, round_id: UUID) -> Answer:
    """Assign, reassign, cancel, settle, reopen or close a round"""
    version, author_id, now = version_seen(), context().principal.staff_id, context().now()
    moved = context().database.transact(
        lambda c: rounds.move(
            c, code, str(round_id), author_id=author_id, fields=asked, version=version, now=now
        )
    )
    return moved, 200, etag(moved["version"])


@blueprint.route("/rounds/<uuid:round_id>/split", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.doc(parameters=[KEY_PARAMETER, VERSION_PARAMETER])
@blueprint.arguments(write_wire.RoundSplitWrite)
@blueprint.response(201, write_wire.RoundMadeSchema, headers=ETAG_HEADER)
def split_round(asked: Asked, code: str, round_id: UUID) -> Answer:
    """Give doors that nobody has reached to another officer, as a round of his own"""
    key, version = idempotency_key(), version_seen()
    author_id, now = context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: regrouping.split(
            c,
            code,
            str(round_id),
            key=key,
            author_id=author_id,
            asked=asked,
            version=version,
            now=now,
        )
    )
    return made, 201, etag(made["version"])


@blueprint.route("/rounds/<uuid:round_id>/withdraw", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(write_wire.RoundWithdrawWrite)
@blueprint.response(200, write_wire.RoundMadeSchema, headers=ETAG_HEADER)
def withdraw_stops(asked: Asked, code: str, round_id: UUID) -> Answer:
    """Take doors off a round: their consumers leave the officer's phone"""
    version, author_id, now = version_seen(), context().principal.staff_id, context().now()
    stop_ids = asked["stops"]
    left = context().database.transact(
        lambda c: regrouping.withdraw(
            c,
            code,
            str(round_id),
            author_id=author_id,
            stop_ids=stop_ids,
            version=version,
            now=now,
        )
    )
    return left, 200, etag(left["version"])


@blueprint.route("/consumers/move", methods=["POST"])
@requires(Permission.MANAGE_ROUNDS)
@blueprint.arguments(write_wire.ConsumersMoveWrite)
@blueprint.response(200, write_wire.ConsumersMovedSchema)
def move_consumers(asked: Asked, code: str) -> Mapping[str, Any]:
    """Put consumers into another area; again moves nobody"""
    author_id, now = context().principal.staff_id, context().now()
    moved = context().database.transact(
        lambda c: regrouping.move_consumers(
            c,
            code,
            author_id=author_id,
            accounts=asked["accounts"],
            area_id=asked["area_id"],
            now=now,
        )
    )
    return {"moved": moved}
