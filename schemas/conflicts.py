"""The desk: conflict cases with both their sides, and what people do with them."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from infra.limits import BULK_CASES_MAX
from models.kinds import Id, Words
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of
from schemas.stored import (
    COUNT,
    POSITION,
    VERSION,
    StoredJson,
    described,
    moment,
    needed,
    nullable,
    words,
)

NOTE = Words(500, lines=True)
NAME = Words(60)
CHOICES = ["ours", "theirs", "value"]


def choice(words_: list[str]) -> fields.String:
    return fields.String(
        required=True,
        validate=validate.OneOf(words_, error="not_one_of {choices}"),
        error_messages=MESSAGES,
        metadata={
            "description": "`ours`: the server's value as it stands; `theirs`: the phone's; "
            "`value`: the one given."
        },
    )


class ChoiceWrite(StrictSchema):
    """Whose value of one field stands."""

    choice = choice(CHOICES)
    value = fields.Raw(allow_none=True, metadata={"description": "With `value` only."})

    @validates_schema(skip_on_field_errors=True)
    def check_value(self, values: dict[str, Any], **_kwargs: Any) -> None:
        """A value is given when, and only when, the choice is `value`."""
        if (values["choice"] == "value") != ("value" in values):
            raise ValidationError({"value": ["required" if "value" not in values else "invalid"]})


class ResolveWrite(StrictSchema):
    """A choice for each field in conflict; two facts that met have none, only what was done."""

    fields_ = fields.Dict(
        keys=field_of(NAME, required=True, nullable=False),
        values=fields.Nested(ChoiceWrite),
        data_key="fields",
        load_default=dict,
        error_messages=MESSAGES,
    )
    note = described(field_of(NOTE, required=False, nullable=False), "The phone is told it too.")


class NoteWrite(StrictSchema):
    """Why."""

    note = needed(NOTE)


class AssignWrite(StrictSchema):
    """Whose work it is from now on."""

    assignee_id = needed(Id())


class SeenCaseWrite(StrictSchema):
    """A case as the person saw it: what its ETag says."""

    id = needed(Id())
    version = needed(VERSION)


class BulkWrite(StrictSchema):
    """The same choice for every field of several cases."""

    cases = fields.List(
        fields.Nested(SeenCaseWrite),
        required=True,
        validate=validate.Length(1, BULK_CASES_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": f"At most BULK_CASES_MAX = {BULK_CASES_MAX}."},
    )
    choice = choice(["ours", "theirs"])
    note = field_of(NOTE, required=False, nullable=False)


class ConflictFoundSchema(StrictSchema):
    """A case as the list shows it."""

    id = needed(Id())
    kind = words()
    severity = needed(COUNT)
    state = words()
    owner_role = words()
    assignee_id = words(null=True)
    opened_at = moment()
    due_at = moment()
    age_ms = needed(COUNT)
    subject_entity = words()
    subject_id = words()
    mutation_id = words(null=True)
    account_no = words(null=True)


class SideSchema(StrictSchema):
    """Who wrote a side of it, and when."""

    author_id = words()
    officer_id = words(null=True)
    occurred_at = moment(null=True)
    received_at = moment(null=True)


class FieldInConflictSchema(StrictSchema):
    """One field, side by side."""

    field = words()
    base_value = fields.Raw(required=True, allow_none=True)
    server_value = fields.Raw(
        required=True, allow_none=True, metadata={"description": "When the case was opened."}
    )
    device_value = fields.Raw(required=True, allow_none=True)
    now_value = fields.Raw(
        required=True, allow_none=True, metadata={"description": "What `ours` leaves standing."}
    )
    server_side = fields.Nested(SideSchema, required=True, allow_none=True)


class CaseActionSchema(StrictSchema):
    """One step of a case's history."""

    version = needed(VERSION)
    action = words()
    state = words("Where the case stood after it.")
    by_id = words(null=True)
    by_role = words()
    at = moment()
    assignee_id = words(null=True)
    chosen = StoredJson(required=True, allow_none=True)
    note = words(null=True)
    log_seq = nullable(POSITION)


class ConflictSchema(ConflictFoundSchema):
    """A case with both its sides and its whole history."""

    seen_version = described(needed(VERSION), "What If-Match names; also the ETag.")
    why = words(null=True)
    base_version = nullable(POSITION)
    server_version = described(nullable(POSITION), "The record's version when it was opened.")
    record_version = described(nullable(POSITION), "The record's version now.")
    fields_ = fields.List(
        fields.Nested(FieldInConflictSchema), required=True, data_key="fields", attribute="fields"
    )
    device_side = fields.Nested(SideSchema, required=True, allow_none=True)
    other_id = words("The other fact, where two facts met.", null=True)
    history = fields.List(fields.Nested(CaseActionSchema), required=True)


class SettledSchema(StrictSchema):
    """What became of one case of a bulk."""

    id = needed(Id())
    outcome = words("resolved, proposed, stale, refused or unknown.")
    errors = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class BulkSettledSchema(StrictSchema):
    """What became of each, in the order in which they were asked."""

    items = fields.List(fields.Nested(SettledSchema), required=True)
