"""Statements on the wire: sources and their mappings, files and how far they came, statements and lines."""

from typing import Any, get_args

from marshmallow import ValidationError, fields, validate, validates_schema

from infra.catalogue import message
from models import ENTITIES
from models.declaration import Owner
from models.kinds import SAFE_INTEGER_MAX, AccountNo, Code, Id, OneOf
from models.statement import StatementNo
from models.statement_source import SourceKindWord
from schemas.base import StrictSchema
from schemas.query import ListQuery, PlainInteger, one_of, optional
from schemas.records import write_schema
from schemas.stored import COUNT, PAISA, VERSION, StoredJson, moment, needed, nullable, words

SOURCE = ENTITIES["statement_source"]
CODE, NUMBER = get_args(Code)[-1], get_args(StatementNo)[-1]
ACCOUNT_NO = get_args(AccountNo)[-1]
FILE_STATES = ["waiting", "reading", "stored", "refused"]

StatementSourceWrite: Any = write_schema(SOURCE, Owner.OFFICE)


def balance(which: str) -> fields.Field[Any]:
    return PlainInteger(
        validate=validate.Range(
            -SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, error="out_of_range {min} {max}"
        ),
        metadata={"description": f"The {which} balance in paisa, when the file does not say it."},
    )


class StatementQuery(StrictSchema):
    """Whose file it is, and what it does not say itself."""

    source = needed(CODE)
    statement_no = optional(NUMBER)
    opening_paisa = balance("opening")
    closing_paisa = balance("closing")

    @validates_schema(skip_on_field_errors=True)
    def check_both(self, values: dict[str, Any], **_kwargs: Any) -> None:
        """Balances are said both or not at all."""
        if ("opening_paisa" in values) != ("closing_paisa" in values):
            raise ValidationError({"closing_paisa": ["required"]})


class FaultSchema(StrictSchema):
    """Why a file is refused: where, by which key of the catalogue, and in words."""

    line = needed(COUNT)
    error = words("Key of the message catalogue with its values.")
    column = words("Heading of the column, field or element; missing when it is the whole line.")
    column.required = False


class StatementFileSchema(StrictSchema):
    """A file that was sent, and how far its import has come."""

    id = needed(Id())
    source = words("The source's code.")
    sha256 = words()
    byte_count = needed(COUNT)
    sent_by = words()
    sent_at = moment()
    state = fields.String(required=True, validate=one_of(FILE_STATES))
    lines_read = needed(COUNT)
    lines_stored = needed(COUNT)
    lines_repeated = needed(COUNT)
    faults = StoredJson(required=True, metadata={"description": "A list of line, error, column."})
    statement_ids = StoredJson(
        required=True,
        metadata={"description": "The statements that have its lines, by whichever file."},
    )
    ended_at = moment(null=True)


class StatementSeenSchema(StrictSchema):
    """A statement, and how much of it is explained."""

    id = needed(Id())
    source = words("The source's code.")
    kind = needed(OneOf(SourceKindWord))
    statement_no = words(null=True)
    from_on = words()
    to_on = words()
    opening_paisa = nullable(PAISA)
    closing_paisa = nullable(PAISA)
    total_paisa = needed(PAISA)
    fee_paisa = needed(PAISA)
    line_count = needed(COUNT)
    repeated_count = needed(COUNT)
    matched_count = needed(COUNT)


class StatementLineSchema(StrictSchema):
    """One booking, and the match that holds it."""

    id = needed(Id())
    ordinal = needed(COUNT)
    file_line = needed(COUNT)
    booked_on = words()
    value_on = words(null=True)
    amount_paisa = needed(PAISA)
    fee_paisa = needed(PAISA)
    reference = words()
    narration = words()
    account_no = nullable(ACCOUNT_NO)
    txn_id = words(null=True)
    returned = needed(COUNT)
    match_id = nullable(Id())
    match_rule = words(null=True)


class StatementSourceSavedSchema(StrictSchema):
    """A source with its mapping."""

    id = needed(Id())
    version = needed(VERSION)
    code = words()
    name = words()
    kind = words()
    format = words()
    bank_account = words()
    provider = words(null=True)
    account = words(null=True)
    columns = StoredJson(required=True, allow_none=True)
    delimiter = words()
    date_form = words()
    pads_account_no = fields.Boolean(required=True)
    newest_first = fields.Boolean(required=True)
    fee_bp = needed(COUNT)
    fee_each_paisa = needed(PAISA)
    tolerance_paisa = needed(PAISA)
    active = fields.Boolean(required=True)


class StatementsQuery(ListQuery):
    """Which statements."""

    source = optional(CODE)


class StatementLinesQuery(ListQuery):
    """Which lines of a statement."""

    state = fields.String(validate=one_of(["open", "matched"]))


class StatementFilesQuery(ListQuery):
    """Which files."""

    state = fields.String(validate=one_of(FILE_STATES))


def worded(faults: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Faults with their sentences in both languages."""
    return [fault | {"message": message(fault["error"])} for fault in faults]
