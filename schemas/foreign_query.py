"""What foreign clients ask by, with the numbers that JavaScript spells `null` and `undefined`."""

import re

from marshmallow import fields, validate

from infra.limits import PAGE_CHANGES_MAX
from schemas.base import StrictSchema

RXDB_BATCH_USUAL = 100
NOTHING_YET = frozenset({"", "0", "null", "undefined"})
"""How clients say that they have never pulled."""
POSITION = re.compile(r"[0-9]{1,16}", re.ASCII)


class WatermelonPullSchema(StrictSchema):
    """A pull of WatermelonDB's synchronize()."""

    last_pulled_at = fields.String(load_default="")
    schema_version = fields.String(load_default="")
    """Tables and columns that an app does not have are ignored by it, so all are sent."""
    migration = fields.String(load_default="")
    pending = fields.Integer(
        load_default=1, validate=validate.Range(0, 1_000_000, error="out_of_range {min} {max}")
    )
    """1 when hasUnsyncedChanges() says so; whoever does not say is taken to have some."""


class RxdbPullSchema(StrictSchema):
    """A pull of rxdb-server's client. A limit beyond ours is refused: RxDB takes a short page for the end."""

    lwt = fields.String(load_default="")
    id = fields.String(load_default="")
    limit = fields.Integer(
        load_default=RXDB_BATCH_USUAL,
        validate=validate.Range(1, PAGE_CHANGES_MAX, error="out_of_range {min} {max}"),
    )


def number_of(text: str) -> int:
    """The position that the text says; 0 for none, and -1, which is no position, for anything else."""
    if text in NOTHING_YET or text == "None":
        return 0
    return int(text) if POSITION.fullmatch(text) else -1
