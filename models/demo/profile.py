"""The whole demonstration in the order in which it can be imported (domain manual §6.13)."""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from random import Random

from models.demo import premises
from models.demo.account import accounts
from models.demo.billing import billed, notice
from models.demo.people import staff
from models.demo.record import IBC_CODE, TIMEZONE, Record, demo_id
from models.demo.rules import rules
from models.demo.walks import Debt, stops, walks

FORMER_BOCS = ("Defence", "Clifton", "Gizri", "Korangi Road")
"""The four Business Operation Centres that were merged; which they were is not known."""


def demo(consumers: int, seed: int, business_date: date) -> Iterator[Record]:
    """Yield every record of a demonstration IBC with so many consumers; the same for the same arguments."""
    dice = Random(seed)  # noqa: S311  # must repeat, need not surprise
    plan = list(accounts(consumers, dice))

    yield _ibc()
    yield from rules()
    yield from premises.areas()
    yield from staff()
    yield from premises.consumers(plan, business_date, dice)
    yield from premises.meters(plan, business_date, dice)

    notices: list[Record] = []
    debts: list[Debt] = []
    for account, bills in zip(plan, billed(plan, business_date, dice), strict=True):
        yield from bills
        if account.months_owed > 1:
            notices.append(notice(account, bills))
            owed_paisa = bills[-1].fields["within_due_paisa"]
            assert isinstance(owed_paisa, int)
            debts.append(Debt(account.account_no, account.place, account.months_owed, owed_paisa))
    yield from notices

    planned = walks(debts, business_date)
    yield from (walk.round for walk in planned)
    yield from chain.from_iterable(stops(walk) for walk in planned)


def _ibc() -> Record:
    return Record(
        "ibc",
        demo_id("ibc"),
        {
            "code": IBC_CODE,
            "name": "Integrated Business Centre Defence",
            "name_ur": "انٹیگریٹڈ بزنس سینٹر ڈیفنس",
            "timezone": TIMEZONE,
            "former_bocs": list(FORMER_BOCS),
        },
    )
