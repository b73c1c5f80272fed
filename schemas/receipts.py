"""How a printed receipt is asked about: what stands on the paper in, one word out."""

from typing import get_args

from marshmallow import fields, validate

from models.kinds import AccountNo, Moment, PositivePaisa, ReceiptNo, VerifyCode
from schemas.base import StrictSchema
from schemas.stored import needed, nullable

ANSWERS = [
    *("genuine_received", "genuine_not_received_yet"),
    *("not_genuine", "void", "issued_after_revocation"),
]


class VerifyWrite(StrictSchema):
    """Exactly what is printed; an unknown payer's account is null."""

    no = needed(get_args(ReceiptNo)[-1])
    account_no = nullable(get_args(AccountNo)[-1])
    amount_paisa = needed(get_args(PositivePaisa)[-1])
    at = needed(Moment())
    code = needed(get_args(VerifyCode)[-1])


class VerifiedSchema(StrictSchema):
    """Whether it is genuine and has arrived; no name and no debt, ever."""

    answer = fields.String(required=True, validate=validate.OneOf(ANSWERS))
