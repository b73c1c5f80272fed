"""A supervisor splits a round, takes doors off it, and sees which phones still hold what was taken."""

import pytest

from infra.ids import new_id
from sync.cursor import BEFORE_ALL, Cursor, Key
from sync.parcel import Carried
from sync.round_phones import Holding, holding_of_taken
from tests.building import a_collection, a_put, a_round, office_write, words
from tests.integration.office.desk import a_key
from tests.integration.sync.looking import one, rows
from tests.integration.sync.seeing import held_by, visible_to


def split(supervisor, ibc, stops, *, officer=1, version=1, key=None):
    body = {"officer_id": ibc.officers[officer], "stops": list(stops)}
    path = f"/rounds/{ibc.round_id}/split"
    return supervisor.post(path, body, key=key or a_key(), version=version)


def test_doors_go_to_another_officer_as_a_round_of_his_own(
    database, ibc, supervisor, phone, colleague
):
    phone.pull_all()
    colleague.pull_all()

    made = split(supervisor, ibc, ibc.stops[1:])
    phone.pull_all()
    colleague.pull_all()

    assert (made.status_code, made.json["state"], made.json["planned_count"]) == (
        201,
        "assigned",
        2,
    )
    assert phone.has("stop") == {ibc.stops[0]}
    assert phone.has("consumer") == {ibc.consumers[0]}
    assert colleague.has("stop") == set(ibc.stops[1:])
    assert colleague.has("consumer") == set(ibc.consumers[1:3])
    for one_phone in (phone, colleague):
        assert held_by(one_phone) == visible_to(one_phone)


def test_a_split_asked_for_again_is_one_split(ibc, supervisor, database):
    key = a_key()

    answers = [split(supervisor, ibc, ibc.stops[1:], key=key) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["id"] == answers[1].json["id"]
    assert one(database, "SELECT count(*) FROM rounds") == 2


def test_what_the_first_officer_had_not_sent_arrives_after_the_split(
    database, ibc, supervisor, phone, colleague
):
    phone.pull_all()
    step = {"state": "visited", "outcome": "paid"}
    unsent = [
        phone.put("stop", step, record_id=ibc.stops[1], base_version=1),
        phone.put("collection", a_collection(ibc.accounts[1], "Q3-000001")),
    ]
    split(supervisor, ibc, ibc.stops[1:])

    outcomes = phone.push(*unsent).outcomes
    phone.pull_all()
    colleague.pull_all()

    assert words(outcomes) == ["applied", "applied"]
    assert colleague.see("stop", ibc.stops[1])["state"] == "visited"
    assert held_by(phone) == visible_to(phone)


def test_only_doors_that_nobody_has_reached_can_be_split_off(ibc, supervisor, phone):
    phone.pull_all()
    phone.push(phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1))

    reached = split(supervisor, ibc, [ibc.stops[0], new_id(), ibc.stops[1], ibc.stops[1]])
    stranger = supervisor.post(
        f"/rounds/{ibc.round_id}/split",
        {"officer_id": new_id(), "stops": [ibc.stops[1]]},
        key=a_key(),
        version=1,
    )
    stale = split(supervisor, ibc, [ibc.stops[1]], version=7)

    assert reached.json["errors"] == {
        "stops.0": "not_pending",
        "stops.1": "unknown_stop",
        "stops.3": "twice",
    }
    assert stranger.json["errors"] == {"officer_id": "unknown_officer"}
    assert stale.status_code == 412


def test_a_round_that_is_over_gives_nothing_away(ibc, supervisor):
    supervisor.post(f"/rounds/{ibc.round_id}/state", {"state": "cancelled"}, version=1)

    answer = split(supervisor, ibc, [ibc.stops[0]], version=2)

    assert answer.json["errors"] == {"state": "round_is_over"}


def test_a_consumer_who_is_taken_off_the_round_leaves_the_phone(database, ibc, supervisor, phone):
    phone.pull_all()
    [planned_before] = [shown["planned"] for shown in supervisor.all("/rounds")]

    path = f"/rounds/{ibc.round_id}/withdraw"
    left = supervisor.post(path, {"stops": [ibc.stops[0]]}, version=1)
    stale = supervisor.post(path, {"stops": [ibc.stops[1]]}, version=1)
    phone.pull_all()

    planned = [shown["planned"] for shown in supervisor.all("/rounds")]
    assert (left.status_code, left.json["version"]) == (200, 2)
    assert planned == [left.json["planned_count"]] == [planned_before - 1]
    assert stale.status_code == 412
    assert phone.see("stop", ibc.stops[0])["state"] == "withdrawn"
    assert phone.has("consumer") == set(ibc.consumers[1:3])
    assert held_by(phone) == visible_to(phone)


def test_who_had_knocked_at_a_door_before_it_was_taken_off_is_heard(
    database, ibc, supervisor, phone
):
    phone.pull_all()
    supervisor.post(f"/rounds/{ibc.round_id}/withdraw", {"stops": [ibc.stops[0]]}, version=1)

    late = phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1)
    money = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001"))
    outcomes = phone.push(late, money).outcomes

    assert words(outcomes) == ["conflict ILLEGAL_TRANSITION", "applied"]
    assert rows(database, "SELECT kind FROM exceptions") == [("CONFLICT",)]


def test_a_withdrawn_consumer_does_not_come_back_with_the_round(
    database, ibc, supervisor, phone, colleague
):
    supervisor.post(f"/rounds/{ibc.round_id}/withdraw", {"stops": [ibc.stops[0]]}, version=1)
    given = {"state": "assigned", "officer_id": ibc.officers[1]}
    supervisor.post(f"/rounds/{ibc.round_id}/state", given, version=2)
    colleague.pull_all()

    assert colleague.has("consumer") == set(ibc.consumers[1:3])
    assert held_by(colleague) == visible_to(colleague)


def test_consumers_move_to_another_area_with_their_lines_in_the_directory(
    database, ibc, supervisor, phone, colleague
):
    theirs = a_round(new_id(), ibc.areas[1], colleague.officer_id)
    office_write(database, ibc.code, theirs)
    phone.pull_all()
    colleague.pull_all()

    body = {"area_id": ibc.areas[1], "accounts": [ibc.accounts[2], ibc.accounts[5]]}
    moved, again = (supervisor.post("/consumers/move", body).json for _ in range(2))
    phone.pull_all()
    colleague.pull_all()

    assert (moved, again) == ({"moved": 1}, {"moved": 0})
    assert ibc.consumers[2] in phone.has("consumer"), "his round still names her"
    assert ibc.consumers[2] in colleague.has("directory") - phone.has("directory")
    for one_phone in (phone, colleague):
        assert held_by(one_phone) == visible_to(one_phone)


def test_a_move_to_nowhere_or_of_nobody_is_refused_by_name(ibc, other_ibc, supervisor):
    body = {"area_id": other_ibc.areas[0], "accounts": [ibc.accounts[0], other_ibc.accounts[0]]}

    answer = supervisor.post("/consumers/move", body)

    assert answer.json["errors"] == {
        "accounts.1": "unknown_account",
        "area_id": "unknown_area",
    }


def exchanged(phone, pending=0):
    """An exchange as `api.sync` makes it: what the phone says of itself comes with the push."""
    phone.push(carried=Carried(cursor=phone.cursor, pending=pending))
    return phone.pull_all(pending=pending)


def test_a_supervisor_sees_which_phones_still_hold_a_round(
    database, ibc, supervisor, phone, second_phone, colleague
):
    def seen():
        listed = supervisor.all(f"/rounds/{ibc.round_id}/phones")
        return {row["device_id"]: row["holding"] for row in listed}

    for one_phone in (phone, second_phone, colleague):
        enrol_in_the_directory(database, one_phone)
    before = seen()
    for one_phone in (phone, second_phone):
        exchanged(one_phone)
        exchanged(one_phone)
    holding = seen()
    given = {"state": "assigned", "officer_id": ibc.officers[1]}
    supervisor.post(f"/rounds/{ibc.round_id}/state", given, version=1)
    taken = seen()
    exchanged(phone, pending=3)
    exchanged(phone, pending=3)
    exchanged(second_phone)
    exchanged(second_phone)
    leaving = seen()
    exchanged(phone)
    exchanged(phone)
    gone = seen()

    mine, second, theirs = phone.device_id, second_phone.device_id, colleague.device_id
    assert before == {mine: "coming", second: "coming"}
    assert holding == {mine: "holds", second: "holds"}
    assert taken == {mine: "holds", second: "holds", theirs: "coming"}
    assert leaving == {mine: "leaving", second: "gone", theirs: "coming"}
    assert gone == {mine: "gone", second: "gone", theirs: "coming"}


def test_the_phones_of_a_round_that_is_not_here_are_nobodys(other_ibc, supervisor):
    assert supervisor.get(f"/rounds/{other_ibc.round_id}/phones").status_code == 404


@pytest.mark.parametrize(
    ("cursor", "expected"),
    [
        (None, Holding.GONE),
        (Cursor("a", Key(0, 0, 0)), Holding.GONE),
        (Cursor("a", Key(6, 6, 0)), Holding.HOLDS),
        (Cursor("a", Key(7, 7, 0)), Holding.GONE),
        (Cursor("a", Key(9, 9, 0), leaving=(("round:x", BEFORE_ALL),)), Holding.LEAVING),
        (Cursor("a", Key(9, 9, 0), leaving=(("round:y", BEFORE_ALL),)), Holding.GONE),
    ],
)
def test_a_taken_round_is_held_until_the_phone_has_read_past_its_taking(cursor, expected):
    assert holding_of_taken(cursor, "round:x", 7) is expected


def enrol_in_the_directory(database, phone):
    """The device's own record, which its enrolment writes."""
    card = a_put("device", phone.device_id, staff_id=phone.officer_id, state="active")
    office_write(database, phone.code, card)
