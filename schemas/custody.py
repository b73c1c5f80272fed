"""Custody, slips, clearing, adjustments and the close of a day: what the office sends and is answered."""

from typing import Any, get_args

from marshmallow import fields

from models import ENTITIES
from models.adjustment import AdjustmentKindWord, PaidByWord
from models.cash_count import CountPurposeWord, InstrumentIds
from models.clearing import ClearingOutcomeWord
from models.deposit import DepositKindWord, PhotoHash
from models.kinds import (
    AccountNo,
    Code,
    Day,
    Denominations,
    Flag,
    Id,
    Label,
    Moment,
    Note,
    OneOf,
    Paisa,
    PositivePaisa,
    ReceiptNo,
    VerifyCode,
)
from models.loss_report import LossKindWord
from schemas.base import StrictSchema
from schemas.devices import LostSchema
from schemas.fields import field_of
from schemas.stored import (
    COUNT,
    PAISA,
    POSITION,
    VERSION,
    StoredJson,
    needed,
    nullable,
    words,
)


def kind_of(annotated: Any) -> Any:
    return get_args(annotated)[-1]


def may_have(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=False, nullable=True)


NOTES, CHEQUES, NOTE = kind_of(Denominations), kind_of(InstrumentIds), kind_of(Note)
ACCOUNT_NO, CODE, LABEL = kind_of(AccountNo), kind_of(Code), kind_of(Label)
AMOUNT, POSITIVE = kind_of(Paisa), kind_of(PositivePaisa)


class CountWrite(StrictSchema):
    """What the cashier counted, and the cheques that came with it."""

    counted = needed(NOTES)
    cheque_ids = may_have(CHEQUES)


class OfferWrite(CountWrite):
    """A teller's own blind count."""

    session_date = needed(Day())
    purpose = needed(OneOf(CountPurposeWord))


class TakeWrite(OfferWrite):
    """Cash of an officer whose phone has not sent its count."""

    officer_id = needed(Id())


class ReasonWrite(StrictSchema):
    """Why."""

    reason = needed(NOTE)


class DrawerWrite(StrictSchema):
    """A drawer to open."""

    opening_paisa = needed(AMOUNT)


class CeilingWrite(StrictSchema):
    """How much cash its holder may have at once."""

    ceiling_paisa = needed(AMOUNT)


class SurpriseWrite(StrictSchema):
    """What was found in somebody's hands."""

    counted = needed(NOTES)
    note = may_have(NOTE)


class LossWrite(StrictSchema):
    """Cash that is gone without anybody's fault."""

    officer_id = needed(Id())
    session_date = needed(Day())
    kind = needed(OneOf(LossKindWord))
    statement = needed(NOTE)
    area_id = may_have(Id())
    fir_no = may_have(CODE)


class FirWrite(StrictSchema):
    """The number of the police report."""

    fir_no = needed(CODE)


class RebuildWrite(StrictSchema):
    """A receipt as its paper says it, of a phone that is gone."""

    receipt_no = needed(kind_of(ReceiptNo))
    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(POSITIVE)
    at = needed(Moment())
    code = needed(kind_of(VerifyCode))
    payer_called_back = needed(Flag())


class CounterReceiptWrite(StrictSchema):
    """Money at the counter; the fields of a collection."""

    receipt_no = needed(kind_of(ReceiptNo))
    account_no = needed(ACCOUNT_NO)
    tender = needed(ENTITIES["collection"].field["tender"].kind)
    amount_paisa = needed(POSITIVE)
    tendered_paisa = may_have(POSITIVE)
    change_paisa = may_have(AMOUNT)
    denominations = may_have(NOTES)
    bank = may_have(LABEL)
    instrument_no = may_have(CODE)
    instrument_date = may_have(Day())
    drawer = may_have(LABEL)
    payer_name = may_have(LABEL)


class DepositWrite(StrictSchema):
    """A slip to make up."""

    kind = needed(OneOf(DepositKindWord))
    bank_account = needed(CODE)
    slip_no = needed(CODE)
    bag_no = may_have(CODE)
    total_paisa = needed(POSITIVE)
    denominations = may_have(NOTES)
    cheque_ids = may_have(CHEQUES)
    deposited_on = needed(Day())


class BringWrite(StrictSchema):
    """The photograph of the stamped slip."""

    photo_sha256 = needed(kind_of(PhotoHash))


class ClearingWrite(StrictSchema):
    """What the bank or the agency did."""

    outcome = needed(OneOf(ClearingOutcomeWord))
    deposit_id = may_have(Id())
    collection_id = may_have(Id())
    undoes_id = may_have(Id())
    account_no = may_have(ACCOUNT_NO)
    provider = may_have(CODE)
    bank_account = may_have(CODE)
    amount_paisa = may_have(AMOUNT)
    fee_paisa = may_have(AMOUNT)
    value_on = needed(Day())
    reason = may_have(NOTE)


class AdjustmentWrite(StrictSchema):
    """A waiver, a recovery or a write-off to propose."""

    kind = needed(OneOf(AdjustmentKindWord))
    account_no = may_have(ACCOUNT_NO)
    account_of = may_have(LABEL)
    amount_paisa = needed(POSITIVE)
    paid_by = may_have(OneOf(PaidByWord))
    bank_account = may_have(CODE)
    reason = needed(NOTE)


class CloseWrite(StrictSchema):
    """Whether to close although custody is open, and why."""

    forced = field_of(Flag(), required=False, nullable=False)
    reason = may_have(NOTE)


class MadeSchema(StrictSchema):
    """The record that was made or moved, and its version."""

    id = needed(Id())
    version = needed(VERSION)


class TakenSchema(MadeSchema):
    """A handover that was taken: what it left of the session."""

    provisional = needed(Flag())
    short_paisa = needed(AMOUNT)
    over_paisa = needed(AMOUNT)


class SurpriseSchema(StrictSchema):
    """A surprise count beside what the books had."""

    id = needed(Id())
    counted_paisa = needed(PAISA)
    books_paisa = nullable(PAISA)
    difference_paisa = nullable(PAISA)


class LossSchema(MadeSchema):
    """A reported loss, and what is known of the officer's receipts."""

    phones = fields.List(fields.Nested(LostSchema), required=True)


class SessionRowSchema(MadeSchema):
    """A session with what it holds."""

    officer_id = words()
    business_date = words()
    kind = words()
    state = words()
    receipt_prefix = words(null=True)
    opening_paisa = needed(PAISA)
    ceiling_paisa = needed(PAISA)
    cash_paisa = needed(PAISA)
    shortage_paisa = needed(PAISA)
    loss_paisa = needed(PAISA)
    overage_paisa = needed(PAISA)
    level = words("ok, warn from 80 % of the ceiling, over.")


class HandoverRowSchema(MadeSchema):
    """A handover; what was offered is kept back until there is a second count."""

    officer_id = words()
    session_date = words()
    purpose = words()
    state = words()
    cashier_id = words(null=True)
    cheque_ids = StoredJson(required=True, allow_none=True)
    offered = StoredJson(required=True, allow_none=True)
    counted = StoredJson(required=True, allow_none=True)
    counted_paisa = nullable(PAISA)
    reason = words(null=True)


class DepositRowSchema(MadeSchema):
    """A slip."""

    kind = words()
    bank_account = words()
    slip_no = words()
    bag_no = words(null=True)
    total_paisa = needed(PAISA)
    cheque_ids = StoredJson(required=True, allow_none=True)
    photo_sha256 = words(null=True)
    deposited_on = words()
    maker_id = words()
    state = words()


class InstrumentRowSchema(MadeSchema):
    """A cheque, pay order or wallet claim, and where it stands."""

    kind = words()
    officer_id = words()
    receipt_no = words()
    account_no = words(null=True)
    amount_paisa = needed(PAISA)
    bank = words(null=True)
    instrument_no = words(null=True)
    instrument_date = words(null=True)
    wallet_provider = words(null=True)
    wallet_txn_id = words(null=True)
    deposit_id = words(null=True)
    presented = needed(COUNT)
    state = words()


class AdjustmentRowSchema(MadeSchema):
    """An adjustment with everybody who signed it."""

    kind = words()
    account_no = words(null=True)
    account_of = words(null=True)
    amount_paisa = needed(PAISA)
    paid_by = words(null=True)
    bank_account = words(null=True)
    reason = words()
    state = words()
    maker_id = words()
    checker_id = words(null=True)
    second_checker_id = words(null=True)


class FindingSchema(StrictSchema):
    """One thing that is wrong with the books."""

    check = words()
    where = words()
    what = words()


class VerifiedBooksSchema(StrictSchema):
    """Every named check with how many findings, and the findings."""

    read_seq = needed(POSITION)
    checks = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    findings = fields.List(fields.Nested(FindingSchema), required=True)
