"""What a consumer asks at the door reaches the office, and what the office says reaches the door."""

from datetime import date

import pytest

from infra.clock import rfc3339
from infra.ids import new_id
from models.request import ANSWER_DAYS, RequestKindWord
from sync.requests import answer_due
from tests.building import NOW, words
from tests.integration.sync.looking import count, one


@pytest.fixture
def asked(phone, ibc):
    """A request for instalments that the office has."""
    row = phone.put(
        "request",
        {
            "request_no": "R-7",
            "account_no": ibc.accounts[0],
            "kind": "instalments",
            "instalment_count": 3,
            "first_payment_paisa": 50_000,
        },
    )
    assert words([phone.push_one(row)]) == ["applied"]
    return row["record_id"]


def test_a_request_is_listed_with_the_day_by_which_it_is_due(asked, clerk, phone):
    [listed] = clerk.all("/requests?state=received")

    assert (listed["id"], listed["officer_id"]) == (asked, phone.officer_id)
    assert (listed["kind"], listed["instalment_count"]) == ("instalments", 3)
    assert listed["due_on"] == "2026-04-11"
    assert clerk.get(f"/requests/{asked}").headers["ETag"] == '"1"'


def test_the_officers_phone_follows_a_request_to_its_answer(asked, clerk, phone):
    clerk.post(f"/requests/{asked}/claim", version=1)
    answer = {"state": "refused", "answer": "one plan a year"}
    refused = clerk.post(f"/requests/{asked}/answer", answer, version=2)
    phone.pull_all()

    assert refused.json["state"] == "refused"
    seen = phone.see("request", asked)
    assert (seen["state"], seen["answer"], seen["version"]) == ("refused", "one plan a year", 3)
    assert seen["request_no"] == "R-7"
    assert clerk.all("/requests?state=received") == []


def test_who_has_not_claimed_it_does_not_answer_it(asked, clerk, desk):
    answer = {"state": "granted", "answer": "yes"}
    early = clerk.post(f"/requests/{asked}/answer", answer, version=1)
    clerk.post(f"/requests/{asked}/claim", version=1)
    other = desk("reconciler").post(f"/requests/{asked}/answer", answer, version=2)
    stale = clerk.post(f"/requests/{asked}/answer", answer, version=1)

    assert early.json["errors"] == {"state": "illegal_transition received granted"}
    assert other.json["errors"] == {"assignee_id": "assigned_to_another"}
    assert stale.status_code == 412


def test_the_consumer_closes_it_and_not_the_office(asked, clerk, desk):
    agent = desk("call_centre_118")
    clerk.post(f"/requests/{asked}/claim", version=1)
    early = agent.post(f"/requests/{asked}/confirm", {"solved": True}, version=2)
    clerk.post(f"/requests/{asked}/answer", {"state": "granted", "answer": "yes"}, version=2)
    not_solved = agent.post(f"/requests/{asked}/confirm", {"solved": False}, version=3)
    clerk.post(f"/requests/{asked}/claim", version=4)
    clerk.post(f"/requests/{asked}/answer", {"state": "granted", "answer": "again"}, version=5)
    solved = agent.post(f"/requests/{asked}/confirm", {"solved": True}, version=6)

    assert early.json["errors"] == {"state": "illegal_transition claimed confirmed"}
    assert (not_solved.json["state"], solved.json["state"]) == ("reopened", "confirmed")
    assert solved.json["answer"] == "again"


def test_what_nobody_asked_for_is_not_here(asked, clerk):
    for method, path in ((clerk.get, ""), (clerk.post, "/claim")):
        more = {"version": 1} if path else {}
        assert method(f"/requests/{new_id()}{path}", **more).status_code == 404


def test_instalments_without_their_number_are_no_request(phone, ibc, database):
    fields = {"request_no": "R-8", "account_no": ibc.accounts[0], "kind": "instalments"}

    outcome = phone.push_one(phone.put("request", fields))

    assert outcome.errors == {
        "instalment_count": "needed_for_this_kind",
        "first_payment_paisa": "needed_for_this_kind",
    }
    assert count(database, "requests") == 0


def test_a_complaint_about_nobody_of_ours_holds_nobody(phone, database):
    fields = {"request_no": "R-9", "account_no": "0999999999999", "kind": "bill_correction"}

    outcome = phone.push_one(phone.put("request", fields))

    assert words([outcome]) == ["held UNKNOWN_ACCOUNT"]
    assert count(database, "holds") == 0


def test_a_complaint_sent_twice_is_one_hold(phone, ibc, database):
    fields = {"request_no": "R-9", "account_no": ibc.accounts[0], "kind": "bill_correction"}
    row = phone.put("request", fields, occurred_at=rfc3339(NOW - 60_000))

    for _ in range(2):
        phone.push(row)

    assert one(database, "SELECT count(*) FROM holds") == 1
    assert one(database, "SELECT count(*) FROM claims WHERE kind = 'hold_no'") == 1


def test_every_kind_of_request_has_its_day():

    assert set(ANSWER_DAYS) == set(RequestKindWord)
    due = answer_due(RequestKindWord.BILL_CORRECTION, date(2026, 4, 27))
    assert due == date(2026, 5, 4)
