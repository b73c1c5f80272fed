"""Slips, what the bank did with them, and adjustments, over HTTP."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.custody import KEYED, KEYED_AND_SEEN, Answer, acted, named, page_of
from api.lists import Listing, Page, serves
from api.preconditions import ETAG_HEADER, version_seen
from auth.access import requires
from auth.roles import Permission
from schemas import custody as wire
from schemas.query import StateQuery
from sync import adjustments, clearing, custody_reading, deposits

blueprint = Blueprint(
    "deposits",
    __name__,
    url_prefix="/api/v1/ibcs/<code>",
    description="Between the safe and the bank, and money that moves by decision alone",
)
Asked = Mapping[str, Any]

DEPOSITS = Listing(
    name="deposits", row=wire.DepositRowSchema, order=("deposited_on", "id"), start=("", "")
)
INSTRUMENTS = Listing(
    name="instruments", row=wire.InstrumentRowSchema, order=("state", "id"), start=("", "")
)
ADJUSTMENTS = Listing(
    name="adjustments", row=wire.AdjustmentRowSchema, order=("state", "id"), start=("", "")
)


@serves(blueprint, "/deposits", DEPOSITS, StateQuery, Permission.READ_EXCEPTIONS)
def list_deposits(asked: Asked, code: str) -> Page:
    """Slips by date, with where each is"""
    return page_of(custody_reading.deposits, asked, code)


@serves(blueprint, "/instruments", INSTRUMENTS, StateQuery, Permission.READ_EXCEPTIONS)
def list_instruments(asked: Asked, code: str) -> Page:
    """Cheques, pay orders and wallet claims, with where each is"""
    return page_of(custody_reading.instruments, asked, code)


@serves(blueprint, "/adjustments", ADJUSTMENTS, StateQuery, Permission.READ_EXCEPTIONS)
def list_adjustments(asked: Asked, code: str) -> Page:
    """Waivers, recoveries and write-offs, with everybody who signed"""
    return page_of(custody_reading.adjustments, asked, code)


@blueprint.route("/deposits", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.DepositWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def prepare_deposit(asked: Asked, code: str) -> Answer:
    """Make up a slip of cash by its notes, or of cheques"""
    return acted(lambda c, **who: named(deposits.prepare(c, code, asked=asked, **who)), 201)


@blueprint.route("/deposits/<uuid:deposit_id>/at-bank", methods=["POST"])
@requires(Permission.HANDLE_CASH)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.arguments(wire.BringWrite)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def bring_deposit(asked: Asked, code: str, deposit_id: UUID) -> Answer:
    """The bag has left: cash in transit, cheques in clearing"""
    name, version = str(deposit_id), version_seen()

    def bring(connection: Connection, **who: Any) -> Mapping[str, Any]:
        photo = asked["photo_sha256"]
        after = deposits.bring(connection, code, name, photo_sha256=photo, version=version, **who)
        return {"id": name, "version": after}

    return acted(bring, 200)


@blueprint.route("/clearings", methods=["POST"])
@requires(Permission.CLEAR)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.ClearingWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def record_clearing(asked: Asked, code: str) -> Answer:
    """Put down what the bank or an agency did; it is in the books when this answers"""
    return acted(lambda c, **who: named(clearing.record(c, code, asked=asked, **who)), 201)


@blueprint.route("/adjustments", methods=["POST"])
@requires(Permission.MAKE_DECISION)
@blueprint.doc(**KEYED)
@blueprint.arguments(wire.AdjustmentWrite)
@blueprint.response(201, wire.MadeSchema, headers=ETAG_HEADER)
def propose_adjustment(asked: Asked, code: str) -> Answer:
    """Propose a waiver, a recovery or a write-off"""
    return acted(lambda c, **who: named(adjustments.propose(c, code, asked=asked, **who)), 201)


@blueprint.route("/adjustments/<uuid:adjustment_id>/approve", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def approve_adjustment(code: str, adjustment_id: UUID) -> Answer:
    """Sign what others proposed, within the limit of one's role"""
    return _settled(code, adjustment_id, approves=True)


@blueprint.route("/adjustments/<uuid:adjustment_id>/reject", methods=["POST"])
@requires(Permission.APPROVE_DECISION)
@blueprint.doc(**KEYED_AND_SEEN)
@blueprint.response(200, wire.MadeSchema, headers=ETAG_HEADER)
def reject_adjustment(code: str, adjustment_id: UUID) -> Answer:
    """Reject what others proposed; nothing is posted"""
    return _settled(code, adjustment_id, approves=False)


def _settled(code: str, adjustment_id: UUID, *, approves: bool) -> Answer:
    name, version = str(adjustment_id), version_seen()

    def settle(connection: Connection, **who: Any) -> Mapping[str, Any]:
        after = adjustments.settle(
            connection, code, name, approves=approves, version=version, **who
        )
        return {"id": name, "version": after}

    return acted(settle, 200)
