"""Enrol a phone, sign in, refresh, sign out, and say who one is (docs/protocol.md, identity)."""

from typing import Any, TypeVar

import segno
from flask import Response, request
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.enrolment import (
    brief,
    create_device,
    enrolment_answer,
    token_pair,
    with_certificates,
)
from auth import credentials, enrolment, proofs, refresh
from auth.access import public, requires
from auth.cards import Card, enrolment_of
from auth.errors import AuthError, DeviceUnknown, ProofRefused
from auth.keys import Keys, keys_of
from auth.principals import Principal
from auth.roles import Permission
from auth.sealing import public_text
from infra.clock import rfc3339
from models.device import DeviceState
from schemas.identity import (
    EnrolledSchema,
    EnrolmentCodeSchema,
    EnrolmentCodeWrite,
    EnrolWrite,
    MeSchema,
    RefreshWrite,
    SignInWrite,
    SignOutWrite,
    TokensSchema,
)
from sync.device_life import end_device

blueprint = Blueprint("identity", __name__, url_prefix="/api/v1", description="Who is asking")
Answer = dict[str, Any]
Granted = TypeVar("Granted")


@blueprint.after_request
def _keep_no_copy(response: Response) -> Response:
    """Tokens, secrets and codes must not stay in a cache (RFC 6749 §5.1)."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/devices/enrol", methods=["POST"])
@public
@blueprint.arguments(EnrolWrite)
@blueprint.response(201, EnrolledSchema)
def enrol_device(asked: Answer) -> Answer:
    """Turn a phone into an officer's device

    May be repeated with the same code and key while the code lives: a lost answer comes again.
    """
    # 1. Before the database: the key is a key, and whoever asks holds it.
    proofs.check_public_key(asked["public_key"])
    names = ("code", "device_id", "public_key", "staff_no")
    signed = proofs.enrol_bytes(**{name: asked[name] for name in names})
    if not proofs.proven(asked["public_key"], asked["proof"], signed):
        raise ProofRefused

    # 2. Before the transaction: Argon2 takes 31 ms, and all writers would wait for it.
    pin = _checked(asked["staff_no"], credentials.Proof.PIN, asked["pin"])

    # 3. One transaction: the code is used, the device exists, the sign-in begins.
    keys, now = _keys(), context().now()

    def enrol(connection: Connection) -> Answer | AuthError:
        enrolled = enrolment.use_code(
            connection,
            keys,
            code=asked["code"],
            pin=pin,
            public_key=asked["public_key"],
            device_id=asked["device_id"],
            now=now,
        )
        if isinstance(enrolled, AuthError):
            return enrolled
        if not enrolled.repeated:
            create_device(connection, enrolled, asked["public_key"], now=now)
        return enrolment_answer(connection, keys, enrolled, now=now)

    answer = _granted(context().database.transact(enrol))
    parts = context().parts
    outbox_key = public_text(parts.outbox_key)
    return with_certificates(answer, parts.server_key, outbox_key, asked["public_key"])


@blueprint.route("/auth/refresh", methods=["POST"])
@public
@blueprint.arguments(RefreshWrite)
@blueprint.response(200, TokensSchema)
def refresh_tokens(asked: Answer) -> Answer:
    """Exchange a refresh token for a new pair; the last exchange may be repeated

    A phone adds `proof`, its signature over this token (auth/proofs.py).
    """
    keys, now = _keys(), context().now()

    def rotate(connection: Connection) -> refresh.SignIn | AuthError:
        token, proof = asked["refresh_token"], asked.get("proof")
        return refresh.rotate(connection, keys, token=token, proof=proof, now=now)

    return token_pair(keys, _granted(context().database.transact(rotate)), now=now)


@blueprint.route("/auth/sign-in", methods=["POST"])
@public
@blueprint.arguments(SignInWrite)
@blueprint.response(200, TokensSchema)
def sign_in_at_a_desk(asked: Answer) -> Answer:
    """Sign in with staff number and password"""
    password = _checked(asked["staff_no"], credentials.Proof.PASSWORD, asked["password"])
    keys, now = _keys(), context().now()

    def sign_in(connection: Connection) -> refresh.SignIn | AuthError:
        staff_id = credentials.sign_in(connection, password, now=now)
        if isinstance(staff_id, AuthError):
            return staff_id
        return refresh.begin(connection, staff_id=staff_id, now=now)

    return token_pair(keys, _granted(context().database.transact(sign_in)), now=now)


@blueprint.route("/auth/sign-out", methods=["POST"])
@public
@blueprint.arguments(SignOutWrite)
@blueprint.response(204)
def sign_out(asked: Answer) -> None:
    """End a sign-in, its access tokens included; ending it twice is the same as once"""
    token, now = asked["refresh_token"], context().now()
    context().database.transact(lambda connection: refresh.end(connection, token, now=now))


@blueprint.route("/ibcs/<code>/enrolment-codes", methods=["POST"])
@requires(Permission.MANAGE_DEVICES)
@blueprint.arguments(EnrolmentCodeWrite)
@blueprint.response(201, EnrolmentCodeSchema)
def create_enrolment_code(asked: Answer, code: str) -> Answer:
    """Make a one-time code for an officer's phone; it is shown once and lives for a day"""
    keys, now, staff_id = _keys(), context().now(), asked["staff_id"]
    created_by = context().principal.staff_id

    def create(connection: Connection) -> enrolment.NewCode:
        return enrolment.create_code(
            connection, keys, ibc_id=code, staff_id=staff_id, created_by=created_by, now=now
        )

    made = context().database.transact(create)
    link = f"{request.url_root}field/#enrol/{made.staff_no}/{made.code}"
    return {
        "code": made.code,
        "link": link,
        "qr_svg": segno.make_qr(link).svg_inline(scale=4),
        "staff_id": staff_id,
        "expires_at": rfc3339(made.expires_at),
    }


@blueprint.route("/ibcs/<code>/devices/<device_id>/revoke", methods=["POST"])
@requires(Permission.MANAGE_DEVICES)
@blueprint.response(204)
def revoke_device(code: str, device_id: str) -> None:
    """Trust a phone no longer; it may still hand in what it holds; acts within two seconds"""
    author_id, now = context().principal.staff_id, context().now()

    def revoke(connection: Connection) -> None:
        device = enrolment_of(connection, code, device_id)
        if device is None:
            raise DeviceUnknown
        if device.state is DeviceState.ACTIVE:
            end_device(
                connection, code, device_id, DeviceState.REVOKED, author_id=author_id, now=now
            )

    context().database.transact(revoke)


@blueprint.route("/me", methods=["GET"])
@requires(Permission.READ_SELF)
@blueprint.response(200, MeSchema)
def who_am_i() -> Answer:
    """The person, cards and rights behind this access token, as they are now"""
    principal = context().principal
    return {
        "staff": brief(principal.cards[0]),
        "cards": [_rights(principal, card) for card in principal.cards],
        "device_id": principal.device_id,
        "device_state": principal.device_state,
    }


def _checked(staff_no: str, proof: credentials.Proof, secret: str) -> credentials.Checked:
    with context().database.read() as connection:
        known = credentials.find(connection, staff_no)
    return credentials.check(known, proof, secret)


def _granted(outcome: Granted | AuthError) -> Granted:
    """Raise a refusal now, after what it counts or revokes has been committed."""
    if isinstance(outcome, AuthError):
        raise outcome
    return outcome


def _keys() -> Keys:
    return keys_of(context().settings.secret_key)


def _rights(principal: Principal, card: Card) -> Answer:
    return {
        "ibc": card.ibc_id,
        "roles": sorted(card.roles),
        "permissions": sorted(principal.permissions_at(card.ibc_id)),
    }
