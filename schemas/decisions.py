"""What the office decides, plans and imports: what it sends and what it is answered."""

from typing import Any, get_args

from marshmallow import fields, validate

from infra.limits import IMPORT_ROWS_MAX, ROUND_STOPS_MAX
from models.decision import DecisionKindWord, DecisionStateWord
from models.kinds import AccountNo, Day, Id, Label, Note, OneOf, Paisa
from models.kinds import Count as StopNumber
from models.round import RoundKindWord, RoundStateWord
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of
from schemas.stored import COUNT, ENTRY, VERSION, described, needed, nullable, words
from schemas.stored import PAISA as PAISA_EITHER_WAY

ACCOUNT_NO, NOTE, LABEL = get_args(AccountNo)[-1], get_args(Note)[-1], get_args(Label)[-1]
PAISA, ORDER = get_args(Paisa)[-1], get_args(StopNumber)[-1]


class DecisionWrite(StrictSchema):
    """A proposal about one collection; another person decides."""

    kind = needed(OneOf(DecisionKindWord))
    collection_id = needed(Id())
    to_account_no = described(
        field_of(ACCOUNT_NO, required=False, nullable=True),
        "Needed by identify and transfer, by no other kind.",
    )
    reason = needed(NOTE)


class DecisionMadeSchema(StrictSchema):
    """A decision, with who made it, who checked it and the entries that it posted."""

    id = needed(Id())
    version = needed(VERSION)
    kind = needed(OneOf(DecisionKindWord))
    collection_id = needed(Id())
    to_account_no = nullable(ACCOUNT_NO)
    reason = words()
    state = needed(OneOf(DecisionStateWord))
    maker_id = words()
    checker_id = words(null=True)
    entry_seqs = fields.List(needed(ENTRY), required=True)


class StopWrite(StrictSchema):
    """A door to plan."""

    account_no = needed(ACCOUNT_NO)
    walk_order = needed(ORDER)
    reason = field_of(LABEL, required=False, nullable=True)
    expected_paisa = needed(PAISA)


class RoundWrite(StrictSchema):
    """A walk to plan."""

    area_id = needed(Id())
    officer_id = needed(Id())
    business_date = needed(Day())
    kind = needed(OneOf(RoundKindWord))
    stops = fields.List(
        fields.Nested(StopWrite),
        required=True,
        validate=validate.Length(1, ROUND_STOPS_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": f"At most ROUND_STOPS_MAX = {ROUND_STOPS_MAX}."},
    )


def _stop_ids() -> fields.Field[Any]:
    return fields.List(
        needed(Id()),
        required=True,
        validate=validate.Length(1, ROUND_STOPS_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": f"At most ROUND_STOPS_MAX = {ROUND_STOPS_MAX}."},
    )


class RoundSplitWrite(StrictSchema):
    """Doors that nobody has reached, for another officer."""

    officer_id = needed(Id())
    stops = _stop_ids()


class RoundWithdrawWrite(StrictSchema):
    """Doors that nobody has reached and nobody shall."""

    stops = _stop_ids()


class ConsumersMoveWrite(StrictSchema):
    """Consumers for another area."""

    area_id = needed(Id())
    accounts = fields.List(
        needed(ACCOUNT_NO),
        required=True,
        validate=validate.Length(1, IMPORT_ROWS_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={"description": f"At most IMPORT_ROWS_MAX = {IMPORT_ROWS_MAX}."},
    )


class TransferWrite(StrictSchema):
    """Where a consumer goes."""

    to = fields.String(
        required=True,
        validate=validate.Regexp(r"[A-Z0-9_-]{1,16}\Z", error="wrong_form"),
        error_messages=MESSAGES,
        metadata={"description": "The code of the IBC that takes him over."},
    )
    area_id = described(needed(Id()), "One of that IBC's areas.")


class TransferredSchema(StrictSchema):
    """A consumer who has gone, and what went with him."""

    account_no = needed(ACCOUNT_NO)
    source = words()
    to = words()
    carried_paisa = described(
        needed(PAISA_EITHER_WAY), "What he owed, less what he had paid ahead."
    )


class ConsumersMovedSchema(StrictSchema):
    """How many consumers were not there yet."""

    moved = needed(COUNT)


class RoundStateWrite(StrictSchema):
    """Where the round goes; another officer with `assigned`."""

    state = needed(OneOf(RoundStateWord))
    officer_id = field_of(Id(), required=False, nullable=False)


class RoundMadeSchema(StrictSchema):
    """A round as it now stands."""

    id = needed(Id())
    version = needed(VERSION)
    area_id = words()
    officer_id = words(null=True)
    business_date = words()
    kind = needed(OneOf(RoundKindWord))
    planned_count = needed(COUNT)
    state = needed(OneOf(RoundStateWord))


class LineErrorSchema(StrictSchema):
    """Why a line was not stored."""

    line = needed(COUNT)
    errors = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class ImportedSchema(StrictSchema):
    """What became of an import's lines."""

    stored = needed(COUNT)
    unchanged = needed(COUNT)
    errors = fields.List(fields.Nested(LineErrorSchema), required=True)
