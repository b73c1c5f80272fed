"""Matches on the wire: what was matched and why, what is suggested, what is open, and the sum of it."""

from typing import get_args

from marshmallow import fields, validate

from models.kinds import AccountNo, Id, Note, OneOf
from models.match import (
    MATCH_ITEMS_MAX,
    MatchKindWord,
    MatchRuleWord,
    MatchStateWord,
)
from schemas.base import StrictSchema
from schemas.fields import MESSAGES
from schemas.query import ListQuery, one_of, optional
from schemas.stored import (
    COUNT,
    PAISA,
    VERSION,
    StoredJson,
    described,
    moment,
    needed,
    nullable,
    words,
)

ACCOUNT_NO, NOTE = get_args(AccountNo)[-1], get_args(Note)[-1]
SUGGESTION_STATES = ["open", "taken", "rejected"]
SIDES = ["statement", "book"]


class MatchWrite(StrictSchema):
    """A line and what it is; another person approves it."""

    line_id = needed(Id())
    subject_ids = fields.List(
        needed(Id()),
        required=True,
        validate=validate.Length(1, MATCH_ITEMS_MAX, error="wrong_length {min} {max}"),
        error_messages=MESSAGES,
        metadata={
            "description": "Cash slips, or cheques, or a wallet claim, or an agency's statement: "
            "items of `/reconciliation/open` by their ids."
        },
    )
    reason = needed(NOTE)


class MatchUndoWrite(StrictSchema):
    """Why a match was wrong."""

    reason = needed(NOTE)


class MatchSeenSchema(StrictSchema):
    """A match: which rule made it and by what evidence, or which people."""

    id = needed(Id())
    version = needed(VERSION)
    kind = needed(OneOf(MatchKindWord))
    state = needed(OneOf(MatchStateWord))
    rule = needed(OneOf(MatchRuleWord))
    evidence = StoredJson(required=True, allow_none=True)
    line_id = needed(Id())
    booked_on = words()
    amount_paisa = needed(PAISA)
    fee_paisa = needed(PAISA)
    difference_paisa = needed(PAISA)
    account_no = nullable(ACCOUNT_NO)
    items = StoredJson(
        required=True, metadata={"description": "item_id, subject_id, amount_paisa."}
    )
    undoes_id = nullable(Id())
    undone_by = described(nullable(Id()), "The match that ended it, or itself when rejected.")
    reason = words(null=True)
    maker_id = words()
    checker_id = words(null=True)
    occurred_at = moment()


class SuggestionSchema(StrictSchema):
    """What a line may be, by which rule and why; the likeliest of a line has the lowest rank."""

    id = needed(Id())
    line_id = needed(Id())
    rank = needed(COUNT)
    kind = needed(OneOf(MatchKindWord))
    rule = needed(OneOf(MatchRuleWord))
    evidence = StoredJson(required=True)
    items = StoredJson(
        required=True, metadata={"description": "item_id, subject_id, amount_paisa."}
    )
    fee_paisa = needed(PAISA)
    difference_paisa = needed(PAISA)
    state = fields.String(required=True, validate=one_of(SUGGESTION_STATES))
    made_at = moment()
    decided_by = words(null=True)
    decided_at = moment(null=True)


class OpenItemSchema(StrictSchema):
    """Something that nothing explains yet, with its case."""

    side = fields.String(required=True, validate=one_of(SIDES))
    id = needed(Id())
    kind = words("statement_line, slip, cheque, claim or settlement.")
    on_date = words()
    amount_paisa = needed(PAISA)
    name = words("What it says: the narration, or the slip's, cheque's or transaction's number.")
    suggestions = needed(COUNT)
    exception_id = nullable(Id())
    exception_kind = words(null=True)


class TallySchema(StrictSchema):
    """How many, and how much."""

    lines = needed(COUNT)
    paisa = needed(PAISA)


class ReconciliationSchema(StrictSchema):
    """Where reconciliation stands; every number has a list behind it."""

    matched_by_rule = fields.Nested(TallySchema, required=True)
    matched_by_people = fields.Nested(TallySchema, required=True)
    proposed = fields.Nested(TallySchema, required=True)
    suggested = fields.Nested(TallySchema, required=True)
    ambiguous = fields.Nested(TallySchema, required=True)
    unmatched = fields.Nested(TallySchema, required=True)
    open_slips = fields.Nested(TallySchema, required=True)
    open_cheques = fields.Nested(TallySchema, required=True)
    open_claims = fields.Nested(TallySchema, required=True)
    open_settlements = fields.Nested(TallySchema, required=True)


class MatchesQuery(ListQuery):
    """Which matches."""

    state = optional(OneOf(MatchStateWord))


class SuggestionsQuery(ListQuery):
    """Which suggestions."""

    state = fields.String(load_default="open", validate=one_of(SUGGESTION_STATES))
    line_id = optional(Id())


class OpenItemsQuery(ListQuery):
    """Which side."""

    side = fields.String(validate=one_of(SIDES))
