"""The gate before a cut, notices and orders: what the office asks and is answered."""

from typing import get_args

from marshmallow import fields

from infra.catalogue import message
from models.disconnection_order import OrderStateWord
from models.kinds import AccountNo, Code, Day, Id, OneOf, Paisa
from models.notice import NoticeStateWord
from schemas.base import StrictSchema
from schemas.stored import VERSION, needed, nullable, words
from schemas.stored import moment as moment_of

ACCOUNT_NO, CODE = get_args(AccountNo)[-1], get_args(Code)[-1]
PAISA = get_args(Paisa)[-1]


class ReasonSchema(StrictSchema):
    """Why a supply may not be cut now."""

    code = words("As in the table of docs/protocol.md, reasons not to cut.")
    until = moment_of("When time alone ends it; null where something must happen.", null=True)
    about = words("The receipt, flag, kind of hold, complaint or date that it is about.", null=True)
    en = fields.Function(lambda reason: message(reason.key)["en"], required=True)
    ur = fields.Function(lambda reason: message(reason.key)["ur"], required=True)


class GateSchema(StrictSchema):
    """Whether one consumer may be cut now, and why not."""

    account_no = needed(ACCOUNT_NO)
    is_open = fields.Boolean(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)
    earliest = moment_of(
        "The first lawful moment by what is known; null while something must happen first.",
        null=True,
    )
    rule_no = words("The rule of the day.", null=True)


class NoticeWrite(StrictSchema):
    """A notice to issue."""

    notice_no = needed(CODE)
    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(PAISA)
    second_due_date = needed(Day())


class NoticeIssuedSchema(StrictSchema):
    """A notice as it was issued."""

    id = needed(Id())
    version = needed(VERSION)
    notice_no = words()
    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(PAISA)
    issued_on = words()
    second_due_date = words()
    state = needed(OneOf(NoticeStateWord))


class CutOrderWrite(StrictSchema):
    """A cut to ask for."""

    order_no = needed(CODE)
    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(PAISA)


class CutOrderSchema(StrictSchema):
    """An order to cut, who asked for it and who approved it."""

    id = needed(Id())
    version = needed(VERSION)
    order_no = words()
    account_no = needed(ACCOUNT_NO)
    amount_paisa = needed(PAISA)
    raised_on = words()
    state = needed(OneOf(OrderStateWord))
    maker_id = words()
    checker_id = nullable(Id())
    act_id = nullable(Id())
