"""The envelopes of the sync protocol (docs/protocol.md, one exchange)."""

from marshmallow import fields, validate

from infra.limits import PAGE_CHANGES_MAX
from models.kinds import SAFE_INTEGER_MAX, Id, Moment, Whole
from models.versions import PROTOCOL
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of

SEQ = Whole(1, SAFE_INTEGER_MAX, "mutations")
VERSION = Whole(1, PROTOCOL, "version")
HASH = r"[0-9a-f]{64}"
PREV_CHARS_MAX = 64


def _text(chars_max: int, *, required: bool = False) -> fields.String:
    length = validate.Length(0, chars_max, error="wrong_length {min} {max}")
    return fields.String(required=required, validate=length, error_messages=MESSAGES)


class MutationSchema(StrictSchema):
    """One edit of one record by a device."""

    id = field_of(Id(), required=True, nullable=False)
    seq = field_of(SEQ, required=True, nullable=False)
    prev = _text(PREV_CHARS_MAX)
    entity = fields.String(required=True, error_messages=MESSAGES)
    op = fields.String(
        required=True,
        validate=validate.OneOf(["put", "delete"], error="unknown_op"),
        error_messages=MESSAGES,
    )
    record_id = field_of(Id(), required=True, nullable=False)
    base_version = field_of(SEQ, required=False, nullable=True)
    occurred_at = field_of(Moment(), required=True, nullable=False)
    fields = fields.Dict(required=True, error_messages=MESSAGES)  # type: ignore[assignment]  # marshmallow takes it off


class DeviceReportSchema(StrictSchema):
    """How the phone says it is doing; the clock is measured by it and orders nothing."""

    clock = field_of(Moment(), required=False, nullable=False)
    app = _text(40)
    pending = field_of(Whole(0, 1_000_000, "mutations"), required=False, nullable=False)


class HeadSchema(StrictSchema):
    """The end of the device's chain in this request, signed with its key."""

    seq = field_of(SEQ, required=True, nullable=False)
    hash = fields.String(
        required=True,
        validate=validate.Regexp(rf"{HASH}\Z", error="wrong_form"),
        error_messages=MESSAGES,
    )
    signature = _text(100, required=True)


class ExchangeSchema(StrictSchema):
    """A request of /sync or /sync/push, without its mutations."""

    protocol = field_of(VERSION, required=False, nullable=False)
    epoch = fields.String(allow_none=True, error_messages=MESSAGES)
    cursor = fields.String(allow_none=True, error_messages=MESSAGES)
    limit = field_of(Whole(1, PAGE_CHANGES_MAX, "changes"), required=False, nullable=False)
    device = fields.Nested(DeviceReportSchema, allow_none=True)
    head = fields.Nested(HeadSchema, allow_none=True)


class HandinSchema(StrictSchema):
    """Another device's outbox: one unbroken run of its mutations, signed by it at the end."""

    ibc = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Z0-9_-]{1,16}\Z", error="wrong_form"),
        error_messages=MESSAGES,
    )
    device_id = field_of(Id(), required=True, nullable=False)
    protocol = field_of(VERSION, required=False, nullable=False)
    head = fields.Nested(HeadSchema, required=True)


class HandedInSchema(StrictSchema):
    """That it has arrived, and nothing of what became of it: the device asks for that itself."""

    device_id = fields.String(required=True)
    received = fields.Integer(required=True)
    missing = fields.List(fields.Integer(), required=True)
    orders = fields.List(fields.String(), required=True)
    server_time = fields.String(required=True)


class OutcomeSchema(StrictSchema):
    """What became of one mutation at once."""

    id = fields.String(required=True, allow_none=True)
    outcome = fields.String(
        required=True,
        validate=validate.OneOf(["applied", "merged", "conflict", "held", "waiting", "rejected"]),
    )
    version = fields.Integer()
    code = fields.String()
    errors = fields.Dict(keys=fields.String(), values=fields.Dict())
    exception_id = fields.String()
    conflict_id = fields.String()
    replayed = fields.Boolean(required=True)


class EntityChangesSchema(StrictSchema):
    """The changes of one entity: a header of field names, rows as arrays in that order."""

    fields_ = fields.List(fields.String(), data_key="fields", required=True)
    put = fields.List(fields.List(fields.Raw(allow_none=True)), required=True)
    drop = fields.List(fields.List(fields.String()), required=True)


class PullSchema(StrictSchema):
    """A page of changes."""

    epoch = fields.String(required=True)
    server_time = fields.String(required=True)
    changes = fields.Dict(keys=fields.String(), values=fields.Nested(EntityChangesSchema))
    leaving = fields.List(fields.String(), required=True)
    dropped = fields.List(fields.String(), required=True)
    cursor = fields.String(required=True)
    more = fields.Boolean(required=True)
    orders = fields.List(fields.String(), required=True)
    retry_after_s = fields.Integer(required=True)


class PushedSchema(StrictSchema):
    """What became of a push."""

    epoch = fields.String(required=True)
    server_time = fields.String(required=True)
    safe_seq = fields.Integer(required=True)
    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True)
    missing = fields.List(fields.Integer(), required=True)


class WitnessSchema(StrictSchema):
    """Where the IBC's log stood, signed: a device keeps it, and a rewritten log contradicts it."""

    ibc = fields.String(required=True)
    seq = fields.Integer(required=True)
    hash = fields.String(required=True)
    at = fields.String(required=True)
    signature = fields.String(required=True)


class LogHeadSchema(StrictSchema):
    """A witness, and the key that it is signed with."""

    witness = fields.Nested(WitnessSchema, required=True)
    public_key = fields.String(required=True)


class UpdateSchema(StrictSchema):
    """Told to an app that is too old to read, and may still hand in."""

    type = fields.String(required=True)
    do = fields.String(required=True)
    how = fields.Dict(required=True, keys=fields.String(), values=fields.String())


class ExchangedSchema(PullSchema):
    """The answer of one exchange: outcomes, then the changes."""

    witness = fields.Nested(WitnessSchema, required=True)
    problem = fields.Nested(UpdateSchema)
    safe_seq = fields.Integer(required=True)
    outcomes = fields.List(fields.Nested(OutcomeSchema), required=True)
    missing = fields.List(fields.Integer(), required=True)
