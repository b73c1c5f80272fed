"""How phones, their blocks and their health look on the wire."""

from typing import get_args

from marshmallow import fields, validate

from models.kinds import Id, Note, OneOf, ReceiptNo, Whole
from models.receipt_gap import GapReasonWord
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of
from schemas.identity import SERIAL, ReceiptBlockSchema
from schemas.stored import COUNT, moment, needed, nullable, words

OFFSET = Whole(-(2**53), 2**53, "ms")


class NextBlockSchema(StrictSchema):
    """The block to print from when the present one is used up; the same until it is nearly used."""

    receipt_block = fields.Nested(ReceiptBlockSchema, required=True)


class ExplainedSchema(StrictSchema):
    """Unused numbers of which somebody of the office has said why."""

    first = words()
    last = words()
    reason = words()


class BlockUseSchema(StrictSchema):
    """One block's numbers: used, void, and missing below the last that was used."""

    prefix = words()
    kind = words()
    first_serial = needed(SERIAL)
    last_serial = needed(SERIAL)
    issued_at = moment()
    used = needed(COUNT)
    last_used = words(null=True)
    void = fields.List(fields.String(), required=True)
    missing = fields.List(fields.List(fields.String()), required=True)
    missing_count = needed(COUNT)
    explained = fields.List(fields.Nested(ExplainedSchema), required=True)


class BookWrite(StrictSchema):
    """Which kind of book is given beside the phone's own block."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(["counter", "paper"], error="not_one_of {choices}"),
        error_messages=MESSAGES,
    )


class BookSchema(StrictSchema):
    """Receipt numbers `prefix-<six digits>` for a counter or a paper book."""

    prefix = words()
    kind = words()
    first_serial = needed(SERIAL)
    last_serial = needed(SERIAL)


class BookHolderWrite(StrictSchema):
    """The enrolment that keys the book's receipts in from now on."""

    device_id = needed(Id())


class GapWrite(StrictSchema):
    """Why numbers of one block, from the first to the last, were never used."""

    first = needed(get_args(ReceiptNo)[-1])
    last = needed(get_args(ReceiptNo)[-1])
    reason = needed(OneOf(GapReasonWord))
    note = field_of(get_args(Note)[-1], required=False, nullable=True)


class GapSchema(StrictSchema):
    """The explanation as it was kept."""

    prefix = words()
    first_serial = needed(SERIAL)
    last_serial = needed(SERIAL)
    reason = words()
    note = words(null=True)
    explained_by = needed(Id())


class LostSchema(StrictSchema):
    """What is known of a lost phone: numbers that arrived, and those that may be on paper outside."""

    device_id = needed(Id())
    state = words()
    blocks = fields.List(fields.Nested(BlockUseSchema), required=True)
    pending = nullable(COUNT)
    last_seen_at = moment(null=True)
    missing_mutations = fields.List(fields.Integer(), required=True)


class FleetSchema(StrictSchema):
    """One phone, as it said and as we saw it when it was last here."""

    device_id = needed(Id())
    public_label = words()
    staff_no = words(null=True)
    staff_name = words(null=True)
    state = words()
    last_seen_at = moment("When it last exchanged.", null=True)
    pending = nullable(COUNT)
    pending_since = moment("Since when its outbox has not been empty.", null=True)
    app_version = words(null=True)
    clock_offset_ms = nullable(OFFSET)
    refused = needed(COUNT)
    held = needed(COUNT)
    gaps = fields.List(fields.List(fields.Integer()), required=True)
    signs = fields.Boolean(required=True)
    wipe = words("ordered, done, or null.", null=True)


class OrderWrite(StrictSchema):
    """What a phone is asked to do at its next exchange."""

    order = fields.String(
        required=True,
        validate=validate.OneOf(["update_app", "send_log"], error="not_one_of {choices}"),
        error_messages=MESSAGES,
    )


class WipedWrite(StrictSchema):
    """The phone says that it has deleted everything."""

    through_seq = needed(Whole(0, 2**53 - 1, "mutations"))
