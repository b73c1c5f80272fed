"""The demonstration has the shape that the domain manual gives it (§6.13), at every size."""

import hashlib
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import pytest

from models import ENTITIES
from models.declaration import Owner
from models.demo import Record, demo
from models.demo.localities import LOCALITIES
from schemas.checks import is_uuid, row_check
from schemas.records import errors_of, write_schema

DAY = date(2026, 4, 8)
ORDER = ("ibc", "rule", "area", "staff", "consumer", "meter", "bill", "notice", "round", "stop")
SIZES = (0, 1, 7, 50, 3_000)


@cache
def made(consumers: int = 3_000, seed: int = 1, day: date = DAY) -> tuple[Record, ...]:
    return tuple(demo(consumers, seed, day))


def fields_of(entity: str, records: tuple[Record, ...]) -> list[dict[str, Any]]:
    return [record.fields for record in records if record.entity == entity]


def grouped(entity: str, by: str) -> dict[str, list[dict[str, Any]]]:
    groups = defaultdict(list)
    for fields in fields_of(entity, made()):
        groups[fields[by]].append(fields)
    return groups


def digest(records: tuple[Record, ...]) -> str:
    return hashlib.sha256(json.dumps(records).encode()).hexdigest()


def test_the_same_seed_makes_the_same_records() -> None:
    again = tuple(demo(3_000, 1, DAY))

    assert digest(again) == digest(made())


def test_another_seed_makes_other_records() -> None:
    assert digest(made(seed=2)) != digest(made())


def test_staff_keep_their_names_and_ids_whatever_the_seed() -> None:
    first, second = ([r for r in made(seed=s) if r.entity == "staff"] for s in (1, 2))

    assert first == second


@pytest.mark.parametrize("consumers", SIZES)
def test_parents_come_before_children(consumers: int) -> None:
    places = [ORDER.index(record.entity) for record in made(consumers)]

    assert places == sorted(places)


@pytest.mark.parametrize("consumers", SIZES)
def test_every_record_is_a_good_put_of_the_office(consumers: int) -> None:
    for record in made(consumers):
        entity = ENTITIES[record.entity]
        assert is_uuid(record.id)
        if not row_check(entity, Owner.OFFICE).is_good(record.fields):
            pytest.fail(f"{record}: {errors_of(write_schema(entity, Owner.OFFICE), record.fields)}")


def test_every_field_that_the_office_owns_is_there() -> None:
    for record in made():
        owned = {field.name for field in ENTITIES[record.entity].owned_by(Owner.OFFICE)}
        assert record.fields.keys() == owned | (record.fields.keys() & {"state"})


@pytest.mark.parametrize(
    ("entity", "field"),
    [
        ("consumer", "account_no"),
        ("consumer", "consumer_no"),
        ("meter", "meter_no"),
        ("meter", "account_no"),
        ("bill", "invoice_no"),
        ("notice", "notice_no"),
        ("stop", "account_no"),
        ("round", "officer_id"),
        ("staff", "staff_no"),
    ],
)
def test_no_two_records_share(entity: str, field: str) -> None:
    values = [fields[field] for fields in fields_of(entity, made())]

    assert len(values) == len(set(values))


def test_ids_are_unique() -> None:
    assert len({record.id for record in made()}) == len(made())


@pytest.mark.parametrize(("months", "share"), [(1, 0.73), (2, 0.18), (3, 0.09)])
def test_so_many_consumers_owe_so_many_months(months: int, share: float) -> None:
    owing = Counter(len(bills) for bills in grouped("bill", "account_no").values())

    assert owing[months] / 3_000 == pytest.approx(share, abs=0.01)


def test_defence_pays_better_than_qayyumabad() -> None:
    area = {r.id: r.fields["name"] for r in made() if r.entity == "area"}
    late: dict[object, list[bool]] = defaultdict(list)
    for consumer in fields_of("consumer", made()):
        late[area[consumer["area_id"]]].append(consumer["supply_state"] == "notice_issued")

    share = {name: sum(all_) / len(all_) for name, all_ in late.items()}

    assert share["Defence"] < 0.18
    assert share["Qayyumabad"] > 0.32


@pytest.mark.parametrize("day", [DAY, date(2026, 1, 1), date(2028, 2, 29), date(2026, 3, 31)])
def test_only_the_newest_bill_is_not_overdue(day: date) -> None:
    bills = defaultdict(list)
    for bill in fields_of("bill", made(300, 1, day)):
        bills[bill["account_no"]].append(bill)

    for open_bills in bills.values():
        *older, newest = open_bills
        assert newest["due_date"] >= day.isoformat() >= newest["issue_date"]
        assert all(bill["due_date"] < day.isoformat() for bill in older)
        months = [bill["bill_month"] for bill in open_bills]
        assert months == sorted(set(months))


def test_arrears_are_what_the_older_bills_left() -> None:
    for bills in grouped("bill", "account_no").values():
        arrears_paisa = 0
        for bill in bills:
            assert bill["arrears_paisa"] == arrears_paisa
            arrears_paisa += bill["current_paisa"]
            assert bill["within_due_paisa"] == arrears_paisa


def test_late_tiers_rise_by_five_then_ten_percent_of_the_months_own_charge() -> None:
    for bill in fields_of("bill", made()):
        if bill["current_paisa"] <= 0:
            assert bill["late_tiers"] is None
            continue
        first, second = bill["late_tiers"]
        within, current = bill["within_due_paisa"], bill["current_paisa"]
        assert first["paisa"] - within == pytest.approx(current * 0.05, abs=1)
        assert second["paisa"] - within == pytest.approx(current * 0.10, abs=1)
        assert bill["due_date"] < first["until_date"] < second["until_date"]


def test_a_notice_comes_with_the_second_months_bill() -> None:
    notices = grouped("notice", "account_no")
    for account_no, bills in grouped("bill", "account_no").items():
        if len(bills) == 1:
            assert account_no not in notices
            continue
        (notice,) = notices[account_no]
        assert notice["second_due_date"] == bills[1]["due_date"]
        assert notice["amount_paisa"] == bills[1]["within_due_paisa"]
        assert [bill["notice_printed"] for bill in bills].index(True) == 1


def test_every_officer_has_a_round_in_one_area_with_doors_that_owe() -> None:
    rounds = {record.id: record.fields for record in made() if record.entity == "round"}
    consumers = {fields["account_no"]: fields for fields in fields_of("consumer", made())}
    owed = {a: bills[-1]["within_due_paisa"] for a, bills in grouped("bill", "account_no").items()}

    stops = grouped("stop", "round_id")

    assert len({fields["officer_id"] for fields in rounds.values()}) == 30
    for round_id, doors in stops.items():
        assert rounds[round_id]["planned_count"] == len(doors) <= 50
        assert [door["walk_order"] for door in doors] == list(range(1, len(doors) + 1))
        walk = [consumers[door["account_no"]]["walk_order"] for door in doors]
        assert walk == sorted(walk)
        for door in doors:
            assert consumers[door["account_no"]]["area_id"] == rounds[round_id]["area_id"]
            assert door["expected_paisa"] == owed[door["account_no"]]


def test_consumers_stand_inside_their_locality() -> None:
    boxes = {place.name: place.box for place in LOCALITIES}
    area = {r.id: r.fields["name"] for r in made() if r.entity == "area"}

    for consumer in fields_of("consumer", made()):
        if consumer["lat_e6"] is None:
            continue
        box = boxes[str(area[consumer["area_id"]])]
        assert box.south <= consumer["lat_e6"] <= box.north
        assert box.west <= consumer["lon_e6"] <= box.east


def test_account_numbers_begin_with_zeros() -> None:
    for consumer in fields_of("consumer", made()):
        assert consumer["account_no"].startswith(("04000", "00400"))


ODD: dict[str, Callable[[dict[str, Any]], bool]] = {
    "many zeros": lambda c: c["account_no"] == "0400000000007",
    "two leading zeros": lambda c: c["account_no"].startswith("00"),
    "Urdu digits": lambda c: any("۰" <= letter <= "۹" for letter in c["address"]),
    "long name": lambda c: len(c["name"]) > 100,
    "no telephone": lambda c: c["phone_e164"] is None,
    "not located": lambda c: c["lat_e6"] is None,
    "instalments": lambda c: "SI" in (c["flags"] or []),
    "court": lambda c: "Ltg" in (c["flags"] or []),
    "unsafe": lambda c: "unsafe" in (c["flags"] or []),
    "no Urdu name": lambda c: c["name_ur"] is None,
}


@pytest.mark.parametrize("why", ODD)
def test_the_awkward_are_among_the_first(why: str) -> None:
    assert any(map(ODD[why], fields_of("consumer", made())[:200]))


def test_one_payer_has_two_accounts_at_one_address_and_both_are_on_a_round() -> None:
    groups = defaultdict(list)
    for consumer in fields_of("consumer", made())[:200]:
        groups[consumer["name"], consumer["address"]].append(consumer["account_no"])

    (accounts,) = (numbers for numbers in groups.values() if len(numbers) > 1)

    assert set(accounts) <= grouped("stop", "account_no").keys()


def test_billing_owes_one_of_the_first_consumers() -> None:
    first = {consumer["account_no"] for consumer in fields_of("consumer", made())[:200]}

    credits_ = [b for b in fields_of("bill", made()) if b["current_paisa"] < 0]

    assert [bill["account_no"] in first for bill in credits_] == [True]


def test_eighty_thousand_consumers_take_seconds() -> None:
    before = time.process_time()

    records = sum(1 for _ in demo(80_000, 1, DAY))

    assert records > 270_000
    assert time.process_time() - before < 8
