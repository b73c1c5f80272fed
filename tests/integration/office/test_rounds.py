"""A supervisor plans a round and moves it along."""

import pytest

from infra.ids import new_id
from sync.office import Put
from tests.building import office_write
from tests.integration.office.desk import a_key


@pytest.fixture
def supervisor(desk, database, ibc):
    cards = [Put("staff", officer, {"roles": ["officer"]}) for officer in ibc.officers]
    office_write(database, "DEF", *cards)
    return desk("supervisor")


def a_plan(ibc, **changes):
    stops = [
        {"account_no": account_no, "walk_order": n, "expected_paisa": 10_000}
        for n, account_no in enumerate(ibc.accounts[3:6])
    ]
    plan = {
        "area_id": ibc.areas[1],
        "officer_id": ibc.officers[1],
        "business_date": "2026-04-09",
        "kind": "collection",
        "stops": stops,
    }
    return plan | changes


def test_a_round_is_planned_assigned_and_reaches_the_phone(ibc, supervisor, colleague):
    planned = supervisor.post("/rounds", a_plan(ibc), key=a_key())
    path = f"/rounds/{planned.json['id']}/state"
    assigned = supervisor.post(path, {"state": "assigned"}, version=1)
    colleague.pull_all()

    assert (planned.status_code, planned.json["state"]) == (201, "planned")
    assert (assigned.status_code, assigned.headers["ETag"]) == (200, '"2"')
    assert planned.json["id"] in colleague.has("round")
    assert len(colleague.has("stop")) == len(colleague.has("consumer")) == 3
    [shown] = supervisor.all("/rounds?business_date=2026-04-09")
    assert (shown["planned"], shown["state"]) == (3, "assigned")


def test_the_same_plan_under_the_same_key_is_one_round(ibc, supervisor):
    key = a_key()
    answers = [supervisor.post("/rounds", a_plan(ibc), key=key) for _ in range(2)]

    assert answers[0].data == answers[1].data
    assert len(supervisor.all("/rounds?business_date=2026-04-09")) == 1


def test_other_stops_under_the_same_key_are_a_conflict(ibc, supervisor):
    key = a_key()
    supervisor.post("/rounds", a_plan(ibc), key=key)
    other = a_plan(ibc)
    other["stops"][0]["walk_order"] = 9

    assert supervisor.post("/rounds", other, key=key).status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"area_id": new_id()}, "area_id"),
        ({"officer_id": new_id()}, "officer_id"),
        (
            {"stops": [{"account_no": "0700000000001", "walk_order": 1, "expected_paisa": 0}]},
            "stops.0.account_no",
        ),
        (
            {"stops": [{"account_no": "0400000000001", "walk_order": 1, "expected_paisa": 0}] * 2},
            "stops.1.account_no",
        ),
    ],
)
def test_a_plan_that_names_nobody_is_refused_by_name(changes, field, ibc, other_ibc, supervisor):
    answer = supervisor.post("/rounds", a_plan(ibc, **changes), key=a_key())

    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert supervisor.all("/rounds?business_date=2026-04-09") == []


def test_a_round_moves_along_legal_steps_only(ibc, supervisor):
    path = f"/rounds/{ibc.round_id}/state"

    illegal = supervisor.post(path, {"state": "settled"}, version=1)
    devices = supervisor.post(path, {"state": "started"}, version=1)
    stale = supervisor.post(path, {"state": "cancelled"}, version=7)
    missing = supervisor.post(path, {"state": "cancelled"})
    unknown = supervisor.post(f"/rounds/{new_id()}/state", {"state": "cancelled"}, version=1)
    legal = supervisor.post(path, {"state": "cancelled"}, version=1)

    answers = (illegal, devices, stale, missing, unknown, legal)
    assert [answer.status_code for answer in answers] == [422, 422, 412, 428, 404, 200]
    assert illegal.json["errors"] == {"state": "illegal_transition assigned settled"}


def test_a_started_round_goes_to_another_officer(ibc, phone, colleague, supervisor):
    path = f"/rounds/{ibc.round_id}/state"
    phone.push(phone.put("round", {"state": "started"}, record_id=ibc.round_id, base_version=1))

    taken = supervisor.post(path, {"state": "reassigned"}, version=2)
    other = {"state": "assigned", "officer_id": ibc.officers[1]}
    given = supervisor.post(path, other, version=3)
    colleague.pull_all()

    assert (taken.status_code, given.status_code) == (200, 200)
    assert ibc.round_id in colleague.has("round")


def test_an_officer_is_named_only_when_a_round_is_assigned(ibc, supervisor):
    path = f"/rounds/{ibc.round_id}/state"
    other = {"state": "cancelled", "officer_id": ibc.officers[1]}

    assert supervisor.post(path, other, version=1).json["errors"] == {
        "officer_id": "only_with_assigned"
    }


def test_a_plan_that_is_no_plan_is_refused_field_by_field(ibc, supervisor):
    plan = a_plan(ibc, business_date="tomorrow", stops=[{"account_no": None, "walk_order": True}])

    answer = supervisor.post("/rounds", plan, key=a_key())

    assert answer.status_code == 422
    assert answer.json["errors"] == {
        "business_date": "not_a_date",
        "stops.0.account_no": "null",
        "stops.0.expected_paisa": "required",
        "stops.0.walk_order": "not_a_whole_number",
    }
