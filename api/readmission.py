"""A phone that a restored database has forgotten comes back by what it was given before (ruling 8)."""

from typing import Any

from flask import Response
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.enrolment import enrolment_answer, restore_device, with_certificates
from auth.access import public
from auth.blocks import Block
from auth.cards import card_at, enrolment_of
from auth.certificates import (
    ENROLMENT,
    RECEIPT_BLOCK,
    Words,
    read_certificate,
    readmit_bytes,
)
from auth.enrolment import Enrolled
from auth.errors import EnrolmentEnded, ReadmissionRefused, StaffInactive
from auth.proofs import from_base64url, proven
from auth.sealing import public_text
from infra.ids import digest
from models.device import DeviceState
from schemas.identity import EnrolledSchema, ReadmitWrite
from sync.writing import lock_head

blueprint = Blueprint(
    "readmission", __name__, url_prefix="/api/v1", description="Phones after a restore"
)
Answer = dict[str, Any]


@blueprint.after_request
def _keep_no_copy(response: Response) -> Response:
    """Tokens and secrets must not stay in a cache (RFC 6749 §5.1)."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/devices/readmit", methods=["POST"])
@public
@blueprint.arguments(ReadmitWrite)
@blueprint.response(200, EnrolledSchema)
def readmit(asked: Answer) -> Answer:
    """Let a phone in again whose enrolment, tokens or receipt numbers a restore has forgotten

    Only in another epoch than the one that the phone knows; may be repeated.
    """
    # 1. Before the database: we signed it, and whoever brings it is the phone that it names.
    words = _certified_phone(asked)
    secret = from_base64url(asked["receipt_secret"])
    if secret is None or digest(asked["receipt_secret"]) != words["receipt_secret_sha256"]:
        raise ReadmissionRefused
    given = [_certified_block(text, words) for text in asked["receipt_blocks"]]
    ibc_id, device_id, now = words["ibc"], words["device_id"], context().now()

    def admit(connection: Connection) -> Answer:
        # 2. Was there a restore? In the life that it knows a phone refreshes.
        if lock_head(connection, ibc_id).epoch == asked["epoch"]:
            raise ReadmissionRefused
        # 3. Is it trusted today, as far as the restored database knows?
        enrolment = enrolment_of(connection, ibc_id, device_id)
        if enrolment is not None and (
            enrolment.state is not DeviceState.ACTIVE or enrolment.public_key != words["public_key"]
        ):
            raise EnrolmentEnded
        card = card_at(connection, words["staff_id"], ibc_id)
        if card is None:
            raise StaffInactive
        # 4. What the database lacks of it, and a sign-in.
        known = enrolment is not None
        enrolled = Enrolled(ibc_id=ibc_id, device_id=device_id, card=card, repeated=known)
        restore_device(
            connection, enrolled, words["public_key"], secret=secret, given=given, now=now
        )
        return enrolment_answer(connection, context().keys, enrolled, now=now)

    parts = context().parts
    return with_certificates(
        context().database.transact(admit),
        parts.server_key,
        public_text(parts.outbox_key),
        words["public_key"],
    )


def _certified_phone(asked: Answer) -> Words:
    words = read_certificate(_server(), asked["certificate"], ENROLMENT)
    signed = readmit_bytes(
        certificate=asked["certificate"],
        refresh_token=asked["refresh_token"],
        epoch=asked["epoch"],
    )
    if words is None or not proven(words["public_key"], asked["proof"], signed):
        raise ReadmissionRefused
    return words


def _certified_block(text: str, phone: Words) -> Block:
    words = read_certificate(_server(), text, RECEIPT_BLOCK)
    if words is None or (words["ibc"], words["device_id"]) != (phone["ibc"], phone["device_id"]):
        raise ReadmissionRefused
    return Block(words["prefix"], words["first_serial"], words["last_serial"])


def _server() -> str:
    return context().parts.witnesses.public_key
