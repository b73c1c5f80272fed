"""How enrolling, signing in and being somebody look on the wire."""

from typing import Any, get_args

from marshmallow import fields, validate

from models.kinds import Id, Moment, PublicKey, StaffNo, Whole, Words
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of

BASE64URL = r"[A-Za-z0-9_-]{%d}"
SIGNATURE = Words(86, 86, pattern=BASE64URL % 86, sample="A" * 86)
"""64 bytes of Ed25519 signature in base64url without padding."""
SECRET = Words(43, 43, pattern=BASE64URL % 43, sample="A" * 43)
"""32 bytes in base64url without padding."""
PUBLIC_KEY, STAFF_NO = get_args(PublicKey)[-1], get_args(StaffNo)[-1]
CODE = Words(16, 8, pattern=r"[0-9A-Za-z -]{8,16}", sample="7QK2M9ZT")
"""As a person types it: any case, spaces and dashes allowed."""
PIN = Words(8, 4, pattern=r"[0-9]{4,8}", sample="4711")
PASSWORD = Words(128)
CERTIFICATE = Words(1_000, 1, pattern=r"[A-Za-z0-9_-]{1,900}\.[A-Za-z0-9_-]{86}")
EPOCH = Words(64, 1, pattern=r"[A-Za-z0-9-]{1,64}")
BLOCKS_MAX = 50
"""Certificates of receipt blocks that a phone shows at once: 25,000 receipts."""
SIGNED = {"description": "Signed by the installation: auth/certificates.py."}
SECONDS = Whole(1, 86_400, "s")
SERIAL = Whole(1, 999_999, "serial")


def _needed(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=True, nullable=False)


def _nullable(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=True, nullable=True)


class EnrolWrite(StrictSchema):
    """A phone asks to become an officer's device; `proof` is described in auth/proofs.py."""

    code = _needed(CODE)
    staff_no = _needed(STAFF_NO)
    pin = _needed(PIN)
    device_id = _needed(Id())
    public_key = _needed(PUBLIC_KEY)
    proof = _needed(SIGNATURE)


class RefreshWrite(StrictSchema):
    """Exchange a refresh token; phones add their signature."""

    refresh_token = _needed(SECRET)
    proof = field_of(SIGNATURE, required=False, nullable=False)


class SignInWrite(StrictSchema):
    """A person at a desk."""

    staff_no = _needed(STAFF_NO)
    password = _needed(PASSWORD)


class SignOutWrite(StrictSchema):
    """End the sign-in that this token continues."""

    refresh_token = _needed(SECRET)


class EnrolmentCodeWrite(StrictSchema):
    """For whom a code is made."""

    staff_id = _needed(Id())


class EnrolmentCodeSchema(StrictSchema):
    """A code to read out, or to show to the phone's camera; it is shown once."""

    code = _needed(CODE)
    link = fields.String(required=True)
    """The app's own address with staff number and code behind the #, which no server is sent."""
    qr_svg = fields.String(required=True)
    """`link` as a QR picture."""
    staff_id = _needed(Id())
    expires_at = _needed(Moment())


class TokensSchema(StrictSchema):
    """What continues a sign-in."""

    access_token = fields.String(required=True)
    expires_in_s = _needed(SECONDS)
    refresh_token = _needed(SECRET)


class StaffBriefSchema(StrictSchema):
    """A person as a screen greets them."""

    id = _needed(Id())
    staff_no = _needed(STAFF_NO)
    name = fields.String(required=True)
    name_ur = fields.String(required=True)


class ReceiptBlockSchema(StrictSchema):
    """Receipt numbers `prefix-<six digits>` that this device may print."""

    prefix = fields.String(required=True)
    first_serial = _needed(SERIAL)
    last_serial = _needed(SERIAL)
    certificate = fields.String(required=True, metadata=SIGNED)


class EnrolledSchema(TokensSchema):
    """Everything a phone needs to begin."""

    device_id = _needed(Id())
    ibc = fields.String(required=True)
    staff = fields.Nested(StaffBriefSchema, required=True)
    receipt_secret = _needed(SECRET)
    receipt_block = fields.Nested(ReceiptBlockSchema, required=True)
    certificate = fields.String(required=True, metadata=SIGNED)
    outbox_key = _needed(PUBLIC_KEY)
    epoch = fields.String(required=True)
    server_time = _needed(Moment())


class ReadmitWrite(StrictSchema):
    """A phone that a restored database does not know shows what it was given."""

    certificate = _needed(CERTIFICATE)
    receipt_secret = _needed(SECRET)
    receipt_blocks = fields.List(
        _needed(CERTIFICATE),
        required=True,
        validate=validate.Length(max=BLOCKS_MAX, error="too_many {max}"),
        error_messages=MESSAGES,
    )
    epoch = _needed(EPOCH)
    refresh_token = _needed(SECRET)
    proof = _needed(SIGNATURE)


class CardSchema(StrictSchema):
    """What a person is at one IBC."""

    ibc = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    permissions = fields.List(fields.String(), required=True)


class MeSchema(StrictSchema):
    """Who is asking, as the server sees it now."""

    staff = fields.Nested(StaffBriefSchema, required=True)
    cards = fields.List(fields.Nested(CardSchema), required=True)
    device_id = _nullable(Id())
    device_state = fields.String(required=True, allow_none=True)
