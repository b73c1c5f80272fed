"""The consumers of the demonstration, decided before anything is written: where, how big and how late."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from models.demo.localities import LOCALITIES, counts
from models.demo.oddities import CREDITED, LATE, ODDITIES

THREE_MONTHS_PERCENT = 9
TWO_MONTHS_PERCENT = 18
SHOPS_SHARE = 0.12
HOME_WORK_SHARE = 0.16
"""Upper bound of the same draw: homes where somebody works (A1-C)."""
RESERVED = 10_000
"""Account numbers below are kept for the oddities."""


class Account(NamedTuple):
    """One consumer in the plan."""

    account_no: str
    serial: int
    """Counts from 0 over the whole IBC."""
    place: int
    """Which of LOCALITIES."""
    walk_order: int
    """Counts from 1 in the locality."""
    tariff: str
    load_w: int
    months_owed: int


def accounts(consumers: int, dice: Random) -> Iterator[Account]:
    """Every consumer in walking order, locality by locality."""
    numbers = dice.sample(range(RESERVED, 100_000_000), consumers)
    months = _months_owed(consumers, dice)
    serial = 0
    for place, doors in enumerate(counts(consumers)):
        for walk_order in range(1, doors + 1):
            tariff = _tariff(dice)
            odd_no = ODDITIES[serial].account_no if serial in ODDITIES else None
            yield Account(
                odd_no or f"04000{numbers[serial]:08d}",
                serial,
                place,
                walk_order,
                tariff,
                _load_w(tariff, LOCALITIES[place].doors_per_house, dice),
                months[serial],
            )
            serial += 1


def _months_owed(consumers: int, dice: Random) -> list[int]:
    """Exactly 9 % owe three months and 18 % two, more of them where people pay late."""
    ranks = []
    serial = 0
    for place, doors in zip(LOCALITIES, counts(consumers), strict=True):
        ranks += [(dice.random() / place.lateness, serial + door) for door in range(doors)]
        serial += doors
    for serial in LATE & set(range(consumers)):
        ranks[serial] = (-1.0, serial)
    for serial in CREDITED & set(range(consumers)):
        ranks[serial] = (float("inf"), serial)

    three = round(consumers * THREE_MONTHS_PERCENT / 100)
    two = round(consumers * TWO_MONTHS_PERCENT / 100)
    months = [1] * consumers
    for rank, (_, serial) in enumerate(sorted(ranks)[: three + two]):
        months[serial] = 3 if rank < three else 2
    return months


def _tariff(dice: Random) -> str:
    draw = dice.random()
    if draw < SHOPS_SHARE:
        return "A2-C"
    return "A1-C" if draw < HOME_WORK_SHARE else "A1-R"


def _load_w(tariff: str, doors_per_house: int, dice: Random) -> int:
    """Kilowatts, whole or half; where two families share a house instead of four, homes are bigger."""
    halves = int(dice.random() ** 2 * 12)
    if tariff == "A2-C":
        return 2_000 + 1_500 * halves
    return 1_000 + 500 * halves if doors_per_house > 2 else 3_000 + 1_000 * halves
