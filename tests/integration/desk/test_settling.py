"""A conflict is seen side by side, settled field by field, and what was chosen reaches every phone."""

import pytest

from sync.office import Put
from tests.building import office_write, words
from tests.integration.desk.cases import edit, verdicts
from tests.integration.sync.looking import one, rows


def test_a_case_shows_both_sides_with_who_and_when(clerk, conflict, phone, second_phone, issue):
    case = clerk.see(conflict.exception_id)

    assert (case["kind"], case["state"], case["why"]) == ("CONFLICT", "open", "SAME_FIELD")
    assert (case["subject_id"], case["mutation_id"]) == (issue, conflict.id)
    assert (case["base_version"], case["server_version"], case["record_version"]) == (1, 2, 3)
    [field] = case["fields"]
    assert field["field"] == "fault_code"
    sides = [field[f"{side}_value"] for side in ("base", "server", "device", "now")]
    assert sides == ["stuck", "slow", "fast", "slow"]
    assert field["server_side"]["author_id"] == phone.device_id
    assert field["server_side"]["officer_id"] == phone.officer_id
    assert case["device_side"]["author_id"] == second_phone.device_id
    assert {"occurred_at", "received_at"} <= case["device_side"].keys()
    assert [step["action"] for step in case["history"]] == ["opened"]


@pytest.mark.parametrize(
    ("choice", "stands", "reason"),
    [
        ("ours", "slow", "The office kept the value on the server."),
        ("theirs", "fast", "The office took the value from your phone."),
        ({"value": "burnt"}, "burnt", "The office decided field by field; look at the record."),
    ],
)
def test_what_was_chosen_reaches_every_phone_and_the_loser_is_told(
    choice, stands, reason, clerk, conflict, phone, second_phone, issue, stored, database
):
    answer = clerk.resolve(conflict.exception_id, fault_code=choice)
    for one_phone in (phone, second_phone):
        one_phone.pull_all()

    assert (answer.status_code, answer.json["state"]) == (200, "resolved")
    assert stored("fault_code, severity, version", issue) == (stands, "high", 4)
    for one_phone in (phone, second_phone):
        assert one_phone.see("meter_issue", issue)["fault_code"] == stands
    assert verdicts(phone) == []
    [verdict] = verdicts(second_phone)
    assert (verdict["mutation_id"], verdict["verdict"]) == (conflict.id, "resolved")
    assert verdict["by_role"] == "cashier"
    assert verdict["reason"].startswith(reason)
    assert verdict["reason"].endswith("asked him")
    entry = one(
        database,
        "SELECT origin, author_id, entity, version FROM mutations WHERE of_id = :id",
        id=conflict.id,
    )
    assert entry == ("office", clerk.id, "meter_issue", 4)


def test_the_whole_history_of_a_case_stays(clerk, supervisor, other_clerk, conflict, second_phone):
    case_id = conflict.exception_id

    steps = [
        clerk.act(case_id, "claim"),
        supervisor.act(case_id, "assign", {"assignee_id": other_clerk.id}),
        other_clerk.resolve(case_id, fault_code="ours"),
        clerk.act(case_id, "reopen", {"note": "he called again"}),
        clerk.resolve(case_id, fault_code="theirs"),
    ]
    second_phone.pull_all()

    assert [step.status_code for step in steps] == [200] * 5
    history = clerk.see(case_id)["history"]
    assert [(step["action"], step["state"], step["by_id"]) for step in history] == [
        ("opened", "open", None),
        ("claimed", "assigned", clerk.id),
        ("assigned", "assigned", supervisor.id),
        ("resolved", "resolved", other_clerk.id),
        ("reopened", "reopened", clerk.id),
        ("resolved", "resolved", clerk.id),
    ]
    assert [step["version"] for step in history] == [1, 2, 3, 4, 5, 6]
    assert history[2]["assignee_id"] == other_clerk.id
    assert history[3]["chosen"] == {"fault_code": {"choice": "ours"}}
    [verdict] = verdicts(second_phone)
    assert (verdict["version"], verdict["reason"].splitlines()[0]) == (
        2,
        "The office took the value from your phone.",
    )


def test_a_step_needs_what_the_person_saw(clerk, conflict):
    path = f"/conflicts/{conflict.exception_id}/claim"

    missing = clerk.person.post(path)
    stale = [clerk.act(conflict.exception_id, "claim", version=v) for v in (1, 99, "x")]

    assert (missing.status_code, missing.json["type"]) == (428, "/problems/precondition-required")
    assert {(answer.status_code, answer.json["type"]) for answer in stale} == {
        (412, "/problems/stale")
    }


@pytest.mark.parametrize(
    ("choices", "errors"),
    [
        ({}, {"fault_code": "choose_a_side"}),
        ({"fault_code": "ours", "remark": "ours"}, {"remark": "not_in_conflict"}),
        ({"fault_code": {"value": "haunted"}}, {"fault_code": "not_one_of"}),
        ({"fault_code": {"value": None}}, {"fault_code": "null"}),
    ],
)
def test_a_choice_that_cannot_stand_changes_nothing(
    choices, errors, clerk, conflict, issue, stored
):
    answer = clerk.resolve(conflict.exception_id, **choices)

    assert answer.status_code == 422
    assert {name: key.split()[0] for name, key in answer.json["errors"].items()} == errors
    assert stored("version", issue) == 3
    assert clerk.see(conflict.exception_id)["state"] == "open"


def test_a_value_is_typed_with_value_and_only_with_it(clerk, conflict):
    case_id = conflict.exception_id
    seen = clerk.see(case_id)["seen_version"]

    for said in ({"choice": "value"}, {"choice": "ours", "value": "slow"}, {"choice": "both"}):
        body = {"fields": {"fault_code": said}}
        assert clerk.act(case_id, "resolve", body, seen).status_code == 422


def test_a_case_of_somebody_else_is_not_settled_over_his_head(
    clerk, other_clerk, supervisor, conflict
):
    clerk.act(conflict.exception_id, "claim")

    refused = other_clerk.resolve(conflict.exception_id, fault_code="ours")
    claimed = other_clerk.act(conflict.exception_id, "claim")

    assert (refused.status_code, refused.json["errors"]) == (
        422,
        {"assignee_id": "assigned_to_another"},
    )
    assert claimed.json["errors"] == {"state": "illegal_transition assigned claimed"}
    assert other_clerk.act(conflict.exception_id, "assign", {"assignee_id": clerk.id}).json[
        "type"
    ] == ("/problems/forbidden")


def test_a_case_is_given_only_to_somebody_who_may_settle_it(supervisor, desk, conflict, ibc):
    for nobody in (ibc.officers[0], desk("auditor").staff_id, ibc.round_id):
        answer = supervisor.act(conflict.exception_id, "assign", {"assignee_id": nobody})
        assert answer.json["errors"] == {"assignee_id": "may_not_resolve"}


def test_the_list_is_filtered(clerk, conflict, database):
    case_id = conflict.exception_id

    def ids(query):
        return [row["id"] for row in clerk.all(query)]

    assert ids("") == ids("state=open&entity=meter_issue&kind=CONFLICT") == [case_id]
    assert ids("state=assigned") == ids("entity=stop") == ids("older_than_seconds=1") == []
    clerk.act(case_id, "claim")
    assert ids(f"state=assigned&assignee_id={clerk.id}&older_than_seconds=0") == [case_id]
    assert clerk.person.get("/conflicts?state=lost").status_code == 422


def test_an_edit_after_the_office_closed_it_is_settled_too(
    clerk, database, phone, ibc, issue, stored
):
    office_write(database, ibc.code, Put("meter_issue", issue, {"state": "closed"}))
    outcome = phone.push_one(edit(phone, issue, remark="not fixed at all"))

    case = clerk.see(outcome.exception_id)
    answer = clerk.resolve(outcome.exception_id, remark="theirs")

    assert (case["why"], case["fields"][0]["base_value"]) == ("CLOSED_BY_OFFICE", None)
    assert answer.status_code == 200
    assert stored("remark, state", issue) == ("not fixed at all", "closed")


@pytest.mark.parametrize(("choice", "stays"), [("ours", True), ("theirs", False)])
def test_a_deletion_of_what_moved_on_is_settled(
    choice, stays, clerk, phone, second_phone, issue, stored
):
    phone.push_one(edit(phone, issue, remark="one"))
    gone = second_phone.put("meter_issue", {}, record_id=issue, base_version=1, op="delete")
    outcome = second_phone.push_one(gone)

    answer = clerk.resolve(outcome.exception_id, deleted=choice)
    phone.pull_all()

    assert answer.status_code == 200
    assert (stored("deleted_at", issue) is None) is stays
    assert (issue in phone.has("meter_issue")) is stays


@pytest.mark.parametrize(("choice", "comes_back"), [("ours", False), ("theirs", True)])
def test_an_edit_of_what_was_deleted_is_settled(
    choice, comes_back, clerk, phone, second_phone, issue, stored
):
    gone = phone.put("meter_issue", {}, record_id=issue, base_version=1, op="delete")
    phone.push_one(gone)
    outcome = second_phone.push_one(edit(second_phone, issue, remark="still stuck"))

    answer = clerk.resolve(outcome.exception_id, remark=choice)
    phone.pull_all()

    assert answer.status_code == 200
    assert (stored("deleted_at", issue) is None) is comes_back
    assert (issue in phone.has("meter_issue")) is comes_back


def test_an_edit_of_what_never_came_cannot_be_taken(clerk, phone, ibc):
    nowhere = edit(phone, ibc.round_id, remark="x")
    outcome = phone.push_one(nowhere)
    assert words([outcome]) == ["conflict BASE_GONE"]

    taken = clerk.resolve(outcome.exception_id, remark="theirs")
    left = clerk.resolve(outcome.exception_id, remark="ours")
    phone.pull_all()

    assert taken.json["errors"] == {"record_id": "unknown_record"}
    assert left.status_code == 200
    assert [verdict["mutation_id"] for verdict in verdicts(phone)] == [outcome.id]


@pytest.mark.parametrize(("choice", "state"), [("ours", "withdrawn"), ("theirs", "visited")])
def test_a_stop_that_was_withdrawn_while_the_officer_knocked(
    choice, state, clerk, database, phone, ibc
):
    stop = ibc.stops[0]
    phone.pull_all()
    office_write(database, ibc.code, Put("stop", stop, {"state": "withdrawn"}))
    visited = phone.put("stop", {"state": "visited"}, record_id=stop, base_version=1)
    outcome = phone.push_one(visited)

    case = clerk.see(outcome.exception_id)
    answer = clerk.resolve(outcome.exception_id, state=choice)
    phone.pull_all()

    assert case["fields"][0]["server_value"] == "withdrawn"
    assert answer.status_code == 200, answer.text
    assert phone.see("stop", stop)["state"] == state


def test_what_is_held_is_not_settled_here(clerk, phone, ibc, database):
    phone.push(phone.put("visit", {"account_no": "0999999999999", "outcome": "not_home"}))

    [case_id] = [row[0] for row in rows(database, "SELECT id FROM exceptions")]

    assert clerk.all() == []
    assert clerk.person.get(f"/conflicts/{case_id}").status_code == 404
