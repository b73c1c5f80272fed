"""What the lists of the office take in their addresses: every name known, every number spelled plainly."""

import re
from typing import Any, get_args

from marshmallow import ValidationError, fields, validate

from infra.limits import LIST_ROWS_MAX, PAGE_CHANGES_MAX, SEARCH_ROWS_MAX
from models.decision import DecisionStateWord
from models.device import DeviceState
from models.disconnection_order import OrderStateWord
from models.kinds import AccountNo, Code, Day, Id, OneOf, Words
from models.round import RoundStateWord
from models.versions import PROTOCOL
from schemas.base import StrictSchema
from schemas.checks import is_moment
from schemas.fields import MESSAGES, field_of
from schemas.stored import described, needed

LIST_ROWS = 100
"""Rows of a page when nobody asks for a number."""
CURSOR_CHARS_MAX = 1_000
CASE_STATES = ["open", "assigned", "proposed", "resolved", "reopened"]
AGE_SECONDS_MAX = 10 * 366 * 24 * 3600
ACCOUNT_NO, CODE = get_args(AccountNo)[-1], get_args(Code)[-1]
DAY = needed(Day())


class PlainInteger(fields.Integer):
    """A whole number in ASCII digits; `1e3`, `+1`, ` 1` and `۱۲` are none."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,16}", value, re.ASCII):
            raise ValidationError("not_a_whole_number")
        return super()._deserialize(value, *args, **kwargs)


def optional(kind: Any) -> fields.Field[Any]:
    return field_of(kind, required=False, nullable=False)


def one_of(words: list[Any]) -> validate.OneOf:
    return validate.OneOf(words, error="not_one_of {choices}")


def rows_max(most: int, name: str, usual: int = LIST_ROWS) -> fields.Field[Any]:
    """How many rows a page may have; the refusal names the limit."""
    return PlainInteger(
        load_default=usual,
        validate=validate.Range(1, most, error=f"out_of_range {{min}} {{max}} ({name})"),
        error_messages=MESSAGES,
        metadata={"description": f"Rows of one page; at most {name} = {most}."},
    )


def _is_moment_or_day(text: str) -> None:
    if not is_moment(text):
        DAY.deserialize(text)


def ledger_code() -> fields.Field[Any]:
    return PlainInteger(
        validate=validate.Range(1000, 9999, error="out_of_range {min} {max}"),
        metadata={"description": "Code of the chart of accounts, such as 1010."},
    )


class ListQuery(StrictSchema):
    """What every list takes."""

    limit = rows_max(LIST_ROWS_MAX, "LIST_ROWS_MAX")
    cursor = fields.String(
        validate=validate.Length(1, CURSOR_CHARS_MAX, error="wrong_length {min} {max}"),
        metadata={"description": "The `next` of the page before, as it came."},
    )
    format = fields.String(
        validate=one_of(["json", "csv", "xlsx"]),
        metadata={"description": "`csv` or `xlsx`: every page as one file, as `Accept` may ask."},
    )


class ConsumersQuery(ListQuery):
    """Whom to find."""

    limit = rows_max(SEARCH_ROWS_MAX, "SEARCH_ROWS_MAX", usual=20)
    q = described(needed(Words(60, 2)), "Beginning of an account number, a phone number or a name.")


class RoundsQuery(ListQuery):
    """Which rounds."""

    business_date = optional(Day())
    state = optional(OneOf(RoundStateWord))


class DevicesQuery(ListQuery):
    """Which phones."""

    state = optional(OneOf(DeviceState))


class AsOfQuery(ListQuery):
    """The books as of when, by which of an entry's times."""

    as_of = fields.String(
        validate=_is_moment_or_day,
        metadata={
            "description": "A moment (RFC 3339, UTC), or a date of the IBC's calendar, that day "
            "included; now when not given. By business date only a date."
        },
    )
    basis = fields.String(
        load_default="posted", validate=one_of(["posted", "occurred", "business"])
    )


class BalancesQuery(AsOfQuery):
    """Which balances."""

    code = ledger_code()


class EntriesQuery(ListQuery):
    """Which entries."""

    kind = optional(CODE)
    account = ledger_code()
    of = optional(Words(80))
    source_id = optional(Id())
    date_from = field_of(Day(), required=False, nullable=False)
    date_from.data_key = "from"
    date_to = field_of(Day(), required=False, nullable=False)
    date_to.data_key = "to"


class ExceptionsQuery(ListQuery):
    """Which exceptions."""

    state = fields.String(load_default="open", validate=one_of(CASE_STATES))
    kind = optional(CODE)
    owner_role = optional(CODE)
    account_no = optional(ACCOUNT_NO)


class DecisionsQuery(ListQuery):
    """Which decisions."""

    state = optional(OneOf(DecisionStateWord))


class OrdersQuery(ListQuery):
    """Which orders to cut."""

    state = optional(OneOf(OrderStateWord))


class AttachmentsQuery(ListQuery):
    """Which files."""

    owner_id = optional(Id())
    state = fields.String(validate=one_of(["expected", "stored", "refused"]))


class ConflictsQuery(ListQuery):
    """Which cases of the desk."""

    state = fields.String(validate=one_of(CASE_STATES))
    kind = optional(CODE)
    entity = optional(CODE)
    assignee_id = optional(Id())
    older_than_seconds = PlainInteger(
        validate=validate.Range(0, AGE_SECONDS_MAX, error="out_of_range {min} {max}"),
        metadata={"description": "Opened at least so long ago."},
    )


class PullQuerySchema(StrictSchema):
    """What a pull asks for (docs/protocol.md, exchange)."""

    protocol = PlainInteger(
        load_default=PROTOCOL,
        validate=validate.Range(1, PROTOCOL, error="out_of_range {min} {max}"),
    )
    cursor = fields.String()
    limit = rows_max(PAGE_CHANGES_MAX, "PAGE_CHANGES_MAX", usual=PAGE_CHANGES_MAX)
    pending = PlainInteger(
        load_default=0, validate=validate.Range(0, 1_000_000, error="out_of_range {min} {max}")
    )


class StateQuery(ListQuery):
    """Records in one state."""

    state = optional(Words(20, pattern=r"[a-z_]{1,20}", sample="open"))


class DayBookQuery(StrictSchema):
    """One business date, as a file for a spreadsheet or for the printer."""

    date = needed(Day())
    format = fields.String(load_default="csv", validate=one_of(["csv", "pdf"]))
