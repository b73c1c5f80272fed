"""How the files of records look to the office."""

from models.kinds import SAFE_INTEGER_MAX, Id, Whole
from schemas.base import StrictSchema
from schemas.stored import moment, needed, nullable, words

FILE_BYTES = Whole(1, SAFE_INTEGER_MAX, "bytes")
PIXELS = Whole(1, SAFE_INTEGER_MAX, "pixels")


class AttachmentFoundSchema(StrictSchema):
    """A file that an officer says belongs to a record, and how far it has come."""

    id = needed(Id())
    owner_entity = words()
    owner_id = needed(Id())
    position = needed(Whole(1, 99, "place among the record's files"))
    officer_id = needed(Id())
    sha256 = words("Of the bytes as the phone had them.")
    bytes = needed(FILE_BYTES)
    content_type = words("What it is, once it is stored; until then what the phone says.")
    taken_at = moment("By the phone's clock.")
    received_at = moment("When the reference arrived.")
    state = words("`expected`, `stored` or `refused`.")
    refused_because = words("A message key.", null=True)
    width = nullable(PIXELS)
    height = nullable(PIXELS)
