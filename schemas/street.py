"""Requests, questions and alerts: what passes between the office and the street."""

from typing import get_args

from marshmallow import fields

from models.alert import AlertKindWord
from models.kinds import AccountNo, Code, Flag, Id, Moment, Note, OneOf
from models.question import QuestionStateWord
from models.request import RequestKindWord, RequestStateWord
from schemas.base import StrictSchema
from schemas.fields import MESSAGES, field_of
from schemas.query import ListQuery, one_of, optional
from schemas.stored import COUNT, PAISA, VERSION, described, moment, needed, nullable, words

ACCOUNT_NO, CODE, NOTE = get_args(AccountNo)[-1], get_args(Code)[-1], get_args(Note)[-1]
RECEIVED = "received"
"""What the office calls a request that nobody has taken yet."""
ANSWERS = [RequestStateWord.GRANTED.value, RequestStateWord.REFUSED.value]


class RequestsQuery(ListQuery):
    """Which requests."""

    state = fields.String(validate=one_of([RECEIVED, *(word.value for word in RequestStateWord)]))
    kind = optional(OneOf(RequestKindWord))
    account_no = optional(ACCOUNT_NO)


class RequestFoundSchema(StrictSchema):
    """What a consumer asked for, who took it down and what he was answered."""

    id = needed(Id())
    version = needed(VERSION)
    request_no = words()
    account_no = needed(ACCOUNT_NO)
    kind = needed(OneOf(RequestKindWord))
    occurred_at = moment()
    due_on = words("The last day on which an answer is in time.")
    officer_id = words()
    officer = words(null=True)
    invoice_no = words(null=True)
    disputed_paisa = nullable(PAISA)
    instalment_count = nullable(COUNT)
    first_payment_paisa = nullable(PAISA)
    until_date = words(null=True)
    contact_phone = words(null=True)
    remark = words(null=True)
    state = words(f"{RECEIVED}, or a state of the entity.")
    assignee_id = words(null=True)
    answer = words(null=True)
    answered_on = words(null=True)


class RequestAnswerWrite(StrictSchema):
    """What the consumer is told."""

    state = fields.String(required=True, validate=one_of(ANSWERS), error_messages=MESSAGES)
    answer = needed(NOTE)


class RequestConfirmWrite(StrictSchema):
    """What the consumer says of it."""

    solved = needed(Flag())


class QuestionsQuery(ListQuery):
    """Which questions."""

    state = optional(OneOf(QuestionStateWord))
    officer_id = optional(Id())
    case_id = optional(Id())


class QuestionWrite(StrictSchema):
    """A question to one officer about one record of his."""

    officer_id = needed(Id())
    about_entity = needed(CODE)
    about_id = needed(Id())
    account_no = field_of(ACCOUNT_NO, required=False, nullable=True)
    text = needed(NOTE)
    case_id = described(
        field_of(Id(), required=False, nullable=True), "The exception that waits for the answer."
    )


class QuestionAskedSchema(StrictSchema):
    """A question as it stands."""

    id = needed(Id())
    version = needed(VERSION)
    officer_id = words()
    about_entity = words()
    about_id = words()
    account_no = nullable(ACCOUNT_NO)
    text = words()
    case_id = words(null=True)
    asked_by = words()
    state = needed(OneOf(QuestionStateWord))


class QuestionFoundSchema(QuestionAskedSchema):
    """A question with its answer."""

    occurred_at = moment("When it was asked.")
    officer = words(null=True)
    answer = words(null=True)
    answered_at = moment(null=True)


class AlertWrite(StrictSchema):
    """A warning to one officer, or to everybody who walks an area."""

    officer_id = field_of(Id(), required=False, nullable=True)
    area_id = field_of(Id(), required=False, nullable=True)
    kind = needed(OneOf(AlertKindWord))
    text = needed(NOTE)
    text_ur = field_of(NOTE, required=False, nullable=True)
    ends_at = field_of(Moment(), required=False, nullable=True)


class SeenSchema(StrictSchema):
    """An officer who has seen it."""

    officer_id = words()
    officer = words(null=True)
    seen_at = moment()


class AlertSentSchema(StrictSchema):
    """A warning, and who has seen it."""

    id = needed(Id())
    version = needed(VERSION)
    officer_id = words(null=True)
    area_id = words(null=True)
    kind = needed(OneOf(AlertKindWord))
    text = words()
    text_ur = words(null=True)
    ends_at = words(null=True)
    sent_by = words()
    seen = fields.List(fields.Nested(SeenSchema), required=True)


class AlertFoundSchema(AlertSentSchema):
    """A warning of the list."""

    occurred_at = moment("When it was sent.")
