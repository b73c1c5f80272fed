"""Each figure is its rows and nothing else; on a small street the numbers are known by hand."""

import io

import pytest
from openpyxl import load_workbook

from infra.clock import from_rfc3339, rfc3339
from infra.ids import derived_id
from models.target import TargetKindWord
from sync import figures
from sync.books import post
from sync.figures import FIGURES, Made
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
)

DAY = 86_400_000
HOUR = 3_600_000


@pytest.fixture
def street(database, ibc):
    """April on one street: three billed, two paid, a promise kept and one broken, a cut, an issue."""
    a, b, c, d, *_ = ibc.accounts
    office_write(
        database,
        "DEF",
        a_bill(a, "F-1", current_paisa=40_000, bill_month="2026-02", due_date="2026-02-20"),
        a_bill(b, "F-2", current_paisa=60_000, bill_month="2026-01", due_date="2026-01-20"),
        now=NOW - 30 * DAY,
    )
    office_write(
        database,
        "DEF",
        a_bill(a, "A-1", current_paisa=100_000, bill_month="2026-04", due_date="2026-04-20"),
        a_bill(b, "A-2", current_paisa=100_000, bill_month="2026-03", due_date="2026-04-01"),
        a_bill(c, "A-3", current_paisa=100_000, bill_month="2026-03", due_date="2026-04-01"),
        a_notice(a, "N-1", issued_on="2026-04-02"),
        a_notice(b, "N-2", issued_on="2026-04-02"),
        a_notice(c, "N-3", issued_on="2026-04-02", state="withdrawn"),
    )
    phone = a_phone(database, ibc)
    at = iter(range(NOW - 4 * HOUR, NOW, 20 * 60_000))

    def put(entity, fields, when=None, **more):
        return phone.put(entity, fields, occurred_at=rfc3339(when or next(at)), **more)

    phone.push(
        put("visit", a_visit(a, outcome="promise", promise_date="2026-04-08", promise_paisa=40_000)),
        put("collection", a_collection(a, "Q3-000001", amount_paisa=50_000)),
        put("visit", a_visit(b, outcome="not_home")),
        put("collection", a_collection(b, "Q3-000002", amount_paisa=30_000)),
        put("visit", a_visit(b, outcome="paid", stop_id=ibc.stops[1])),
        put("visit", a_visit(c, outcome="promise", promise_date="2026-04-08", promise_paisa=100)),
        put("visit", a_visit(d, outcome="unsafe_aborted")),
        put(
            "collection",
            a_collection(
                c,
                "Q3-000003",
                tender="wallet",
                wallet_provider="jazzcash",
                wallet_txn_id="T1",
                amount_paisa=20_000,
            ),
            when=NOW - 4 * DAY,
        ),
        put("notice_service", {"notice_id": derived_id("notice", "N-2"), "account_no": b,
                               "method": "hand", "evidence": {"lat_e6": 1, "lon_e6": 1}},
            when=NOW - 3 * HOUR),
        put("meter_issue", an_issue(a, reported_to_118_no="118-1")),
        put("meter_issue", an_issue(b), when=NOW - 50 * DAY),
    )  # fmt: skip
    post(database, "DEF", NOW)
    return ibc


def period(**dates):
    return figures.period_of(
        dates.get("first"), dates.get("last"), timezone="Asia/Karachi", now=NOW
    )


def value(database, name, **of_whom):
    with database.read() as connection:
        return figures.value_of(connection, "DEF", name, period(), **of_whom)


def rows(database, name, limit=1_000, **of_whom):
    with database.read() as connection:
        return figures.rows_of(connection, "DEF", name, period(), limit=limit, **of_whom)


def test_every_figure_is_its_rows_and_nothing_else(database, street):
    for name in FIGURES:
        check_against_its_rows(name, value(database, name), rows(database, name))


def check_against_its_rows(name, said, behind):
    assert said["row_count"] == len(behind)
    assert (said["part"], said["whole"]) == (
        sum(row["part"] for row in behind),
        sum(row["whole"] for row in behind),
    )
    parts = sorted(row["part"] for row in behind)
    match FIGURES[name].made:
        case Made.SUM:
            assert said["value"] == said["part"]
        case Made.MOST:
            assert said["value"] == (parts[-1] if parts else None)
        case Made.P50 | Made.P90 | Made.P95:
            assert said["value"] in (parts or [None])
        case Made.SHARE | Made.AVERAGE:
            assert (said["value"] is None) == (said["whole"] == 0)
    keys = [(row["entity"], row["id"]) for row in behind]
    assert keys == sorted(set(keys))


COUNTED_BY_HAND = {
    "collected": 80_000,
    "collection_efficiency": 2_667,
    "arrears_recovered": 7_000,
    "paying_ratio": 6_667,
    "overdue_to_30_days": 200_000,
    "overdue_31_to_60_days": 0,
    "overdue_61_to_90_days": 30_000,
    "unpaid_1_month": 1,
    "unpaid_2_months": 1,
    "unpaid_3_months": 0,
    "stops_planned": 3,
    "stops_visited": 0,
    "contact_rate": 6_000,
    "conversion": 3_333,
    "collected_per_visit": 20_000,
    "minutes_between_visits": 20,
    "promises_kept": 5_000,
    "unsafe_aborts": 1,
    "cash_in_custody": 80_000,
    "oldest_cash": 3,
    "void_rate": 0,
    "uncleared": 20_000,
    "claims_unconfirmed": 1,
    "notices_served": 5_000,
    "notices_with_position": 10_000,
    "paid_after_notice": 10_000,
    "cuts_lawful": None,
    "issues_reported": 1,
    "issues_open": 2,
    "meter_limit_at_risk": 1,
    "issues_linked_to_118": 10_000,
    "facts_late": 1_818,
    "conflicts": 0,
}


def test_the_numbers_of_the_street_are_those_counted_by_hand(database, street):
    assert {name: value(database, name)["value"] for name in COUNTED_BY_HAND} == COUNTED_BY_HAND


def test_a_figure_of_one_area_has_only_its_rows(database, street):
    one, other = street.areas

    assert value(database, "collected", area_id=one)["value"] == 80_000
    assert value(database, "collected", area_id=other)["value"] == 0
    assert rows(database, "unsafe_aborts", area_id=one) == []
    assert len(rows(database, "unsafe_aborts", area_id=other)) == 1


def test_a_figure_of_one_officer_has_only_his_rows(database, street):
    assert value(database, "collected", officer_id=street.officers[0])["value"] == 80_000
    assert value(database, "collected", officer_id=street.officers[1])["value"] == 0


def test_a_month_begins_at_midnight_in_karachi():
    april = period()

    assert (april.first.isoformat(), april.last.isoformat()) == ("2026-04-01", "2026-04-08")
    assert april.first_ms == from_rfc3339("2026-03-31T19:00:00.000Z")
    assert april.end_ms == from_rfc3339("2026-04-08T19:00:00.000Z")


@pytest.mark.parametrize("word", TargetKindWord)
def test_every_target_is_of_a_figure_that_exists(word):
    assert word.value in FIGURES


def test_targets_stand_beside_the_figures_and_have_versions(database, street, desk):
    manager = desk("ibc_manager")
    wanted = {"kind": "collection_efficiency", "month": "2026-04", "wanted": 9_000}

    first = manager.post("/targets", wanted).json
    second = manager.post("/targets", wanted | {"wanted": 8_500}).json
    manager.post("/targets", wanted | {"wanted": 7_000, "area_id": street.areas[0]})

    assert (first["id"], first["version"], second["version"]) == (second["id"], 1, 2)
    of_all = {row["name"]: row for row in manager.all("/figures")}
    of_area = {row["name"]: row for row in manager.all(f"/figures?area_id={street.areas[0]}")}
    assert set(of_all) == set(FIGURES)
    assert of_all["collection_efficiency"]["value"] == 2_667
    assert of_all["collection_efficiency"]["target"] == 8_500
    assert of_area["collection_efficiency"]["target"] == 7_000
    assert of_all["collected"]["target"] is None


def test_the_rows_of_a_figure_are_read_page_by_page_and_belong_to_the_number(street, desk):
    manager = desk("supervisor")

    pages = manager.all("/figures/contact_rate/rows", limit=2)

    assert [row["whole"] for row in pages] == [1] * 5
    assert sum(row["part"] for row in pages) == 3


def test_figures_leave_as_a_spreadsheet_with_numbers_in_it(street, desk):
    answer = desk("supervisor").get("/figures?format=xlsx")

    sheet = load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    head, *lines = sheet.iter_rows(values_only=True)
    said = {line[head.index("name")]: line[head.index("value")] for line in lines}
    assert said["collected"] == 80_000
    assert set(said) == set(FIGURES)


def test_a_text_that_looks_like_a_formula_is_none_in_a_spreadsheet(database, street, desk):
    office_write(database, "DEF", a_named_consumer(street, "=1+1"))

    answer = desk("cashier").get("/consumers?q=%3D1&format=xlsx")

    sheet = load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert "'=1+1" in [cell.value for cell in cells]
    assert all(cell.data_type != "f" for cell in cells)


def a_named_consumer(ibc, name):
    return Put("consumer", ibc.consumers[0], {"name": name})


def test_an_unknown_figure_is_not_there(street, desk):
    assert desk("supervisor").get("/figures/happiness/rows").status_code == 404
