"""Every list pages the same way, and is the same file as CSV."""

import csv
from io import StringIO

import pytest

from api.lists import NotAPlace, cursor_of, place_in
from api.readings import ENTRIES, EXCEPTIONS
from infra.ids import derived_id
from sync.books import post
from tests.building import NOW, a_bill, a_consumer, a_put, office_write

LISTS = (
    "/consumers?q=04",
    "/rounds",
    "/custody",
    "/balances",
    "/balances?basis=business",
    "/trial-balance",
    "/entries",
    "/entries?account=1100&from=2026-01-01",
    "/exceptions",
    "/decisions",
)


@pytest.fixture
def full(database, ibc, books, desk):
    """Enough rows in every list that pages have borders."""
    rounds = [
        a_put(
            "round",
            derived_id("more", str(n)),
            area_id=ibc.areas[0],
            officer_id=ibc.officers[n % 2],
            business_date=f"2026-04-0{1 + n % 3}",
            state="planned",
        )
        for n in range(7)
    ]
    bills = [
        a_bill(ibc.accounts[n % 6], f"MORE-{n}", current_paisa=1_000 + n, bill_month="2026-02")
        for n in range(9)
    ]
    office_write(database, "DEF", *rounds, *bills)
    post(database, "DEF", NOW)
    cashier = desk("cashier")
    for name in ("paid", "more"):
        body = {"kind": "void", "collection_id": books[name], "reason": "never happened"}
        assert cashier.post("/decisions", body, key=derived_id("key", name)).status_code == 201


@pytest.mark.parametrize("path", LISTS)
def test_pages_are_the_same_at_every_limit(path, full, desk):
    manager = desk("ibc_manager")
    whole = manager.all(path, limit=50)

    assert len(whole) >= 1
    for limit in (1, 2, 3, len(whole), len(whole) + 1):
        if limit <= 50:
            assert manager.all(path, limit) == whole


@pytest.mark.parametrize("path", [*LISTS, "/rounds/{round}/stops"])
def test_a_csv_file_has_every_row_with_a_byte_order_mark(path, full, desk, ibc):
    manager = desk("ibc_manager")
    path = path.replace("{round}", ibc.round_id)
    rows = manager.all(path, limit=50)

    answer = manager.get(f"{path}{'&' if '?' in path else '?'}format=csv")

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].endswith('.csv"')
    lines = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))
    spread = next((name for name in ("postings", "sessions") if name in rows[0]), None)
    assert len(lines) == sum(len(row[spread]) for row in rows) if spread else len(rows)
    plain = {name: value for name, value in rows[0].items() if isinstance(value, int)}
    assert {name: int(lines[0][name]) for name in plain} == plain


def test_the_accept_header_asks_for_csv_too(full, desk, client):
    manager = desk("ibc_manager")
    headers = {"Authorization": f"Bearer {manager.token}", "Accept": "text/csv"}

    answer = client.get("/api/v1/ibcs/DEF/entries", headers=headers)

    assert answer.mimetype == "text/csv"


def test_a_file_is_read_page_by_page(full, desk, monkeypatch):
    manager = desk("ibc_manager")
    whole = manager.get("/entries?format=csv").data

    monkeypatch.setattr("api.lists.LIST_ROWS_MAX", 2)

    assert manager.get("/entries?format=csv").data == whole


def test_a_name_that_looks_like_a_formula_stays_text(database, ibc, desk):
    office_write(
        database,
        "DEF",
        a_consumer("0409999999999", name='=HYPERLINK("x")', area_id=ibc.areas[0]),
    )

    text = desk("cashier").get("/consumers?q=0409&format=csv").data.decode("utf-8-sig")

    assert next(csv.DictReader(StringIO(text)))["name"] == '\'=HYPERLINK("x")'


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1e3", "limit"),
        ("limit=%DB%B1%DB%B2", "limit"),
        ("limit=+5", "limit"),
        ("limit=5.0", "limit"),
        ("limit=", "limit"),
        ("format=xml", "format"),
        ("surprise=1", "surprise"),
        ("account=99999", "account"),
        ("from=2026-13-01", "from"),
        ("from=٢٠٢٦-01-01", "from"),
        ("source_id=7", "source_id"),
        ("of=%00", "of"),
    ],
)
def test_a_query_that_is_not_plain_is_refused_by_name(query, field, ibc, desk):
    answer = desk("auditor").get(f"/entries?{query}")

    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]


def test_a_refused_limit_names_the_limit(ibc, desk):
    answer = desk("auditor").get("/entries?limit=5000")

    assert "LIST_ROWS_MAX" in answer.text


@pytest.mark.parametrize("cursor", ["x", "%00", "W10", "bm90IGpzb24", "é", "eyJhIjoxfQ"])
def test_a_cursor_that_is_not_ours_is_refused(cursor, ibc, desk):
    answer = desk("auditor").get(f"/entries?cursor={cursor}")

    assert (answer.status_code, answer.json["type"]) == (400, "/problems/not-a-place")


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of(ENTRIES, (5,)),
        cursor_of(EXCEPTIONS, ("5", "x")),
        cursor_of(EXCEPTIONS, (True, "x")),
        cursor_of(EXCEPTIONS, (-1, "x")),
        cursor_of(EXCEPTIONS, (2**60, "x")),
        cursor_of(EXCEPTIONS, (5, "x\x00")),
        cursor_of(EXCEPTIONS, (5, "x", 1)),
    ],
)
def test_a_cursor_of_another_list_or_another_type_is_refused(cursor):
    with pytest.raises(NotAPlace):
        place_in(EXCEPTIONS, cursor)


def test_the_second_page_of_now_is_cut_off_where_the_first_was(full, desk, database, monkeypatch):
    auditor = desk("auditor")
    first = auditor.get("/balances?limit=2")
    whole = auditor.all("/balances")

    monkeypatch.setattr("api.context.now_ms", lambda: NOW + 1000)
    office_write(
        database,
        "DEF",
        a_bill(whole[-1]["account_of"] or "0400000000001", "LATE-1", current_paisa=5_000),
        now=NOW + 500,
    )
    post(database, "DEF", NOW + 500)

    rest = auditor.get(f"/balances?limit=50&cursor={first.json['next']}").json["items"]
    assert first.json["items"] + rest == whole
