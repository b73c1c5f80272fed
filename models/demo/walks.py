"""The walks of one day: each officer has a beat of one locality and on it the first doors that owe."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from models.demo.localities import LOCALITIES
from models.demo.people import officer_numbers, staff_id
from models.demo.premises import area_id
from models.demo.record import Record, demo_id

STOPS_MAX = 50
REASONS = {2: "two months unpaid", 3: "three months unpaid"}


class Debt(NamedTuple):
    """A door worth a walk."""

    account_no: str
    place: int
    months_owed: int
    owed_paisa: int


class Walk(NamedTuple):
    """One officer's walk and the doors on it."""

    round: Record
    debts: list[Debt]


def walks(debts: list[Debt], business_date: date) -> list[Walk]:
    """A walk for every officer, through one beat each; `debts` in walking order."""
    officers = iter(officer_numbers())
    planned = []
    for place, locality in enumerate(LOCALITIES):
        here = [debt for debt in debts if debt.place == place]
        for beat in range(locality.officers):
            least = beat * len(here) // locality.officers
            most = (beat + 1) * len(here) // locality.officers
            doors = here[least:most][:STOPS_MAX]
            kind = "mixed" if beat % 2 else "collection"
            planned.append(
                Walk(_round(place, next(officers), business_date, kind, len(doors)), doors)
            )
    return planned


def stops(walk: Walk) -> Iterator[Record]:
    for order, debt in enumerate(walk.debts, start=1):
        yield Record(
            "stop",
            demo_id("stop", walk.round.id, debt.account_no),
            {
                "round_id": walk.round.id,
                "account_no": debt.account_no,
                "walk_order": order,
                "reason": REASONS[debt.months_owed],
                "expected_paisa": debt.owed_paisa,
                "state": "pending",
            },
        )


def _round(place: int, officer_no: str, business_date: date, kind: str, doors: int) -> Record:
    return Record(
        "round",
        demo_id("round", business_date.isoformat(), officer_no),
        {
            "area_id": area_id(LOCALITIES[place]),
            "officer_id": staff_id(officer_no),
            "business_date": business_date.isoformat(),
            "kind": kind,
            "planned_count": doors,
            "state": "assigned",
        },
    )
