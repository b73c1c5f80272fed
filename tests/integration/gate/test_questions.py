"""The office asks and warns; officers answer, and say that they have seen it."""

import pytest

from infra.clock import rfc3339
from infra.ids import new_id
from sync.office import Put
from tests.building import NOW, a_phone, a_visit, office_write, words
from tests.integration.office.desk import a_key
from tests.integration.sync.looking import rows


@pytest.fixture
def officers(database, ibc):
    cards = [Put("staff", officer, {"roles": ["officer"]}) for officer in ibc.officers]
    office_write(database, ibc.code, *cards)
    return ibc.officers


@pytest.fixture
def visit(phone, ibc):
    row = phone.put("visit", a_visit(ibc.accounts[0]))
    phone.push(row)
    return row["record_id"]


def a_question(officer_id, visit_id, **changes):
    return {
        "officer_id": officer_id,
        "about_entity": "visit",
        "about_id": visit_id,
        "text": "Which door was it?",
    } | changes


def test_a_question_reaches_its_officer_and_his_answer_the_desk(
    officers, visit, clerk, phone, colleague
):
    asked = clerk.post("/questions", a_question(officers[0], visit), key=a_key())
    for one_phone in (phone, colleague):
        one_phone.pull_all()
    answer = phone.put("answer", {"question_id": asked.json["id"], "text": "the green one"})
    phone.push(answer)
    phone.pull_all()

    assert asked.status_code == 201
    assert phone.see("question", asked.json["id"])["state"] == "answered"
    assert colleague.has("question") == set()
    [listed] = clerk.all("/questions?state=answered")
    assert (listed["answer"], listed["answered_at"]) == ("the green one", answer["occurred_at"])
    assert clerk.all("/questions?state=open") == []


def test_another_officers_answer_is_kept_and_answers_nothing(
    officers, visit, clerk, colleague, phone, database
):
    asked = clerk.post("/questions", a_question(officers[0], visit), key=a_key())
    said = {"question_id": asked.json["id"], "text": "not me"}

    outcome = colleague.push_one(colleague.put("answer", said))

    assert words([outcome]) == ["applied"]
    assert [row.text for row in rows(database, "SELECT text FROM answers")] == ["not me"]
    [listed] = clerk.all("/questions")
    assert (listed["state"], listed["answer"]) == ("open", None)


def test_the_first_answer_counts_and_the_second_is_kept(officers, visit, clerk, phone, database):
    asked = clerk.post("/questions", a_question(officers[0], visit), key=a_key())
    for text in ("green", "no, blue"):
        phone.push(phone.put("answer", {"question_id": asked.json["id"], "text": text}))

    [listed] = clerk.all(f"/questions?officer_id={officers[0]}")
    assert listed["answer"] == "green"
    assert len(rows(database, "SELECT 1 FROM answers")) == 2


def test_the_exception_that_waits_finds_its_question(officers, visit, clerk, phone, colleague, ibc):
    for one_phone in (phone, colleague):
        one_phone.push(one_phone.put("visit", a_visit(ibc.accounts[0], stop_id=ibc.stops[0])))
    [case] = clerk.all("/conflicts")
    asked = a_question(officers[0], visit, case_id=case["id"])

    made = clerk.post("/questions", asked, key=a_key())

    assert [q["id"] for q in clerk.all(f"/questions?case_id={case['id']}")] == [made.json["id"]]


def test_a_question_names_what_there_is(officers, visit, clerk):
    odd = a_question(new_id(), new_id(), case_id=new_id())
    refused = clerk.post("/questions", odd, key=a_key())
    nothing = a_question(officers[0], visit, about_entity="dream")

    assert refused.json["errors"] == {
        "officer_id": "unknown_officer",
        "about_id": "unknown_record",
        "case_id": "unknown_record",
    }
    assert clerk.post("/questions", nothing, key=a_key()).json["errors"] == {
        "about_entity": "unknown_entity"
    }


def test_a_question_is_taken_back_once(officers, visit, clerk, phone):
    asked = clerk.post("/questions", a_question(officers[0], visit), key=a_key())
    path = f"/questions/{asked.json['id']}/withdraw"

    taken_back = clerk.post(path, version=1)
    again = clerk.post(path, version=2)
    phone.pull_all()

    assert taken_back.json["state"] == "withdrawn"
    assert again.json["errors"] == {"state": "illegal_transition withdrawn withdrawn"}
    assert phone.see("question", asked.json["id"])["state"] == "withdrawn"
    assert clerk.post(f"/questions/{new_id()}/withdraw", version=1).status_code == 404


def test_an_alert_to_an_area_reaches_who_walks_it_and_shows_who_has_seen_it(
    officers, ibc, supervisor, phone, colleague
):
    warning = {"kind": "leave_area", "text": "Leave now", "text_ur": "فوراً نکل جائیں"}
    sent = supervisor.post("/alerts", warning | {"area_id": ibc.areas[0]}, key=a_key())
    for one_phone in (phone, colleague):
        one_phone.pull_all()
    before = supervisor.all("/alerts")
    seen = phone.put("alert_seen", {"alert_id": sent.json["id"]})
    phone.push(seen)

    assert phone.see("alert", sent.json["id"])["text"] == "Leave now"
    # The colleague has no round in that area.
    assert colleague.has("alert") == set()
    assert before[0]["seen"] == []
    [after] = supervisor.all("/alerts")
    [who] = after["seen"]
    assert (who["officer_id"], who["seen_at"]) == (phone.officer_id, seen["occurred_at"])


def test_an_alert_to_one_officer_reaches_all_his_phones_and_nobody_elses(
    officers, ibc, supervisor, phone, colleague, database
):
    warning = {"kind": "news", "text": "Call the office", "ends_at": rfc3339(NOW + 60_000)}
    sent = supervisor.post("/alerts", warning | {"officer_id": officers[1]}, key=a_key())
    second = a_phone(database, ibc, officer=1, name="2")
    for one_phone in (phone, colleague, second):
        one_phone.pull_all()

    assert sent.json["ends_at"] == warning["ends_at"]
    assert {sent.json["id"]} == colleague.has("alert") == second.has("alert")
    assert phone.has("alert") == set()
    assert supervisor.all("/alerts")[0]["ends_at"] == warning["ends_at"]


def test_the_same_alert_under_the_same_key_is_sent_once(officers, ibc, supervisor):
    warning, key = {"kind": "news", "text": "Hello", "area_id": ibc.areas[0]}, a_key()

    answers = [supervisor.post("/alerts", warning, key=key) for _ in range(2)]

    assert answers[0].data == answers[1].data
    assert len(supervisor.all("/alerts")) == 1


@pytest.mark.parametrize(
    ("to", "errors"),
    [
        ({}, {"officer_id": "officer_or_area"}),
        ({"officer_id": new_id(), "area_id": new_id()}, {"officer_id": "officer_or_area"}),
        ({"officer_id": new_id()}, {"officer_id": "unknown_officer"}),
        ({"area_id": new_id()}, {"area_id": "unknown_area"}),
    ],
)
def test_an_alert_to_nobody_is_refused(supervisor, to, errors):
    refused = supervisor.post("/alerts", {"kind": "news", "text": "x", **to}, key=a_key())

    assert (refused.status_code, refused.json["errors"]) == (422, errors)
