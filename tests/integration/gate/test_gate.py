"""The office, the street and the gate before a cut: nobody passes it, and what passed it is told."""

import orjson
import pytest

from infra.clock import rfc3339
from infra.ids import new_id
from ledger.gate import Why
from sync.books import post
from sync.office import Put
from tests.building import (
    NOW,
    a_collection,
    a_notice,
    a_put,
    a_visit,
    office_write,
    words,
)
from tests.integration.gate.conftest import RULE
from tests.integration.office.desk import a_key
from tests.integration.sync.looking import one, rows

HOUR = 3_600_000


def a_cut(phone, account_no, hours_ago=1, **fields):
    at = rfc3339(NOW - hours_ago * HOUR)
    return phone.put("disconnection_act", {"account_no": account_no, **fields}, occurred_at=at)


def cases(database, kind="UNLAWFUL_CUT"):
    """The reasons of each case of a kind."""
    found = rows(database, f"SELECT detail FROM exceptions WHERE kind = '{kind}' ORDER BY id")
    return [
        [reason["code"] for reason in orjson.loads(row.detail).get("reasons", [])] for row in found
    ]


def test_who_owes_two_months_and_was_warned_may_be_cut(debtor, supervisor):
    told = supervisor.get(f"/consumers/{debtor}/gate").json

    assert told == {
        "account_no": debtor,
        "is_open": True,
        "reasons": [],
        "earliest": rfc3339(NOW),
        "rule_no": "cut-2021",
    }


def test_the_card_says_why_not_and_from_when_in_both_languages(debtor, ibc, database, supervisor):
    served = {"served_on": "2026-04-04"}
    office_write(database, ibc.code, Put("notice", a_notice(debtor, "N-1").record_id, served))

    told = supervisor.get(f"/consumers/{debtor}/gate").json

    [reason] = told["reasons"]
    assert (reason["code"], reason["until"]) == ("CLEAR_DAYS_RUNNING", "2026-04-11T19:00:00.000Z")
    assert "clear days" in reason["en"]
    assert "نوٹس" in reason["ur"]
    # Sunday is the first clear day past; Monday at eight is the first hour.
    assert told["earliest"] == "2026-04-13T03:00:00.000Z"


def test_nobody_is_cut_where_no_rule_is_written(ibc, codes):
    assert codes(ibc.accounts[1]) == [Why.NO_RULE]


def test_who_is_nobody_here_has_no_card(debtor, supervisor):
    assert supervisor.get("/consumers/0999999999999/gate").status_code == 404
    assert supervisor.get("/consumers/x/gate").status_code == 404


@pytest.mark.parametrize(
    ("entity", "fields", "code"),
    [
        (
            "hold",
            {"kind": "stay_order", "from_date": "2026-04-01", "until_date": None},
            "HOLD_OPEN",
        ),
        ("plan", {"state": "active"}, "PLAN_CURRENT"),
        ("holiday", {"day": "2026-04-08"}, "CLOSED_WINDOW"),
    ],
)
def test_what_the_office_writes_protects(debtor, ibc, database, codes, entity, fields, code):
    about = {} if entity == "holiday" else {"account_no": debtor}
    office_write(database, ibc.code, a_put(entity, new_id(), **about, **fields))

    assert codes(debtor) == [code]


def test_a_closed_area_and_a_flag_protect(debtor, ibc, database, codes):
    office_write(
        database,
        ibc.code,
        Put("area", ibc.areas[0], {"safety_level": "closed"}),
        Put("consumer", ibc.consumers[0], {"flags": ["life_support"]}),
    )

    assert codes(debtor) == ["PROTECTED_PREMISES", "SAFETY"]


def test_money_protects_before_the_books_have_read_it_and_after(
    debtor, ibc, database, phone, codes
):
    taken = a_collection(debtor, "Q3-000001", amount_paisa=200)
    taken |= {"tender": "cheque", "bank": "HBL", "instrument_no": "7"}
    phone.push(phone.put("collection", taken | {"instrument_date": "2026-04-08"}))

    before = codes(debtor)
    post(database, ibc.code, NOW)

    assert (before, codes(debtor)) == (["PAYMENT_HELD"], ["UNCLEARED_TENDER"])


def test_a_promise_protects_until_its_day(debtor, phone, codes):
    visit = a_visit(debtor, outcome="promise", promise_date="2026-04-10")

    phone.push(phone.put("visit", visit))

    assert codes(debtor) == ["PROMISE_OPEN"]


def test_dispute_at_the_door_is_a_complaint_with_a_number_and_a_hold_at_once(
    debtor, phone, clerk, codes
):
    visit = phone.put("visit", a_visit(debtor, outcome="dispute_claimed", remark="not my units"))

    phone.push(visit)
    phone.pull_all()

    assert codes(debtor) == ["HOLD_OPEN", "COMPLAINT_OPEN"]
    [complaint] = clerk.all("/requests?kind=bill_correction")
    assert (complaint["remark"], complaint["state"]) == ("not my units", "received")
    assert (complaint["due_on"], complaint["account_no"]) == ("2026-04-15", debtor)
    [hold] = [row for (name, _), row in phone.store.items() if name == "hold"]
    assert (hold["kind"], hold["reference"]) == ("dispute", complaint["request_no"])
    assert complaint["id"] in phone.has("request")


def test_a_complaint_protects_until_it_is_answered_and_again_when_it_is_not_solved(
    debtor, phone, clerk, database, codes
):
    asked = {"request_no": "R-1", "account_no": debtor, "kind": "bill_correction"}
    row = phone.put("request", asked | {"disputed_paisa": 150})
    phone.push(row)
    path = f"/requests/{row['record_id']}"

    opened = codes(debtor)
    clerk.post(f"{path}/claim", version=1)
    answer = {"state": "granted", "answer": "corrected"}
    granted = clerk.post(f"{path}/answer", answer, version=2)
    until = one(database, "SELECT until_date FROM holds")
    reopened = clerk.post(f"{path}/confirm", {"solved": False}, version=3)

    assert opened == ["HOLD_OPEN", "COMPLAINT_OPEN"]
    assert (granted.json["state"], granted.json["answered_on"], until) == (
        "granted",
        "2026-04-08",
        "2026-04-08",
    )
    assert reopened.json["state"] == "reopened"
    assert codes(debtor) == ["HOLD_OPEN", "COMPLAINT_OPEN"]


def test_a_lawful_cut_opens_no_case(debtor, phone, database):
    outcome = phone.push_one(a_cut(phone, debtor))

    assert words([outcome]) == ["applied"]
    assert cases(database) == []


def test_an_unlawful_cut_is_kept_and_the_manager_is_told_every_reason(
    debtor, ibc, phone, database, desk
):
    hold = a_put("hold", new_id(), account_no=debtor, kind="legal", from_date="2026-04-01")
    hold.fields["until_date"] = None
    office_write(database, ibc.code, hold, now=NOW - 48 * HOUR)

    row = a_cut(phone, debtor, hours_ago=7)
    outcome = phone.push_one(row)

    assert words([outcome]) == ["applied"]
    # Seven hours before two in the afternoon is seven in the morning.
    assert cases(database) == [["HOLD_OPEN", "CLOSED_WINDOW"]]
    [case] = desk("ibc_manager").all("/conflicts?kind=UNLAWFUL_CUT")
    assert (case["subject_id"], case["account_no"]) == (row["record_id"], debtor)
    assert one(database, "SELECT owner_role FROM exceptions") == "ibc_manager"


def test_what_came_after_a_cut_does_not_speak_against_it(debtor, ibc, phone, database):
    visit = a_visit(debtor, outcome="dispute_claimed")
    paid = a_collection(debtor, "Q3-000001", amount_paisa=500_00)
    phone.push(phone.put("visit", visit), phone.put("collection", paid))
    post(database, ibc.code, NOW)

    phone.push(a_cut(phone, debtor, hours_ago=2))

    assert cases(database) == []


def test_what_came_in_one_batch_with_the_cut_counts(debtor, phone, database):
    visit = a_visit(debtor, outcome="dispute_claimed")
    said = phone.put("visit", visit, occurred_at=rfc3339(NOW - 3 * HOUR))
    asked = {"request_no": "R-1", "account_no": debtor, "kind": "bill_correction"}
    complaint = phone.put("request", asked, occurred_at=rfc3339(NOW - 2 * HOUR))

    phone.push(said, complaint, a_cut(phone, debtor))

    [reasons] = cases(database)
    assert set(reasons) >= {"COMPLAINT_OPEN"}


def test_money_taken_before_a_cut_is_one_case_of_its_own(debtor, phone, database):
    paid = a_collection(debtor, "Q3-000001", amount_paisa=500_00)
    phone.push(phone.put("collection", paid, occurred_at=rfc3339(NOW - 3 * HOUR)))

    phone.push(a_cut(phone, debtor))

    assert (len(cases(database, "WRONGFUL_CUT")), cases(database)) == (1, [])


def test_a_cut_that_no_rule_speaks_of_is_judged_by_nobody(ibc, phone, database):
    phone.push(a_cut(phone, ibc.accounts[1]))

    assert cases(database) == []


def test_an_order_is_raised_by_one_approved_by_another_and_done_by_the_act(
    debtor, phone, supervisor, manager, database
):
    asked = {"order_no": "X-1", "account_no": debtor, "amount_paisa": 200}
    raised = supervisor.post("/disconnection-orders", asked, key=a_key())
    path = f"/disconnection-orders/{raised.json['id']}/approve"
    alone = supervisor.post(path, version=1)
    approved = manager.post(path, version=1)
    phone.pull_all()
    ordered = phone.see("disconnection_order", raised.json["id"])
    cut = a_cut(phone, debtor, order_id=raised.json["id"])
    phone.push(cut)

    assert (raised.status_code, raised.json["state"]) == (201, "raised")
    assert alone.json["type"] == "/problems/forbidden"
    assert (approved.json["state"], approved.json["checker_id"]) == ("approved", manager.staff_id)
    assert ordered["state"] == "approved"
    [order] = manager.all("/disconnection-orders?state=done")
    assert order["act_id"] == cut["record_id"]
    assert one(database, "SELECT state FROM notices") == "order_raised"
    assert cases(database) == []


def test_who_asked_for_a_cut_does_not_approve_it(debtor, manager):
    asked = {"order_no": "X-1", "account_no": debtor, "amount_paisa": 200}
    raised = manager.post("/disconnection-orders", asked, key=a_key())

    own = manager.post(f"/disconnection-orders/{raised.json['id']}/approve", version=1)

    assert (own.status_code, own.json["type"]) == (403, "/problems/maker-is-checker")


def test_an_order_is_refused_with_every_reason_and_asked_about_again_on_approval(
    debtor, ibc, database, supervisor, manager
):
    asked = {"order_no": "X-1", "account_no": debtor, "amount_paisa": 200}
    raised = supervisor.post("/disconnection-orders", asked, key=a_key())
    hold = a_put("hold", new_id(), account_no=debtor, kind="legal", from_date="2026-04-01")
    hold.fields["until_date"] = None
    office_write(
        database, ibc.code, hold, a_put("plan", new_id(), account_no=debtor, state="active")
    )

    approved = manager.post(f"/disconnection-orders/{raised.json['id']}/approve", version=1)
    second = supervisor.post("/disconnection-orders", asked | {"order_no": "X-2"}, key=a_key())

    for refused in (approved, second):
        assert refused.status_code == 422
        assert refused.json["errors"] == {"gate.0": "cut_hold_open", "gate.1": "cut_plan_current"}
    cancelled = supervisor.post(f"/disconnection-orders/{raised.json['id']}/cancel", version=1)
    assert cancelled.json["state"] == "cancelled"


def test_the_same_order_under_the_same_key_is_one_order(debtor, supervisor):
    asked, key = {"order_no": "X-1", "account_no": debtor, "amount_paisa": 200}, a_key()

    answers = [supervisor.post("/disconnection-orders", asked, key=key) for _ in range(2)]

    assert answers[0].data == answers[1].data
    assert len(supervisor.all("/disconnection-orders")) == 1


def test_the_hour_holds_a_hand_off_and_no_paper(debtor, ibc, database, supervisor, codes):
    shut = RULE["week"][:2]
    office_write(database, ibc.code, Put("cut_rule", ibc.round_id, {"week": shut}))
    asked = {"order_no": "X-1", "account_no": debtor, "amount_paisa": 200}

    assert codes(debtor) == ["CLOSED_WINDOW"]
    assert supervisor.post("/disconnection-orders", asked, key=a_key()).status_code == 201


def test_notice_is_given_to_who_owes_two_months_and_to_nobody_else(debtor, ibc, supervisor, phone):
    asked = {"notice_no": "N-9", "amount_paisa": 200, "second_due_date": "2026-04-20"}

    given = supervisor.post("/notices", asked | {"account_no": debtor}, key=a_key())
    owing_nothing = supervisor.post(
        "/notices", asked | {"account_no": ibc.accounts[1], "notice_no": "N-8"}, key=a_key()
    )
    nobody = supervisor.post("/notices", asked | {"account_no": "0999999999999"}, key=a_key())
    phone.pull_all()

    assert (given.status_code, given.json["issued_on"]) == (201, "2026-04-08")
    assert phone.see("notice", given.json["id"])["state"] == "issued"
    assert owing_nothing.json["errors"] == {"gate.0": "cut_paid"}
    assert nobody.json["errors"] == {"account_no": "unknown_account"}
