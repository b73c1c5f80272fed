"""What passes between billing and the office: files in, files out, answers and tie-outs."""

from marshmallow import fields, validate

from infra.limits import LIST_ROWS_MAX
from models.kinds import SAFE_INTEGER_MAX, Day, Id, Words
from schemas.base import StrictSchema
from schemas.fields import MESSAGES
from schemas.query import PlainInteger, optional
from schemas.stored import COUNT, ENTRY, PAISA, StoredJson, described, moment, needed, words


class ImportNameQuery(StrictSchema):
    """What the file is called where it comes from."""

    name = described(optional(Words(120)), "The file's name, for people who look for it later.")


class ImportFileSchema(StrictSchema):
    """A file of billing's, how far it was taken in, and what became of its rows."""

    id = needed(Id())
    kind = words()
    name = words()
    sha256 = words()
    byte_count = needed(COUNT)
    row_count = needed(COUNT)
    lines_done = described(needed(COUNT), "The last line whose row was looked at.")
    stored = needed(COUNT)
    unchanged = needed(COUNT)
    refused = needed(COUNT)
    padded = described(needed(COUNT), "Rows whose account got its leading zeros back.")
    state = words("reading or done")
    author_id = words()
    begun_at = moment()
    moved_at = moment()


class RefusedRowSchema(StrictSchema):
    """A row that could not be stored: its line, the reason for each column, and its text."""

    line_no = needed(COUNT)
    errors = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    text = words("The line as it came.")


class ExportSchema(StrictSchema):
    """One numbered file of postings, with its control totals and its hash."""

    file_no = needed(COUNT)
    first_entry = needed(ENTRY)
    last_entry = needed(ENTRY)
    row_count = needed(COUNT)
    debit_paisa = needed(PAISA)
    credit_paisa = needed(PAISA)
    previous_sha256 = words("The hash of the file before, so that none can be missing.")
    sha256 = words()
    made_at = moment()
    made_by = words()


class ExportsMadeSchema(StrictSchema):
    """The files that were due."""

    made = fields.List(fields.Nested(ExportSchema), required=True)


class ResendWrite(StrictSchema):
    """Postings that billing has rejected and should have again."""

    posting_ids = fields.List(
        needed(Words(60)),
        required=True,
        validate=validate.Length(1, LIST_ROWS_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": f"At most LIST_ROWS_MAX = {LIST_ROWS_MAX}."},
    )


class ResentSchema(StrictSchema):
    """How many go out again; those that were on their way already are not counted."""

    sent_again = needed(COUNT)


class AnswersTakenSchema(StrictSchema):
    """What became of billing's answers."""

    sha256 = words()
    accepted = needed(COUNT)
    rejected = needed(COUNT)
    errors = StoredJson(
        required=True, metadata={"type": "object", "description": "Line → why it says nothing."}
    )
    taken_at = moment()


class TieOutQuery(StrictSchema):
    """What billing's figures stand for."""

    as_of = described(needed(Day()), "The date of billing's figures.")
    export_number = PlainInteger(
        required=True,
        validate=validate.Range(0, SAFE_INTEGER_MAX, error="out_of_range {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": "The last file of ours that billing had taken in; 0: none."},
    )


class TieOutSchema(StrictSchema):
    """One comparison of billing's dues with our control account."""

    id = needed(Id())
    as_of = words()
    export_number = needed(COUNT)
    account_count = needed(COUNT)
    billing_paisa = needed(PAISA)
    ours_paisa = needed(PAISA)
    unsent_paisa = described(needed(PAISA), "What our books hold beyond: no difference.")
    difference_count = needed(COUNT)
    made_at = moment()
    made_by = words()


class DifferenceSchema(StrictSchema):
    """A consumer about whom the two sides differ."""

    account_no = words()
    billing_paisa = needed(PAISA)
    ours_paisa = needed(PAISA)
    difference_paisa = needed(PAISA)
    cause = words("rejected, not_answered, …, unexplained")
