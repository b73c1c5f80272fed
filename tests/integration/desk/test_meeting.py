"""People and phones at the same case at once: one of them is told to look again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from infra.ids import new_id
from tests.building import an_issue, words
from tests.integration.desk.cases import edit
from tests.integration.sync.looking import count, one


def test_of_two_clerks_at_once_one_settles_it(
    clerk, other_clerk, conflict, issue, stored, app, database
):
    case_id = conflict.exception_id
    seen = clerk.see(case_id)["seen_version"]
    barrier = Barrier(2)

    def settle(choice):
        person, side = choice
        with app.test_client() as own_client:
            headers = person.person._headers() | {"If-Match": f'"{seen}"'}
            url = person.person._url(f"/conflicts/{case_id}/resolve", None)
            body = {"fields": {"fault_code": {"choice": side}}}
            barrier.wait()
            return own_client.post(url, json=body, headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(settle, [(clerk, "ours"), (other_clerk, "theirs")]))

    assert sorted(answers) == [200, 412]
    assert stored("fault_code", issue) == ("slow" if answers[0] == 200 else "fast")
    assert count(database, "case_actions") == 1
    assert one(database, "SELECT count(*) FROM verdicts") == 1


def test_a_phone_edits_while_the_case_is_open(clerk, conflict, phone, issue, stored):
    case_id = conflict.exception_id
    seen = clerk.see(case_id)["seen_version"]
    phone.pull_all()
    later = phone.push_one(edit(phone, issue, base_version=3, fault_code="display_off"))

    unseen = clerk.resolve(case_id, seen, fault_code="ours")
    field = clerk.see(case_id)["fields"][0]
    settled = clerk.resolve(case_id, fault_code="ours")

    assert words([later]) == ["applied"]
    assert unseen.status_code == 412
    assert (field["server_value"], field["now_value"]) == ("slow", "display_off")
    assert settled.status_code == 200
    assert stored("fault_code", issue) == "display_off"


def test_an_edit_that_had_not_seen_the_settlement_is_a_conflict_again(
    clerk, conflict, phone, second_phone, issue, stored
):
    clerk.resolve(conflict.exception_id, fault_code="theirs")

    late = phone.push_one(edit(phone, issue, base_version=2, fault_code="burnt"))
    other_field = phone.push_one(edit(phone, issue, base_version=2, reading_kwh=120))
    second_phone.pull_all()
    seen = second_phone.see("meter_issue", issue)
    informed = second_phone.push_one(
        edit(second_phone, issue, base_version=seen["version"], fault_code="ct_defective")
    )

    assert words([late, other_field, informed]) == ["conflict SAME_FIELD", "merged", "applied"]
    assert clerk.see(late.exception_id)["fields"][0]["server_value"] == "fast"
    assert stored("fault_code, reading_kwh", issue) == ("ct_defective", 120)


def test_a_repeat_of_the_losing_push_gets_its_recorded_outcome(
    clerk, database, phone, second_phone, issue
):
    phone.push_one(edit(phone, issue, fault_code="slow"))
    row = edit(second_phone, issue, fault_code="fast")
    first = second_phone.push_one(row)
    clerk.resolve(first.exception_id, fault_code="theirs")

    again = second_phone.push_one(row)

    assert (again.outcome, again.exception_id) == (first.outcome, first.exception_id)
    assert again.replayed
    assert count(database, "exceptions") == 1


@pytest.fixture
def three(phone, second_phone, ibc):
    """Three issues in conflict."""
    cases = []
    for account in ibc.accounts[:3]:
        made = phone.put("meter_issue", an_issue(account))
        phone.push(made)
        phone.push(edit(phone, made["record_id"], fault_code="slow"))
        lost = second_phone.push_one(edit(second_phone, made["record_id"], fault_code="fast"))
        cases.append(lost.exception_id)
    return cases


def test_several_cases_are_settled_alike_and_one_that_cannot_stand_stops_nobody(
    clerk, three, database
):
    first, second, third = three
    seen = [{"id": case, "version": clerk.see(case)["seen_version"]} for case in three]
    clerk.act(second, "claim")
    nowhere = {"id": new_id(), "version": 1}

    body = {"cases": [*seen, nowhere], "choice": "theirs", "note": "as the list says"}
    answer = clerk.person.post("/conflicts/bulk", body)

    outcomes = [(item["id"], item["outcome"]) for item in answer.json["items"]]
    assert outcomes == [
        (first, "resolved"),
        (second, "stale"),
        (third, "resolved"),
        (nowhere["id"], "unknown"),
    ]
    assert one(database, "SELECT count(*) FROM meter_issues WHERE fault_code = 'fast'") == 2


def test_a_bulk_has_a_limit_and_one_choice(clerk, three):
    seen = [{"id": three[0], "version": clerk.see(three[0])["seen_version"]}]

    too_many = clerk.person.post("/conflicts/bulk", {"cases": seen * 101, "choice": "ours"})
    typed = clerk.person.post("/conflicts/bulk", {"cases": seen, "choice": "value"})

    assert [too_many.status_code, typed.status_code] == [422, 422]


def test_a_bulk_leaves_what_another_has(clerk, other_clerk, three):
    other_clerk.act(three[0], "claim")
    seen = [{"id": three[0], "version": clerk.see(three[0])["seen_version"]}]

    answer = clerk.person.post("/conflicts/bulk", {"cases": seen, "choice": "ours"})

    [item] = answer.json["items"]
    assert (item["outcome"], item["errors"]) == ("refused", {"assignee_id": "assigned_to_another"})


@pytest.mark.parametrize("statement", ["UPDATE case_actions SET by_id = 'x'", "DELETE FROM {}"])
def test_what_people_did_is_never_changed(statement, clerk, conflict, database):
    clerk.act(conflict.exception_id, "claim")

    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text(statement.format("case_actions")))
