"""What the office reads says what is in the records and in the books."""

import pytest

from sync.office import Put
from tests.building import a_phone, a_visit, office_write


def test_a_position_says_what_is_owed_and_what_was_paid(books, ibc, desk):
    position = desk("call_centre_118").get(f"/consumers/{ibc.accounts[0]}/position").json

    assert position["due_paisa"] == 50_000
    assert position["open_bills"] == [{"invoice_no": "INV-0", "open_paisa": 50_000}]
    [payment] = position["payments"]
    assert (payment["receipt_no"], payment["amount_paisa"]) == ("Q3-000001", 50_000)
    assert payment["occurred_at"] == "2026-04-08T08:59:00.000Z"


@pytest.mark.parametrize("account_no", ["123", "04000000000٠1", "0400000000001x", "%00"])
def test_what_is_no_account_number_is_not_found(account_no, books, desk):
    assert desk("cashier").get(f"/consumers/{account_no}/position").status_code == 404


@pytest.mark.parametrize(
    ("q", "count"),
    [
        ("0400000000001", 1),
        ("04", 6),
        ("consumer 04", 6),
        ("Consumer 0400000000002", 1),
        ("%25%25", 0),
        ("__", 0),
        ("0300", 6),
        ("%2B92300", 6),
        ("9230", 6),
        ("0301", 0),
    ],
)
def test_consumers_are_found_by_account_name_and_phone(q, count, ibc, desk):
    assert len(desk("cashier").get(f"/consumers?q={q}").json["items"]) == count


def test_a_round_shows_how_far_it_has_come(books, ibc, database, desk):
    phone = a_phone(database, ibc, name="9")
    taken = {"receipt_no": "Q3-000009", "account_no": ibc.accounts[0], "tender": "cash"}
    phone.push(
        phone.put("stop", {"state": "visited"}, record_id=ibc.stops[0], base_version=1),
        phone.put(
            "stop",
            {"state": "skipped", "skipped_because": "dog"},
            record_id=ibc.stops[1],
            base_version=1,
        ),
        phone.put("collection", taken | {"amount_paisa": 70_000, "stop_id": ibc.stops[0]}),
        phone.put("visit", a_visit(ibc.accounts[0])),
    )
    supervisor = desk("supervisor")

    [walk] = supervisor.get("/rounds?state=assigned").json["items"]
    stops = supervisor.all(f"/rounds/{ibc.round_id}/stops")

    assert walk["visited"] == walk["skipped"] == walk["paid"] == 1
    assert walk["collected_paisa"] == 70_000
    assert [stop["state"] for stop in stops] == ["visited", "skipped", "pending"]
    assert [stop["collected_paisa"] for stop in stops] == [70_000, 0, 0]


def test_custody_names_the_officer_and_his_sessions(books, ibc, desk):
    [row] = desk("supervisor").get("/custody").json["items"]

    assert (row["officer_id"], row["cash_paisa"]) == (ibc.officers[0], 150_000)
    [session] = row["sessions"]
    assert session["session_cash_paisa"] == 150_000


def test_the_trial_balance_balances(books, desk):
    rows = desk("finance").all("/trial-balance")

    assert sum(row["debits_paisa"] for row in rows) == sum(row["credits_paisa"] for row in rows) > 0


@pytest.mark.parametrize(
    ("query", "cash"),
    [
        ("", 150_000),
        ("as_of=2026-04-07", None),
        ("as_of=2026-04-08", 150_000),
        ("as_of=2026-04-08T09:00:00.000Z", 150_000),
        ("as_of=2026-04-08T08:59:59.999Z", None),
        ("basis=occurred&as_of=2026-04-08T08:59:00.000Z", 150_000),
        ("basis=occurred&as_of=2026-04-08T08:58:59.999Z", None),
        ("basis=business&as_of=2026-04-07", None),
        ("basis=business&as_of=2026-04-08", 150_000),
    ],
)
def test_balances_are_as_of_a_moment_or_a_day(query, cash, books, desk):
    rows = desk("finance").all(f"/balances?code=1010&{query}" if query else "/balances?code=1010")

    assert (rows[0]["balance_paisa"] if rows else None) == cash


@pytest.mark.parametrize("as_of", ["2026-02-30", "2026-04-08T25:00:00.000Z", "now", "2026-4-8"])
def test_an_as_of_that_is_no_moment_is_refused(as_of, books, desk):
    assert desk("finance").get(f"/balances?as_of={as_of}").status_code == 422


def test_by_business_date_a_moment_is_refused(books, desk):
    answer = desk("finance").get("/balances?basis=business&as_of=2026-04-08T09:00:00.000Z")

    assert answer.status_code == 422


def test_a_mutation_is_shown_as_it_came_with_what_was_opened_for_it(books, desk):
    story = desk("auditor").get(f"/mutations/{books['unknown_mutation']}").json

    assert (story["entry"]["outcome"], story["entry"]["code"]) == ("held", "UNKNOWN_ACCOUNT")
    assert '"receipt_no":"Q3-000003"' in story["entry"]["body"]
    assert [case["kind"] for case in story["exceptions"]] == ["UNKNOWN_ACCOUNT"]


def test_the_status_says_how_far_the_books_are(books, database, ibc, desk):
    auditor = desk("auditor")  # one more entry in the log: the card
    office_write(database, "DEF", Put("area", ibc.areas[0], {"name": "Gizri"}))

    status = auditor.get("/books/status").json

    assert status["lag"] == status["log_seq"] - status["read_seq"] == 2
    assert status["entries"] == 6


def test_exceptions_are_filtered(books, desk):
    clerk = desk("cashier")

    assert len(clerk.all("/exceptions?kind=UNKNOWN_ACCOUNT&owner_role=clerk")) == 1
    assert clerk.all("/exceptions?state=resolved") == []
    assert clerk.all("/exceptions?account_no=0400000000001") == []
