"""What passes between billing and the office: files in, files out, answers and tie-outs."""

from marshmallow import fields

from models.kinds import Id, Words
from schemas.base import StrictSchema
from schemas.query import optional
from schemas.stored import COUNT, described, moment, needed, words


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
