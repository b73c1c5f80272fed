"""What our own code failed on is tried again, and what waits for too long is asked about."""

import pytest

import sync.effects
from infra.ids import derived_id
from sync.faults import PATIENCE_MS, ask_about_old, try_again
from tests.building import NOW, a_collection, a_visit, words
from tests.integration.sync.looking import count, one


@pytest.fixture
def effects(monkeypatch):
    """Effects that a test may break and mend."""
    own = dict(sync.effects.EFFECTS)
    monkeypatch.setattr(sync.effects, "EFFECTS", own)
    return own


def fail(_writing, changes):
    raise ZeroDivisionError(f"our own fault, with {len(changes)} changes")


def test_money_that_our_code_failed_on_is_applied_when_the_code_is_mended(
    database, phone, ibc, effects
):
    effects["collection"] = fail
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001"))
    pushed = phone.push(row)
    del effects["collection"]

    decided = try_again(database, "DEF", NOW)

    assert words(pushed.outcomes) == ["waiting OUR_FAULT"]
    assert decided == 1
    assert one(database, "SELECT id FROM collections") == row["record_id"]
    assert count(database, "waiting") == 0
    assert one(database, "SELECT state FROM exceptions") == "resolved"
    assert one(database, "SELECT of_id FROM mutations WHERE op = 'release'") == row["id"]
    assert one(database, "SELECT verdict FROM verdicts") == "released"


def test_while_our_code_is_broken_it_waits_on(database, phone, ibc, effects):
    effects["visit"] = fail
    phone.push(phone.put("visit", a_visit(ibc.accounts[0])))

    decided = try_again(database, "DEF", NOW)

    assert decided == 0
    assert count(database, "waiting") == 1
    assert count(database, "visits") == 0


def test_two_workers_decide_it_once(database, phone, ibc, effects):
    effects["visit"] = fail
    phone.push(phone.put("visit", a_visit(ibc.accounts[0])))
    del effects["visit"]

    assert [try_again(database, "DEF", NOW) for _ in range(2)] == [1, 0]
    assert count(database, "visits") == 1


def test_a_void_without_its_collection_is_asked_about_after_five_days(database, phone):
    lost = {"collection_id": derived_id("never pushed"), "reason": "wrong house"}
    pushed = phone.push(phone.put("receipt_void", lost))

    early = ask_about_old(database, "DEF", NOW + PATIENCE_MS)
    late = [ask_about_old(database, "DEF", NOW + PATIENCE_MS + 1) for _ in range(2)]

    assert words(pushed.outcomes) == ["waiting PARENT_MISSING"]
    assert [early, *late] == [0, 1, 0]
    assert one(database, "SELECT kind FROM exceptions") == "WAITED_TOO_LONG"
