"""The supervisor's figures on the wire, and the rows behind them."""

from models.kinds import SAFE_INTEGER_MAX, Day, Id, Whole
from schemas.base import StrictSchema
from schemas.query import ListQuery, optional
from schemas.stored import COUNT, described, moment, needed, nullable, words

VALUE = Whole(-SAFE_INTEGER_MAX, SAFE_INTEGER_MAX, "unit of the figure")


class FiguresQuery(ListQuery):
    """Of which days, and of whom."""

    date_from = optional(Day())
    date_from.data_key = "from"
    date_to = optional(Day())
    date_to.data_key = "to"
    area_id = optional(Id())
    officer_id = optional(Id())


class FigureSchema(StrictSchema):
    """One figure: its value, what it is made of, and what a manager wants of it."""

    name = words()
    about = words()
    unit = words("paisa, count, bp (1/10000), hours, minutes or per_1000")
    made = words("sum, share, average, p50, p90, p95 or most: how `value` is made of the rows")
    value = described(nullable(VALUE), "Null where there is nothing to divide by or to look at.")
    target = described(nullable(VALUE), "Of the month of the last day; null when nobody set one.")
    row_count = needed(COUNT)
    part = described(needed(VALUE), "The sum of `part` over the rows.")
    whole = described(needed(VALUE), "The sum of `whole` over the rows.")


class FigureRowSchema(StrictSchema):
    """One row behind a figure: a record, and what it adds."""

    entity = words()
    id = words()
    account_no = words(null=True)
    officer_id = words(null=True)
    area_id = words(null=True)
    at = moment(null=True)
    part = needed(VALUE)
    whole = needed(VALUE)
