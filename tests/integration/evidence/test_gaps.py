"""A gap is named to the device at once, to a supervisor when it is old, and closed when it is filled."""

import orjson
import pytest

from sync.gaps import GAP_PATIENCE_MS, ask_about_gaps
from tests.building import NOW, a_visit
from tests.integration.sync.looking import one, rows

LATER = NOW + GAP_PATIENCE_MS + 1
STATES = "SELECT state, resolution FROM exceptions WHERE kind = 'CHAIN_GAP'"


@pytest.fixture
def run(phone, ibc):
    return [phone.put("visit", a_visit(ibc.accounts[0])) for _ in range(5)]


def test_a_young_gap_is_the_devices_own_affair(database, phone, run):
    pushed = phone.push(run[0], run[4])

    assert pushed.missing == [2, 3, 4]
    assert ask_about_gaps(database, NOW + GAP_PATIENCE_MS) == 0


def test_an_old_gap_is_named_to_the_supervisor_once(database, phone, run):
    phone.push(run[0], run[4])

    assert (ask_about_gaps(database, LATER), ask_about_gaps(database, LATER)) == (1, 0)

    found = rows(database, "SELECT kind, owner_role, subject_id, detail FROM exceptions")[0]
    assert found[:3] == ("CHAIN_GAP", "supervisor", phone.device_id)
    assert orjson.loads(found[3]) == {"missing": [[2, 4]], "since": NOW}


def test_a_gap_that_was_filled_half_stays_open_and_filled_whole_is_closed(database, phone, run):
    phone.push(run[0], run[4])
    ask_about_gaps(database, LATER)

    phone.push(run[2])
    assert rows(database, STATES) == [("open", None)]
    phone.push(run[1], run[3])

    assert rows(database, STATES) == [("resolved", "arrived")]
    assert one(database, "SELECT gap_since FROM device_chains") is None


def test_a_second_gap_of_the_same_phone_is_another_story(database, phone, ibc, run):
    phone.push(run[0], run[2])
    ask_about_gaps(database, LATER)
    phone.push(run[1])
    phone.push(run[4], now=LATER)

    assert ask_about_gaps(database, LATER + GAP_PATIENCE_MS + 1) == 1

    assert sorted(state for state, _ in rows(database, STATES)) == ["open", "resolved"]


def test_a_gap_is_old_by_when_it_began(database, phone, ibc, run):
    phone.push(run[0], run[2])
    phone.push(run[4], now=LATER - 5)

    assert ask_about_gaps(database, LATER) == 1
