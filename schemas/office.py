"""What the office reads: consumers, rounds, the books, exceptions, the log."""

from typing import get_args

from marshmallow import fields

from models.kinds import AccountNo, Id, OneOf
from models.round import RoundKindWord, RoundStateWord
from models.stop import StopStateWord
from schemas.base import StrictSchema
from schemas.stored import (
    COUNT,
    ENTRY,
    PAISA,
    PERCENT,
    POSITION,
    VERSION,
    StoredJson,
    moment,
    needed,
    nullable,
    words,
)

ACCOUNT_NO = get_args(AccountNo)[-1]


class ConsumerFoundSchema(StrictSchema):
    """A consumer as a search shows him."""

    account_no = needed(ACCOUNT_NO)
    name = words()
    name_ur = words(null=True)
    address = words()
    phone_e164 = words(null=True)
    supply_state = words()
    due_paisa = needed(PAISA)
    as_of = moment("When the books last wrote this consumer's standing.", null=True)


class OpenBillSchema(StrictSchema):
    """A bill that is not paid yet."""

    invoice_no = words()
    open_paisa = needed(PAISA)


class PaymentSchema(StrictSchema):
    """An entry of the books that credited the consumer, with the receipt behind it."""

    seq = needed(ENTRY)
    kind = words()
    business_date = words()
    occurred_at = moment()
    source_id = words("The collection.")
    receipt_no = words(null=True)
    tender = words(null=True)
    amount_paisa = nullable(PAISA)
    state = words("Where the books have put the collection.", null=True)


class ConsumerPositionSchema(StrictSchema):
    """A consumer's standing by the books."""

    account_no = needed(ACCOUNT_NO)
    name = words()
    name_ur = words(null=True)
    address = words()
    phone_e164 = words(null=True)
    supply_state = words()
    due_paisa = needed(PAISA)
    advance_paisa = needed(PAISA)
    uncleared_paisa = needed(PAISA)
    held_paisa = needed(PAISA)
    open_bills = fields.List(fields.Nested(OpenBillSchema), required=True)
    payments = fields.List(fields.Nested(PaymentSchema), required=True)
    books_read = needed(POSITION)


class RoundProgressSchema(StrictSchema):
    """A round and how far it has come."""

    id = needed(Id())
    version = needed(VERSION)
    business_date = words()
    kind = needed(OneOf(RoundKindWord))
    state = needed(OneOf(RoundStateWord))
    area_id = words()
    area = words(null=True)
    officer_id = words(null=True)
    officer = words(null=True)
    planned = needed(COUNT)
    visited = needed(COUNT)
    skipped = needed(COUNT)
    paid = needed(COUNT)
    collected_paisa = needed(PAISA)
    visited_percent = needed(PERCENT)


class RoundStopSchema(StrictSchema):
    """A door of a round, whose it is and what came of it."""

    id = needed(Id())
    version = needed(VERSION)
    walk_order = needed(COUNT)
    account_no = needed(ACCOUNT_NO)
    name = words(null=True)
    address = words(null=True)
    reason = words(null=True)
    expected_paisa = needed(PAISA)
    due_paisa = nullable(PAISA)
    state = needed(OneOf(StopStateWord))
    outcome = words(null=True)
    skipped_because = words(null=True)
    collected_paisa = needed(PAISA)


class RoundPhoneSchema(StrictSchema):
    """A phone of an officer who has or had a round, as it was when it was last here."""

    device_id = needed(Id())
    public_label = words()
    state = words("Of the phone: active, revoked, lost.")
    officer_id = words()
    officer = words(null=True)
    holding = words("coming, holds, leaving or gone.")
    pending = nullable(COUNT)
    last_seen_at = moment(null=True)


class CustodySessionSchema(StrictSchema):
    """An officer's cash of one date."""

    session = words()
    session_date = words()
    session_cash_paisa = needed(PAISA)


class CustodySchema(StrictSchema):
    """What one officer must answer for."""

    officer_id = words()
    officer = words(null=True)
    cash_paisa = needed(PAISA)
    claimed_paisa = needed(PAISA)
    sessions = fields.List(fields.Nested(CustodySessionSchema), required=True)


class BalanceSchema(StrictSchema):
    """One account, on its normal side."""

    account_code = needed(COUNT)
    account_of = words("Whose: an account number, a custody session, a collection; '' for one.")
    name = words()
    balance_paisa = needed(PAISA)


class TrialBalanceSchema(StrictSchema):
    """One code of the chart."""

    account_code = needed(COUNT)
    name = words()
    debits_paisa = needed(PAISA)
    credits_paisa = needed(PAISA)
    balance_paisa = needed(PAISA)


class PostingSchema(StrictSchema):
    """One line of an entry."""

    line_no = needed(COUNT)
    account_code = needed(COUNT)
    account_of = words()
    side = words("D or C.")
    amount_paisa = needed(PAISA)


class EntrySchema(StrictSchema):
    """One event in the books."""

    seq = needed(ENTRY)
    kind = words("The journal template.")
    business_date = words()
    occurred_at = moment()
    posted_at = moment()
    source_entity = words()
    source_id = words()
    log_seq = needed(POSITION)
    reverses_seq = nullable(ENTRY)
    caused_by_seq = nullable(ENTRY)
    memo = words(null=True)
    actor_id = words()
    hash = words("SHA-256 over this entry and the hash before it.")
    postings = fields.List(fields.Nested(PostingSchema), required=True)


class ExceptionSchema(StrictSchema):
    """Something that a person must look at."""

    id = words()
    kind = words()
    state = words()
    owner_role = words("Whose work it is.")
    opened_at = moment()
    due_at = moment()
    subject_entity = words()
    subject_id = words()
    mutation_id = words(null=True)
    account_no = words(null=True)
    amount_paisa = nullable(PAISA)
    detail = StoredJson(required=True, allow_none=True)
    resolution = words(null=True)
    resolved_by_seq = nullable(POSITION)


class LogEntrySchema(StrictSchema):
    """A mutation as it came, with its outcome."""

    seq = needed(POSITION)
    id = words()
    of_id = words("The mutation whose later fate this is.", null=True)
    origin = words()
    author_id = words()
    officer_id = words(null=True)
    author_seq = nullable(POSITION)
    entity = words()
    op = words()
    record_id = words()
    base_version = nullable(POSITION)
    version = nullable(POSITION)
    occurred_at = moment()
    received_at = moment()
    outcome = words()
    code = words(null=True)
    detail = StoredJson(required=True, allow_none=True)
    body = words("The canonical bytes, as the author signed them.")
    body_hash = words("SHA-256 of body.")


class MutationStorySchema(StrictSchema):
    """A mutation, what else came under its id, what became of it, and what was opened for it."""

    entry = fields.Nested(LogEntrySchema, required=True)
    same_id = fields.List(fields.Nested(LogEntrySchema), required=True)
    fates = fields.List(fields.Nested(LogEntrySchema), required=True)
    exceptions = fields.List(fields.Nested(ExceptionSchema), required=True)


class BooksStatusSchema(StrictSchema):
    """How far the log has come, and the books behind it."""

    epoch = words()
    log_seq = needed(POSITION)
    log_hash = words()
    read_seq = needed(POSITION)
    lag = needed(COUNT)
    entries = needed(COUNT)
    entries_hash = words()
