"""Rounds and stops move along legal steps, and only those of the officer who walks them."""

import pytest

from infra.ids import new_id
from models import ENTITIES
from models.declaration import Owner
from sync.office import Put, Refused
from tests.building import a_round, a_stop, office_write, words
from tests.integration.sync.looking import one

STATES = {
    name: sorted({state for step in ENTITIES[name].sync.states for state in step})
    for name in ("round", "stop")
}
STEPS = [
    (name, current, wanted)
    for name, states in STATES.items()
    for current in states
    for wanted in states
    if current != wanted
]


@pytest.mark.parametrize(("entity", "current", "wanted"), STEPS)
def test_a_phone_takes_the_steps_that_are_its_own(database, phone, ibc, entity, current, wanted):
    record_id = new_id()
    if entity == "round":
        put = a_round(record_id, ibc.areas[1], phone.officer_id, state=current)
    else:
        put = a_stop(record_id, ibc.round_id, ibc.accounts[4], state=current)
    office_write(database, ibc.code, put)

    row = phone.put(entity, {"state": wanted}, record_id=record_id, base_version=1)
    outcome = phone.push_one(row)

    legal = ENTITIES[entity].sync.states.get((current, wanted)) is Owner.DEVICE
    assert words([outcome]) == ["applied" if legal else "conflict ILLEGAL_TRANSITION"]
    table = ENTITIES[entity].table.name
    state = one(database, f"SELECT state FROM {table} WHERE id = :id", id=record_id)
    assert state == (wanted if legal else current)


@pytest.mark.parametrize(("entity", "current", "wanted"), STEPS)
def test_the_office_takes_the_steps_that_are_its_own(database, ibc, entity, current, wanted):
    record_id = new_id()
    if entity == "round":
        put = a_round(record_id, ibc.areas[1], ibc.officers[1], state=current)
    else:
        put = a_stop(record_id, ibc.round_id, ibc.accounts[4], state=current)
    office_write(database, ibc.code, put)
    step = Put(entity, record_id, {"state": wanted})

    if ENTITIES[entity].sync.states.get((current, wanted)) is Owner.OFFICE:
        assert office_write(database, ibc.code, step) == [2]
    else:
        with pytest.raises(Refused, match=f"illegal_transition {current} {wanted}"):
            office_write(database, ibc.code, step)


def test_a_foreign_stop_looks_unknown(colleague, ibc):
    foreign = colleague.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1)
    nowhere = colleague.put("stop", {"state": "visited"}, record_id=new_id(), base_version=1)

    outcomes = colleague.push(foreign, nowhere).outcomes

    assert [o._replace(id=None) for o in outcomes[:1]] == [
        o._replace(id=None) for o in outcomes[1:]
    ]
    assert outcomes[0].errors == {"record_id": "unknown_record"}


def test_a_foreign_round_looks_unknown(colleague, ibc):
    row = colleague.put("round", {"state": "started"}, record_id=ibc.round_id, base_version=1)

    outcome = colleague.push_one(row)

    assert outcome.errors == {"record_id": "unknown_record"}


def test_a_stop_of_another_ibc_looks_unknown(phone, other_ibc):
    row = phone.put("stop", {"state": "visited"}, record_id=other_ibc.stops[0], base_version=1)

    outcome = phone.push_one(row)

    assert outcome.errors == {"record_id": "unknown_record"}


def test_a_phone_may_not_write_the_offices_fields(database, phone, ibc):
    row = phone.put(
        "stop", {"state": "visited", "expected_paisa": 1}, record_id=ibc.stops[0], base_version=1
    )

    outcome = phone.push_one(row)

    assert outcome.errors == {"expected_paisa": "unknown_field"}
    assert one(database, "SELECT state FROM stops WHERE id = :id", id=ibc.stops[0]) == "pending"


def test_a_whole_walk_in_one_batch(database, phone, ibc):
    steps = [("round", ibc.round_id, {"state": "started"}, 1)]
    steps += [("stop", stop, {"state": "visited", "outcome": "paid"}, 1) for stop in ibc.stops]
    steps += [("stop", stop, {"state": "done"}, 2) for stop in ibc.stops]
    steps.append(("round", ibc.round_id, {"state": "ended"}, 2))

    pushed = phone.push(
        *(phone.put(e, fields, record_id=i, base_version=v) for e, i, fields, v in steps)
    )

    assert words(pushed.outcomes) == ["applied"] * 8
    assert one(database, "SELECT state, version FROM rounds") == ("ended", 3)


def test_a_phone_learns_what_the_office_changed_before_its_own_step(database, phone, ibc):
    phone.pull_all()
    office_write(database, ibc.code, Put("stop", ibc.stops[0], {"expected_paisa": 777_00}))

    row = phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1)
    outcome = phone.push_one(row)
    phone.pull_all()

    assert words([outcome]) == ["applied"]
    seen = phone.see("stop", ibc.stops[0])
    assert (seen["state"], seen["expected_paisa"]) == ("visited", 777_00)


def test_a_step_from_a_fresh_copy_is_not_sent_back(phone, ibc):
    phone.pull_all()

    phone.push(phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1))

    assert phone.pull().count == 0
