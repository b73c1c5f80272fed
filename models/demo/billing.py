"""The bills that are not paid yet, and the notices printed on the second month's."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from models.demo.account import Account
from models.demo.localities import LOCALITIES
from models.demo.oddities import ODDITIES
from models.demo.record import Record, demo_id

CYCLES = 10
"""Consumers are read and billed in batches, a day apart (domain manual §1.3)."""
DUE_AFTER_DAYS = 14
READ_BEFORE_DAYS = 4
LATE_3_DAYS_PERCENT = 5
LATE_PERCENT = 10

SLABS_PAISA = ((100, 2_359), (200, 3_007), (300, 3_426), (500, 4_136), (700, 4_392))
"""A home's price of a kWh by what it uses in the month, up to so many kWh; above, TOP_PAISA."""
TOP_PAISA = 4_884
COMMERCE_PAISA = 4_510
COMMERCE_KWH = 420
DUTY_AND_TAX_PER_MILLE = 195
"""Electricity duty 1.5 % and sales tax 18 %."""
TELEVISION_FEE_PAISA = 35_00


class Month(NamedTuple):
    """One billing month of one cycle, its dates in wire form."""

    month: str
    digits: str
    """YYMM, with which its invoice numbers begin."""
    reading_date: str
    issue_date: str
    due_date: str
    late_until: tuple[str, str]


def billed(plan: Iterable[Account], business_date: date, dice: Random) -> Iterator[list[Record]]:
    """For each account of the plan its open bills, oldest first."""
    calendar = [_months(business_date + timedelta(days=1 + cycle)) for cycle in range(CYCLES)]
    for account in plan:
        months = calendar[cycle_of(account)][-account.months_owed :]
        yield _bills(account, months, dice)


def cycle_of(account: Account) -> int:
    """Neighbours are read on the same day."""
    return (account.place * 3 + account.walk_order // 500) % CYCLES


def notice(account: Account, bills: list[Record]) -> Record:
    """The notice that came with the second month's bill, for both months (CSM 8.2.2)."""
    second = bills[1].fields
    notice_no = f"N{second['invoice_no']}"
    return Record(
        "notice",
        demo_id("notice", notice_no),
        {
            "notice_no": notice_no,
            "account_no": account.account_no,
            "amount_paisa": second["within_due_paisa"],
            "issued_on": second["issue_date"],
            "second_due_date": second["due_date"],
            "state": "issued",
            "served_on": None,
        },
    )


def _bills(account: Account, months: list[Month], dice: Random) -> list[Record]:
    """What a late month costs more is part of the next month's own charge, as it is on paper."""
    kwh = _usual_kwh(account, dice)
    bills: list[Record] = []
    arrears_paisa = current_paisa = 0
    for index, month in enumerate(months):
        surcharge_paisa = _percent(current_paisa, LATE_PERCENT)
        used_kwh = kwh * (85 + int(dice.random() * 31)) // 100
        current_paisa = charge_paisa(account.tariff, used_kwh) + surcharge_paisa
        if account.serial in ODDITIES and ODDITIES[account.serial].credited:
            current_paisa = -current_paisa
        bills.append(_bill(account, month, current_paisa, arrears_paisa, notice_printed=index == 1))
        arrears_paisa += current_paisa
    return bills


def _bill(
    account: Account, month: Month, current_paisa: int, arrears_paisa: int, *, notice_printed: bool
) -> Record:
    invoice_no = f"{month.digits}{account.serial + 1:08d}"
    return Record(
        "bill",
        demo_id("bill", invoice_no),
        {
            "invoice_no": invoice_no,
            "account_no": account.account_no,
            "bill_month": month.month,
            "reading_date": month.reading_date,
            "issue_date": month.issue_date,
            "due_date": month.due_date,
            "current_paisa": current_paisa,
            "arrears_paisa": arrears_paisa,
            "within_due_paisa": current_paisa + arrears_paisa,
            "late_tiers": _late_tiers(month, current_paisa, arrears_paisa),
            "notice_printed": notice_printed,
        },
    )


def _late_tiers(month: Month, current_paisa: int, arrears_paisa: int) -> list[object] | None:
    """5 % within three days, 10 % after (domain manual §1.3); on this month's charge only."""
    if current_paisa <= 0:
        return None
    percents = (LATE_3_DAYS_PERCENT, LATE_PERCENT)
    return [
        {
            "until_date": until_date,
            "paisa": arrears_paisa + current_paisa + _percent(current_paisa, percent),
        }
        for until_date, percent in zip(month.late_until, percents, strict=True)
    ]


def charge_paisa(tariff: str, kwh: int) -> int:
    """Energy at the slab's price, duty, tax and the television fee; fixed charges are left out."""
    price_paisa = COMMERCE_PAISA
    if tariff == "A1-R":
        price_paisa = next((paisa for most, paisa in SLABS_PAISA if kwh <= most), TOP_PAISA)
    return kwh * price_paisa * (1000 + DUTY_AND_TAX_PER_MILLE) // 1000 + TELEVISION_FEE_PAISA


def _usual_kwh(account: Account, dice: Random) -> int:
    typical = COMMERCE_KWH if account.tariff == "A2-C" else LOCALITIES[account.place].home_kwh
    # The product of two draws has a long tail, as use has; its mean here is the typical use.
    return int(typical * (0.3 + 2.8 * dice.random() * dice.random()))


def _percent(paisa: int, percent: int) -> int:
    return (paisa * percent + 50) // 100


def _months(newest_due: date) -> list[Month]:
    """Three billing months of one cycle, oldest first, the last due on `newest_due`."""
    return [_month(newest_due, back) for back in (2, 1, 0)]


def _month(newest_due: date, back: int) -> Month:
    due = _months_before(newest_due, back)
    issue = due - timedelta(days=DUE_AFTER_DAYS)
    billing = _months_before(newest_due - timedelta(days=DUE_AFTER_DAYS), back)
    return Month(
        month=f"{billing:%Y-%m}",
        digits=f"{billing:%y%m}",
        reading_date=(issue - timedelta(days=READ_BEFORE_DAYS)).isoformat(),
        issue_date=issue.isoformat(),
        due_date=due.isoformat(),
        late_until=(
            (due + timedelta(days=3)).isoformat(),
            (due + timedelta(days=30)).isoformat(),
        ),
    )


def _months_before(day: date, back: int) -> date:
    if not back:
        return day
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, min(day.day, 28))
