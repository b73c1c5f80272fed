"""What a first download and a comparison look like on the wire (docs/protocol.md, 8 and 9)."""

from marshmallow import fields, validate

from models.kinds import SAFE_INTEGER_MAX, Whole
from models.versions import PROTOCOL
from schemas.base import StrictSchema
from schemas.envelope import VERSION, EntityChangesSchema
from schemas.fields import MESSAGES, field_of
from schemas.query import PlainInteger

BUCKETS = 64


class ManifestQuerySchema(StrictSchema):
    """In whose words a phone wants its first download."""

    protocol = PlainInteger(
        load_default=PROTOCOL,
        validate=validate.Range(1, PROTOCOL, error="out_of_range {min} {max}"),
    )


class PartSchema(StrictSchema):
    """One file of a first download."""

    url = fields.String(required=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)
    records = fields.Integer(required=True)


class ManifestSchema(StrictSchema):
    """The files of a first download, in the order in which they are loaded."""

    epoch = fields.String(required=True)
    cursor = fields.String(required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)


class BucketSchema(StrictSchema):
    """One of 64 buckets of what a phone holds."""

    count = field_of(Whole(0, SAFE_INTEGER_MAX, "records"), required=True, nullable=False)
    digest = fields.String(
        required=True,
        validate=validate.Regexp(r"[0-9a-f]{32}\Z", error="wrong_form"),
        error_messages=MESSAGES,
    )


class CompareSchema(StrictSchema):
    """What a phone holds, in buckets by record id."""

    protocol = field_of(VERSION, required=False, nullable=False)
    epoch = fields.String(required=True, allow_none=True, error_messages=MESSAGES)
    cursor = fields.String(allow_none=True, error_messages=MESSAGES)
    buckets = fields.List(
        fields.Nested(BucketSchema),
        required=True,
        validate=validate.Length(BUCKETS, BUCKETS, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
    )


class ComparedSchema(StrictSchema):
    """What is not equal, and rows that make it so."""

    epoch = fields.String(required=True)
    equal = fields.Boolean(required=True)
    differ = fields.List(fields.Integer(), required=True)
    sent = fields.List(fields.Integer(), required=True)
    changes = fields.Dict(keys=fields.String(), values=fields.Nested(EntityChangesSchema))
    more = fields.Boolean(required=True)
