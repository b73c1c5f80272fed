"""Refunds and fees on the wire."""

from typing import get_args

from marshmallow import fields

from models.decision import DecisionStateWord
from models.fee import FeeKindWord
from models.kinds import AccountNo, Code, Day, Id, Label, Note, OneOf, PositivePaisa
from models.refund import PaidFromWord
from schemas.base import StrictSchema
from schemas.fields import field_of
from schemas.stored import ENTRY, PAISA, VERSION, described, needed, nullable, words

ACCOUNT_NO, CODE, NOTE = get_args(AccountNo)[-1], get_args(Code)[-1], get_args(Note)[-1]
LABEL, AMOUNT = get_args(Label)[-1], get_args(PositivePaisa)[-1]


class RefundWrite(StrictSchema):
    """A part of an advance to give back; another person decides."""

    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(AMOUNT)
    paid_from = needed(OneOf(PaidFromWord))
    bank_account = described(
        field_of(CODE, required=False, nullable=True), "Needed when a bank pays, never in cash."
    )
    reason = needed(NOTE)


class RefundApproval(StrictSchema):
    """What the consumer signed."""

    acknowledgement = needed(LABEL)


class RefundMadeSchema(StrictSchema):
    """A refund, with who made it, who checked it and the entries that it posted."""

    id = needed(Id())
    version = needed(VERSION)
    account_no = words()
    amount_paisa = needed(PAISA)
    paid_from = needed(OneOf(PaidFromWord))
    bank_account = nullable(CODE)
    reason = words()
    acknowledgement = words(null=True)
    state = needed(OneOf(DecisionStateWord))
    maker_id = words()
    checker_id = words(null=True)
    entry_seqs = fields.List(needed(ENTRY), required=True)


class FeeWrite(StrictSchema):
    """A fee to assess; its amount is the rule's."""

    kind = needed(OneOf(FeeKindWord))
    account_no = needed(ACCOUNT_NO)
    on_date = described(needed(Day()), "The day of the cut or of the return: its rule counts.")
    reason = needed(NOTE)


class FeeMadeSchema(StrictSchema):
    """A fee, with the rule that says how much, who made it, who checked it and its entries."""

    id = needed(Id())
    version = needed(VERSION)
    kind = needed(OneOf(FeeKindWord))
    account_no = words()
    on_date = words()
    rule_no = words()
    amount_paisa = needed(PAISA)
    reason = words()
    state = needed(OneOf(DecisionStateWord))
    maker_id = words()
    checker_id = words(null=True)
    entry_seqs = fields.List(needed(ENTRY), required=True)
