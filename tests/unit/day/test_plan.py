"""A planned day is whole: money that adds up, edits that mean something, a twentieth late."""

from collections import Counter

import pytest

from models import ENTITIES
from models.declaration import Owner
from schemas.records import errors_of, write_schema
from tests.simulation.day.plan import NOTES_RS, Door, notes, walk

STOPS = [
    Door(
        account_no=f"04000000{n:05d}",
        name="x",
        owed_paisa=n * 123_45,
        stop_id=f"0196aaaa-0000-7000-8000-{n:012d}",
        notice_id=f"0196bbbb-0000-7000-8000-{n:012d}" if n % 2 else None,
    )
    for n in range(1, 40)
]
DIRECTORY = [Door(account_no=f"04000001{n:05d}", name="x") for n in range(200)]
SEEDS = [str(seed) for seed in range(10)]
UNKNOWN = ("9999999999991", "9999999999992")


def a_day(facts=150, seed="1", stops=STOPS):
    return walk(stops=stops, directory=DIRECTORY, facts=facts, seed=seed, unknown=UNKNOWN)


def test_the_same_seed_is_the_same_day():
    assert a_day() == a_day()
    assert a_day() != a_day(seed="2")


@pytest.mark.parametrize("facts", [20, 30, 150])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_day_holds_what_a_day_holds_once(facts, seed):
    day = a_day(facts, seed)

    kinds = Counter(deed.entity for deed in day.deeds)
    accounts = {deed.fields.get("account_no") for deed in day.deeds}
    groups = Counter(deed.group for deed in day.deeds if deed.group)

    assert len(day.deeds) == sum(day.pieces) == facts
    assert kinds["receipt_void"] == 1
    assert kinds["meter_issue"] >= 2
    assert kinds["collection"] >= 5
    assert set(UNKNOWN) <= accounts
    assert any("unknown_payer_text" in deed.fields for deed in day.deeds)
    assert 2 in groups.values()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deed_comes_after_what_it_is_about_and_an_edit_is_not_earlier_than_its_issue(seed):
    day = a_day(seed=seed)
    place = {deed.label: n for n, deed in enumerate(day.deeds) if deed.label}

    for n, deed in enumerate(day.deeds):
        if not deed.about:
            continue
        assert place[deed.about] < n
        if deed.entity == "meter_issue" and place[deed.about] in day.late:
            assert n in day.late


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_that_is_planned_may_be_sent(seed):
    stamped = {"receipt_no": "A0-000001", "collection_id": STOPS[0].stop_id}
    for deed in a_day(seed=seed).deeds:
        schema = write_schema(ENTITIES[deed.entity], Owner.DEVICE)
        added = {
            name: value for name, value in stamped.items() if name in ENTITIES[deed.entity].names
        }
        partial = deed.entity == "meter_issue" and bool(deed.about)

        assert errors_of(schema, {**deed.fields, **added}, partial=partial) == {}


def test_tenders_come_in_their_shares():
    tenders = Counter(
        deed.fields["tender"]
        for seed in range(20)
        for deed in a_day(seed=str(seed)).deeds
        if deed.entity == "collection"
    )

    share = {tender: round(100 * n / tenders.total()) for tender, n in tenders.items()}

    assert 67 <= share["cash"] <= 77
    assert 14 <= share["wallet"] <= 24
    assert 6 <= share["cheque"] <= 14


@pytest.mark.parametrize("rupees", [1, 7, 75, 99, 5_000, 12_345])
def test_notes_make_the_amount(rupees):
    found = notes(rupees * 100)

    assert sum(int(note) * pieces for note, pieces in found.items()) == rupees
    assert set(map(int, found)) <= set(NOTES_RS)
