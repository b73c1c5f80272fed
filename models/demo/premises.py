"""The consumers and their meters as billing's files would list them: name, door, position and load."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from math import isqrt
from random import Random

from infra.clock import rfc3339, start_of_date
from models.demo.account import Account
from models.demo.localities import LOCALITIES, Locality, counts
from models.demo.names import Families
from models.demo.oddities import ODDITIES
from models.demo.record import TIMEZONE, Record, demo_id

FLOORS = ("Ground Floor", "First Floor", "Second Floor", "Third Floor")
LOCATED_SHARE = 0.96
WITH_PHONE_SHARE = 0.88
UNDER_A_TRADE_SHARE = 0.6
"""Of the shops; the others are billed to a person."""
CLOSED_NETWORK = "+92364"
"""Instaphone's code: well formed, and no subscriber is left who could receive our messages."""
HOUR_MS = 3_600_000
METER_MAKES = ("EL", "KB", "PE", "SM")


def areas() -> Iterator[Record]:
    for place in LOCALITIES:
        yield Record(
            "area",
            area_id(place),
            {
                "name": place.name,
                "name_ur": place.name_ur,
                "aliases": list(place.aliases) or None,
                "cash_collection_enabled": place.cash_collection_enabled,
                "safety_level": place.safety_level.value,
            },
        )


def area_id(place: Locality) -> str:
    return demo_id("area", place.name)


def consumers(plan: list[Account], business_date: date, dice: Random) -> Iterator[Record]:
    """Everybody in the plan, with what makes some of them awkward put over the usual."""
    streets = [
        Streets(place, doors) for place, doors in zip(LOCALITIES, counts(len(plan)), strict=True)
    ]
    as_of = rfc3339(start_of_date(business_date, TIMEZONE) + 2 * HOUR_MS)
    numbers = dice.sample(range(1_000_000), len(plan))
    phones = dice.sample(range(10_000, 10_000_000), len(plan))
    for account in plan:
        fields: dict[str, object] = {
            "account_no": account.account_no,
            "consumer_no": f"{'AL' if account.serial % 3 else 'LA'}{numbers[account.serial]:06d}",
            **streets[account.place].door(account, dice),
            "walk_order": account.walk_order,
            "phone_e164": _phone(phones[account.serial], dice),
            "tariff": account.tariff,
            "sanctioned_load_w": account.load_w,
            "flags": _flags(account, dice),
            "supply_state": "connected" if account.months_owed == 1 else "notice_issued",
            "source_as_of": as_of,
        }
        if account.serial in ODDITIES:
            fields |= ODDITIES[account.serial].fields
        yield Record("consumer", demo_id("consumer", account.account_no), fields)


def meters(plan: Iterable[Account], business_date: date, dice: Random) -> Iterator[Record]:
    """One meter for each account; big loads have three phases, the biggest a current transformer."""
    installed = [
        (business_date - timedelta(days=days)).isoformat() for days in range(200, 5_200, 10)
    ]
    for account in plan:
        make = METER_MAKES[int(dice.random() * len(METER_MAKES))]
        meter_no = f"{make}{1_000_000 + account.serial * 7}"
        fields: dict[str, object] = {
            "meter_no": meter_no,
            "account_no": account.account_no,
            "phases": 3 if account.load_w >= 5_000 else 1,
            "digits": 6 if account.load_w >= 5_000 else 5,
            "multiplier_milli": 20_000 if account.load_w >= 17_000 else 1_000,
            "installed_on": installed[int(dice.random() * len(installed))],
            "state": "installed",
        }
        yield Record("meter", demo_id("meter", meter_no), fields)


class Streets:
    """The lanes of one locality, laid as a grid over its box and walked to and fro."""

    def __init__(self, place: Locality, doors: int) -> None:
        self._place = place
        self._area_id = area_id(place)
        self._families = Families(place.communities)
        # As many doors in a lane as lanes, in whole houses, so that the walk fills the box evenly.
        self._doors_per_lane = max(2, isqrt(doors) // place.doors_per_house) * place.doors_per_house
        self._lanes = -(-doors // self._doors_per_lane)
        box = place.box
        self._lane_step = (box.north - box.south) / max(1, self._lanes)
        self._door_step = (box.east - box.west) / self._doors_per_lane

    def door(self, account: Account, dice: Random) -> Mapping[str, object]:
        """Who lives behind one door, its address and its position."""
        lane, door = divmod(account.walk_order - 1, self._doors_per_lane)
        trade = account.tariff == "A2-C"
        under_a_trade = trade and dice.random() < UNDER_A_TRADE_SHARE
        name = self._families.shop(dice) if under_a_trade else self._families.person(dice)
        return {
            "name": name.latin,
            "name_ur": name.urdu,
            "address": self._shop(lane, door) if trade else self._home(lane, door),
            "area_id": self._area_id,
            **self._position(lane, door, dice),
        }

    def _home(self, lane: int, door: int) -> str:
        place = self._place
        house, floor = divmod(door, place.doors_per_house)
        block = lane * len(place.blocks) // self._lanes
        first_lane = -(-block * self._lanes // len(place.blocks))
        return (
            f"{place.house} {house + 1}, {FLOORS[floor]}, {place.lane} {lane - first_lane + 1},"
            f" {place.blocks[block]}, {place.name}, Karachi"
        )

    def _shop(self, lane: int, door: int) -> str:
        markets = self._place.markets
        market = markets[lane * len(markets) // self._lanes]
        return f"Shop {lane + 1}-{door + 1}, {market}, {self._place.name}, Karachi"

    def _position(self, lane: int, door: int, dice: Random) -> Mapping[str, int | None]:
        draw = dice.random()
        if draw > LOCATED_SHARE:
            return {"lat_e6": None, "lon_e6": None, "accuracy_m": None}
        # Every other lane is walked back, or the way from one to the next would cross the locality.
        along = self._doors_per_lane - 1 - door if lane % 2 else door
        box = self._place.box
        return {
            "lat_e6": box.south + int((lane + 0.1 + 0.8 * dice.random()) * self._lane_step),
            "lon_e6": box.west + int((along + 0.1 + 0.8 * dice.random()) * self._door_step),
            "accuracy_m": 4 + int(draw * 20),
        }


def _phone(number: int, dice: Random) -> str | None:
    return f"{CLOSED_NETWORK}{number:07d}" if dice.random() < WITH_PHONE_SHARE else None


def _flags(account: Account, dice: Random) -> list[str] | None:
    """KE's customer types (domain manual §1.3) and our own `unsafe`."""
    draw = dice.random()
    flags = ["Def"] if account.months_owed == 3 else []
    if draw < 0.004:
        flags.append("unsafe")
    elif draw < 0.008 and account.months_owed > 1:
        flags.append("Ltg")
    elif draw < 0.020 and account.months_owed > 1:
        flags.append("SI")
    elif draw > 0.995:
        flags.append("NM")
    return flags or None
