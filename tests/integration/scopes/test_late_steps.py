"""What an officer did before his round was taken away is kept: applied where it can be, else a person decides."""

import pytest

from sync.office import Put
from tests.building import a_collection, a_round, a_stop, a_visit, office_write, words
from tests.integration.desk.cases import CaseDesk, verdicts
from tests.integration.sync.looking import one


@pytest.fixture
def taken(database, ibc, phone, colleague):
    """The phone has read its round, which is then given to the colleague."""
    phone.pull_all()
    given = {"state": "assigned", "officer_id": colleague.officer_id}
    office_write(database, ibc.code, Put("round", ibc.round_id, given))
    return ibc


def step(phone, stop, state="visited", version=1, **fields):
    return phone.put("stop", {"state": state, **fields}, record_id=stop, base_version=version)


def test_a_door_that_was_visited_before_the_round_was_taken_is_visited(
    database, phone, colleague, taken
):
    late = step(phone, taken.stops[0], outcome="paid")
    visit = phone.put("visit", a_visit(taken.accounts[0], stop_id=taken.stops[0], outcome="paid"))
    money = phone.put(
        "collection", a_collection(taken.accounts[0], "Q3-000001", stop_id=taken.stops[0])
    )

    outcomes = phone.push(late, visit, money).outcomes
    colleague.pull_all()
    phone.pull_all()

    assert words(outcomes) == ["applied"] * 3
    seen = colleague.see("stop", taken.stops[0])
    assert (seen["state"], seen["outcome"]) == ("visited", "paid")
    assert phone.has("stop") == set()
    assert one(database, "SELECT count(*) FROM exceptions") == 0


def test_where_the_door_has_moved_on_a_person_decides_and_the_phone_is_told(
    database, desk, phone, colleague, taken
):
    colleague.pull_all()
    colleague.push(step(colleague, taken.stops[0]))
    clerk = CaseDesk(desk("cashier"))

    late = phone.push_one(step(phone, taken.stops[0], "skipped"))
    answer = clerk.resolve(late.exception_id, state="ours")
    phone.pull_all()

    assert words([late]) == ["conflict ILLEGAL_TRANSITION"]
    assert (answer.status_code, answer.json["state"]) == (200, "resolved")
    assert one(database, "SELECT state FROM stops WHERE id = :id", id=taken.stops[0]) == "visited"
    [verdict] = verdicts(phone)
    assert (verdict["mutation_id"], verdict["verdict"]) == (late.id, "resolved")


def test_nobody_ends_a_round_that_is_anothers_now(database, desk, phone, taken):
    clerk = CaseDesk(desk("cashier"))
    row = phone.put("round", {"state": "started"}, record_id=taken.round_id, base_version=1)

    outcome = phone.push_one(row)
    state = one(database, "SELECT state FROM rounds WHERE id = :id", id=taken.round_id)
    case = clerk.see(outcome.exception_id)
    clerk.resolve(outcome.exception_id, state="ours")
    phone.pull_all()

    assert words([outcome]) == ["conflict ROUND_TAKEN"]
    assert state == "assigned"
    assert (case["why"], case["mutation_id"]) == ("ROUND_TAKEN", outcome.id)
    assert [verdict["mutation_id"] for verdict in verdicts(phone)] == [outcome.id]


def test_a_stop_that_went_to_another_round_keeps_the_step_of_who_was_there(
    database, ibc, phone, colleague
):
    phone.pull_all()
    other = a_round("0b8c4a52-5a0f-4e0e-8a51-7d6a3a4d1c11", ibc.areas[0], colleague.officer_id)
    office_write(
        database, ibc.code, other, Put("stop", ibc.stops[2], {"round_id": other.record_id})
    )

    outcome = phone.push_one(step(phone, ibc.stops[2], "skipped", skipped_because="locked"))
    colleague.pull_all()

    assert words([outcome]) == ["applied"]
    assert colleague.see("stop", ibc.stops[2])["skipped_because"] == "locked"


def test_the_same_late_step_again_is_the_same_outcome(phone, taken):
    late = step(phone, taken.stops[0])

    first, again = phone.push_one(late), phone.push_one(late)

    assert again == first._replace(replayed=True)


def test_who_was_never_shown_a_stop_is_told_nothing_of_it(database, ibc, phone, colleague):
    hidden = a_round("0b8c4a52-5a0f-4e0e-8a51-7d6a3a4d1c12", ibc.areas[0], colleague.officer_id)
    stop = a_stop("0b8c4a52-5a0f-4e0e-8a51-7d6a3a4d1c13", hidden.record_id, ibc.accounts[5])
    office_write(database, ibc.code, hidden, stop)

    outcome = phone.push_one(step(phone, stop.record_id))

    assert outcome.errors == {"record_id": "unknown_record"}
