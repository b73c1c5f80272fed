"""Facts that meet on the street are both kept, whichever arrives first, and a person is told."""

from itertools import permutations

import pytest

from infra.clock import rfc3339
from ledger.exceptions import KINDS
from sync.books import post
from sync.office import Put
from tests.building import (
    NOW,
    a_bill,
    a_collection,
    a_notice,
    a_phone,
    a_visit,
    an_issue,
    office_write,
    words,
)
from tests.integration.sync.looking import count, one, rows

MINUTE = 60_000


def at(minutes):
    return rfc3339(NOW - 600 * MINUTE + minutes * MINUTE)


def kinds(database):
    return sorted(row.kind for row in rows(database, "SELECT kind FROM exceptions"))


def a_cut(account, **fields):
    return {"account_no": account} | fields


def test_two_officers_at_one_stop_are_both_kept(database, phone, colleague, ibc, clerk):
    visits = [
        one_phone.put("visit", a_visit(ibc.accounts[0], stop_id=ibc.stops[0]))
        for one_phone in (phone, colleague)
    ]

    outcomes = [phone.push_one(visits[0]), colleague.push_one(visits[1])]

    assert words(outcomes) == ["applied", "applied"]
    assert count(database, "visits") == 2
    [case] = clerk.all()
    assert (case["kind"], case["subject_id"]) == ("DOUBLE_VISIT", visits[1]["record_id"])
    assert clerk.see(case["id"])["other_id"] == visits[0]["record_id"]


def test_one_officer_at_one_stop_twice_is_no_collision(database, phone, second_phone, ibc):
    for one_phone in (phone, second_phone):
        one_phone.push(one_phone.put("visit", a_visit(ibc.accounts[0], stop_id=ibc.stops[0])))

    assert kinds(database) == []


def test_a_notice_served_after_it_was_withdrawn_stays_withdrawn(database, phone, ibc, clerk):
    notice = a_notice(ibc.accounts[0], "N-1")
    office_write(database, ibc.code, notice)
    office_write(database, ibc.code, Put("notice", notice.record_id, {"state": "withdrawn"}))
    service = {
        "notice_id": notice.record_id,
        "account_no": ibc.accounts[0],
        "method": "hand",
    }

    outcome = phone.push_one(phone.put("notice_service", service))

    assert words([outcome]) == ["applied"]
    assert one(database, "SELECT state, served_on FROM notices") == ("withdrawn", None)
    assert count(database, "notice_services") == 1
    [case] = clerk.all()
    assert case["kind"] == "SERVED_AFTER_WITHDRAWAL"
    assert clerk.see(case["id"])["other_id"] == notice.record_id


@pytest.mark.parametrize("first", ["money", "cut"])
def test_a_cut_after_payment_is_wrongful_whichever_arrives_first(
    first, database, phone, colleague, ibc, desk
):
    account = ibc.accounts[0]
    paid = phone.put("collection", a_collection(account, "Q3-000001"), occurred_at=at(1))
    cut = colleague.put("disconnection_act", a_cut(account), occurred_at=at(2))
    pushes = [(phone, paid), (colleague, cut)]

    outcomes = [p.push_one(row) for p, row in (pushes if first == "money" else pushes[::-1])]

    assert words(outcomes) == ["applied", "applied"]
    assert count(database, "disconnection_acts") == count(database, "collections") == 1
    [case] = desk("ibc_manager").all("/conflicts")
    assert (case["kind"], case["severity"], case["owner_role"]) == (
        "WRONGFUL_CUT",
        1,
        "ibc_manager",
    )
    assert (case["subject_id"], case["account_no"]) == (cut["record_id"], account)


@pytest.mark.parametrize("first", ["money", "cut"])
@pytest.mark.parametrize(
    ("paid_at", "whose"),
    [(3, 0), (2, 0), (2 - 31 * 24 * 60, 0), (1, 1)],
    ids=["after the cut", "at the cut", "long before", "another account"],
)
def test_money_that_does_not_count_against_a_cut(
    paid_at, whose, first, database, phone, colleague, ibc
):
    money = a_collection(ibc.accounts[whose], "Q3-000001")
    paid = phone.put("collection", money, occurred_at=at(paid_at))
    cut = colleague.put("disconnection_act", a_cut(ibc.accounts[0]), occurred_at=at(2))
    pushes = [(phone, paid), (colleague, cut)]

    for one_phone, row in pushes if first == "money" else pushes[::-1]:
        one_phone.push(row)

    assert kinds(database) == []


def test_two_payments_before_a_cut_are_one_case(database, phone, colleague, ibc):
    for n in (1, 2):
        money = a_collection(ibc.accounts[0], f"Q3-00000{n}")
        phone.push(phone.put("collection", money, occurred_at=at(n)))
    colleague.push(colleague.put("disconnection_act", a_cut(ibc.accounts[0]), occurred_at=at(5)))
    late = a_collection(ibc.accounts[0], "Q3-000003")
    phone.push(phone.put("collection", late, occurred_at=at(3)))

    assert kinds(database) == ["WRONGFUL_CUT"]


READINGS = [(1, 100), (2, 90), (3, 95)]


@pytest.mark.parametrize("order", list(permutations(READINGS)))
def test_a_reading_that_fell_is_accepted_and_doubted(order, database, phone, ibc, clerk):
    made = {}
    for when, kwh in order:
        issue = an_issue(ibc.accounts[0], reading_kwh=kwh)
        made[kwh] = phone.put("meter_issue", issue, occurred_at=at(when))
        assert words([phone.push_one(made[kwh])]) == ["applied"]

    doubted = {case["subject_id"] for case in clerk.all("kind=READING_REGRESSION")}
    assert made[90]["record_id"] in doubted
    assert made[100]["record_id"] not in doubted
    assert count(database, "meter_issues") == 3


def test_another_meter_may_begin_anywhere(database, phone, ibc):
    for when, kwh, meter in ((1, 100, "M-1"), (2, 5, "M-2")):
        issue = an_issue(ibc.accounts[0], reading_kwh=kwh, meter_no_seen=meter)
        phone.push(phone.put("meter_issue", issue, occurred_at=at(when)))

    assert kinds(database) == []


def test_an_edit_of_the_reading_is_looked_at_and_any_other_is_not(database, phone, ibc):
    one_issue = phone.put("meter_issue", an_issue(ibc.accounts[0], reading_kwh=100))
    other = phone.put(
        "meter_issue",
        an_issue(ibc.accounts[0], reading_kwh=105),
        occurred_at=rfc3339(NOW - 30_000),
    )
    phone.push(one_issue, other)
    name = other["record_id"]

    phone.push(phone.put("meter_issue", {"remark": "x"}, record_id=name, base_version=1))
    assert kinds(database) == []
    phone.push(phone.put("meter_issue", {"reading_kwh": 99}, record_id=name, base_version=2))
    assert kinds(database) == ["READING_REGRESSION"]


@pytest.mark.parametrize("earlier", ["first", "second"])
def test_the_same_trouble_reported_twice_is_linked_and_its_clock_starts_once(
    earlier, database, phone, colleague, ibc
):
    times = {"first": (at(1), at(2)), "second": (at(2), at(1))}[earlier]
    first = phone.put("meter_issue", an_issue(ibc.accounts[0]), occurred_at=times[0])
    second = colleague.put(
        "meter_issue", an_issue(ibc.accounts[0], fault_code="slow"), occurred_at=times[1]
    )

    outcomes = [phone.push_one(first), colleague.push_one(second)]
    phone.pull_all()
    colleague.pull_all()

    assert words(outcomes) == ["applied", "applied"]
    assert colleague.see("meter_issue", second["record_id"])["duplicate_of"] == first["record_id"]
    seen = phone.see("meter_issue", first["record_id"])
    assert seen["duplicate_of"] is None
    assert seen["sla_started_at"] == (None if earlier == "first" else at(1))


def test_a_linked_issue_is_edited_on_like_any_other(database, phone, colleague, ibc):
    phone.push(phone.put("meter_issue", an_issue(ibc.accounts[0])))
    made = colleague.put("meter_issue", an_issue(ibc.accounts[0]))
    more = colleague.put(
        "meter_issue", {"remark": "more"}, record_id=made["record_id"], base_version=1
    )

    outcomes = colleague.push(made, more).outcomes
    later = colleague.push_one(
        colleague.put(
            "meter_issue", {"reading_kwh": 7}, record_id=made["record_id"], base_version=1
        )
    )

    assert words([*outcomes, later]) == ["applied", "applied", "merged"]
    said = "SELECT remark, reading_kwh, duplicate_of IS NOT NULL FROM meter_issues WHERE id = :id"
    assert tuple(one(database, said, id=made["record_id"])) == ("more", 7, 1)


@pytest.mark.parametrize(
    ("fields", "state"),
    [({"fault_code": "burnt"}, None), ({}, "closed"), ({"account_no": 1}, None)],
    ids=["another fault", "closed", "another account"],
)
def test_another_trouble_is_not_linked(fields, state, database, phone, colleague, ibc):
    account = ibc.accounts[fields.get("account_no", 0)]
    first = phone.put("meter_issue", an_issue(ibc.accounts[0]))
    phone.push(first)
    if state:
        office_write(database, ibc.code, Put("meter_issue", first["record_id"], {"state": state}))

    issue = an_issue(account) | fields | {"account_no": account}
    colleague.push(colleague.put("meter_issue", issue))

    linked = "SELECT count(*) FROM meter_issues WHERE duplicate_of IS NOT NULL"
    assert one(database, linked) == 0


@pytest.fixture
def paid_twice(database, phone, colleague, ibc):
    """Two officers took money for the same bill; the books have read it."""
    bill = a_bill(ibc.accounts[0], "INV-1", current_paisa=500_00)
    office_write(database, ibc.code, bill)
    for one_phone, receipt_no in ((phone, "Q3-000001"), (colleague, "Q4-000001")):
        row = one_phone.put("collection", a_collection(ibc.accounts[0], receipt_no))
        assert words([one_phone.push_one(row)]) == ["applied"]
    post(database, ibc.code, NOW)


def test_money_taken_twice_is_posted_twice_and_settled_by_two_people(
    paid_twice, database, clerk, supervisor, other_clerk
):
    [case] = clerk.all("kind=DOUBLE_COLLECTION")
    case_id = case["id"]
    before = count(database, "entries")

    proposed = clerk.act(case_id, "resolve", {"note": "he wants it as an advance"})
    alone = clerk.act(case_id, "resolve", {"note": "again"})
    not_his = other_clerk.act(case_id, "approve")
    rejected = supervisor.act(case_id, "reject", {"note": "call him"})
    again = clerk.act(case_id, "resolve", {"note": "called: advance"})
    approved = supervisor.act(case_id, "approve")
    post(database, "DEF", NOW)

    assert [proposed.json["state"], rejected.json["state"]] == ["proposed", "assigned"]
    assert alone.status_code == 422
    assert not_his.status_code == 403
    assert (again.json["state"], approved.json["state"]) == ("proposed", "resolved")
    assert [step["action"] for step in approved.json["history"]] == [
        "opened",
        "proposed",
        "rejected",
        "proposed",
        "resolved",
    ]
    assert count(database, "entries") == before


def test_who_proposed_may_not_approve(paid_twice, supervisor):
    [case] = supervisor.all("kind=DOUBLE_COLLECTION")
    supervisor.act(case["id"], "resolve", {"note": "advance"})

    refused = supervisor.act(case["id"], "approve")

    assert (refused.status_code, refused.json["type"]) == (403, "/problems/maker-is-checker")


def test_nothing_is_approved_that_nobody_proposed(paid_twice, supervisor):
    [case] = supervisor.all("kind=DOUBLE_COLLECTION")

    assert supervisor.act(case["id"], "approve").json["errors"] == {"state": "nothing_proposed"}


def test_a_wrongful_cut_is_for_the_manager_at_once():
    assert (KINDS["WRONGFUL_CUT"].severity, KINDS["WRONGFUL_CUT"].owner_role) == (1, "ibc_manager")


def test_a_collision_settled_twice_stays_in_one_history(database, phone, colleague, ibc, clerk):
    for one_phone in (phone, colleague):
        one_phone.push(one_phone.put("visit", a_visit(ibc.accounts[0], stop_id=ibc.stops[0])))
    [case] = clerk.all()

    settled = clerk.act(case["id"], "resolve", {"note": "both were there"})
    a_phone(database, ibc, name="9")

    assert settled.json["state"] == "resolved"
    assert one(database, "SELECT entity FROM mutations WHERE op = 'resolve'") == "case"
    assert clerk.act(case["id"], "claim").status_code == 422
