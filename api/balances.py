"""Balances as of a date, by which of an entry's times, and the trial balance."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from auth.roles import Permission
from infra.clock import Milliseconds, from_rfc3339, local_date, start_of_date
from ledger import reading
from ledger.accounts import CHART
from ledger.log_reader import timezone_of
from ledger.reading import Basis
from schemas import office as wire
from schemas.query import AsOfQuery, BalancesQuery

blueprint = Blueprint(
    "balances", __name__, url_prefix="/api/v1/ibcs/<code>", description="What the books say"
)
Asked = Mapping[str, Any]

BASES = {
    "posted": Basis.POSTED,
    "occurred": Basis.OCCURRED,
    "business": Basis.BUSINESS_DATE,
}
NOT_SAID = ""
"""In a place: no page has fixed yet until when the list reads."""
# The cut-off is part of the place: the second page of "now" is cut off where the first one was.
BALANCES = Listing(
    name="balances",
    row=wire.BalanceSchema,
    order=("until", "account_code", "account_of"),
    start=(NOT_SAID, 0, ""),
)
TRIAL_BALANCE = Listing(
    name="trial-balance",
    row=wire.TrialBalanceSchema,
    order=("until", "account_code"),
    start=(NOT_SAID, 0),
)


class NotADay(ValueError):
    """By business date the books are read as of a date, not of a moment."""


@serves(blueprint, "/balances", BALANCES, BalancesQuery, Permission.READ_BOOKS)
def balances(asked: Asked, code: str) -> Page:
    """Balances of accounts as of a moment or a date, each on its normal side"""

    def page(connection: Connection, after: Place, limit: int) -> list[dict[str, Any]]:
        until = after[0] or cut_off(connection, code, asked)
        found = reading.balances(
            connection,
            code,
            basis=BASES[asked["basis"]],
            until=_typed(until),
            code=asked.get("code"),
            after=(after[1], after[2]),
            limit=limit,
        )
        return [{**row, "name": CHART[row["account_code"]].name, "until": until} for row in found]

    return page


@serves(blueprint, "/trial-balance", TRIAL_BALANCE, AsOfQuery, Permission.READ_BOOKS)
def trial_balance(asked: Asked, code: str) -> Page:
    """Debits, credits and balance of each code of the chart"""

    def page(connection: Connection, after: Place, limit: int) -> list[dict[str, Any]]:
        until = after[0] or cut_off(connection, code, asked)
        found = reading.trial_balance(
            connection, code, basis=BASES[asked["basis"]], until=_typed(until)
        )
        rest = [row for row in found if row["account_code"] > after[1]]
        return [{**row, "until": until} for row in rest[:limit]]

    return page


def cut_off(connection: Connection, ibc_id: str, asked: Asked) -> str:
    """Until when: a date by business date, else milliseconds, that moment or day included."""
    timezone, now = timezone_of(connection, ibc_id), context().now()
    said = asked.get("as_of")
    if asked["basis"] == "business":
        if said is not None and "T" in said:
            raise NotADay(NotADay.__doc__)
        return said or local_date(now, timezone).isoformat()
    return str(_moment(said, timezone, now) + 1)


def _moment(said: str | None, timezone: str, now: Milliseconds) -> Milliseconds:
    if said is None:
        return now
    if "T" in said:
        return from_rfc3339(said)
    return start_of_date(date.fromisoformat(said) + timedelta(days=1), timezone) - 1


def _typed(until: str) -> Milliseconds | str:
    return until if "-" in until else int(until)
