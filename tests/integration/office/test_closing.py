"""The close of a day: refused while cash is out, final once done, and printed with the chain's head."""

import csv
from io import StringIO

import pytest

from infra.clock import from_rfc3339
from sync.books import post
from sync.nightly import check_books
from tests.building import NOW, a_collection, a_phone
from tests.integration.office.desk import a_key

DAY, NEXT_DAY = "2026-04-08", "2026-04-09"


@pytest.fixture
def finance(ibc, desk):
    return desk("finance")


@pytest.fixture
def phone(database, ibc):
    return a_phone(database, ibc, name="9")


def take(phone, ibc, number):
    phone.push(phone.put("collection", a_collection(ibc.accounts[0], f"DE09-{number:06d}")))


def close(finance, day=DAY, **body):
    return finance.post(f"/periods/{day}/close", body, key=a_key())


def count(desk, phone, rupees_500):
    body = {"officer_id": phone.officer_id, "session_date": DAY, "purpose": "closing"}
    taken = desk("cashier").post("/handovers", body | {"counted": {"500": rupees_500}}, key=a_key())
    assert taken.status_code == 201, taken.text


def test_a_day_is_not_closed_while_an_officers_cash_is_not_counted(
    ibc, database, desk, phone, finance
):
    take(phone, ibc, 1)

    refused = close(finance)
    count(desk, phone, 1)
    closed = close(finance)

    assert refused.json["errors"] == {"business_date": "custody_is_open 1"}
    assert closed.status_code == 201
    assert desk("supervisor").all("/custody/sessions")[0]["state"] == "closed"


def test_finance_closes_by_force_and_says_why(ibc, desk, phone, finance):
    take(phone, ibc, 1)

    silent = close(finance, forced=True)
    forced = close(finance, forced=True, reason="the officer is in hospital")

    assert silent.json["errors"] == {"reason": "required"}
    assert forced.status_code == 201


@pytest.mark.parametrize("role", ["cashier", "reconciler", "supervisor", "ibc_manager", "auditor"])
def test_nobody_but_finance_closes(ibc, desk, role):
    assert close(desk(role), forced=True, reason="late").status_code == 403


def test_a_late_fact_posts_in_the_open_day_with_its_own_time(ibc, database, phone, finance):
    close(finance)
    take(phone, ibc, 2)

    post(database, "DEF", NOW)

    [entry] = finance.all("/entries")
    assert entry["business_date"] == NEXT_DAY
    assert from_rfc3339(entry["occurred_at"]) == NOW - 60_000
    assert finance.all(f"/entries?to={DAY}") == []


@pytest.mark.parametrize(
    ("day", "error"),
    [(NEXT_DAY, "not_over"), (DAY, "already_closed"), ("2026-04-01", "already_closed")],
)
def test_a_date_is_closed_once_and_not_before_it_comes(finance, day, error):
    close(finance)

    assert close(finance, day).json["errors"] == {"business_date": error}


def test_what_is_no_date_is_not_found(finance):
    assert close(finance, "8-4-2026").status_code == 404


def test_the_day_book_lists_every_leg_the_accounts_and_the_head_of_the_chain(
    ibc, database, books, finance
):
    answer = finance.get(f"/reports/day-book?date={DAY}")
    head = finance.all("/entries")[-1]["hash"]
    rows = list(csv.reader(StringIO(answer.data.decode("utf-8-sig"))))

    legs = [row for row in rows[1:] if row and row[0].isdigit() and len(row) == 8]
    entries = finance.all("/entries")
    assert len(legs) == sum(len(entry["postings"]) for entry in entries)
    debited, credited = (sum(int(row[n] or 0) for row in legs) for n in (5, 6))
    assert debited == credited > 0
    assert rows[-1][:4] == ["last_entry", str(entries[-1]["seq"]), "hash", head]
    cash = next(row for row in rows if row and row[0] == "1010" and len(row) == 6)
    assert cash[2:] == ["0", "150000", "0", "150000"]


def test_the_day_book_on_paper_carries_the_head_on_its_page(ibc, database, books, finance):
    answer = finance.get(f"/reports/day-book?date={DAY}&format=pdf")

    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert answer.data.rstrip().endswith(b"%%EOF")
    assert len(answer.data) > 1_500


@pytest.mark.parametrize("query", ["", "?date=yesterday", f"?date={DAY}&format=doc"])
def test_a_day_book_of_no_date_is_refused(finance, query):
    assert finance.get(f"/reports/day-book{query}").status_code == 422


def test_an_auditor_runs_every_named_check_now(books, desk, tampering, database):
    sound = desk("auditor").get("/verify").json
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE collections SET state = 'void' WHERE state = 'posted'")

    broken = desk("auditor").get("/verify").json

    assert {name.split()[0] for name in sound["checks"]} == {f"M{n}" for n in range(1, 21)}
    assert {f["check"] for f in sound["findings"]} <= {"M2"}
    assert "M7" in {f["check"] for f in broken["findings"]}


def test_at_night_what_is_broken_is_put_before_an_auditor_once(books, desk, database, tampering):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE collections SET state = 'void' WHERE state = 'posted'")

    for _ in range(2):
        check_books(database, "DEF", DAY, NOW)

    cases = desk("auditor").all("/exceptions?kind=INVARIANT_BROKEN&owner_role=auditor")
    about = [case["subject_id"] for case in cases]
    assert "M7" in about
    assert len(about) == len(set(about))
