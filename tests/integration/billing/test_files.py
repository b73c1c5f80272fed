"""A file of billing's is taken in row by row; what is wrong with it is said with its line."""

import pytest

from sync.billing_import import FileRefused, refusals
from sync.billing_rows import BOM
from sync.books import post
from tests.building import NOW
from tests.integration.billing.conftest import a_file, a_row
from tests.integration.sync.looking import count

COUNTS = ("row_count", "stored", "unchanged", "refused")


def counts(report):
    return tuple(report[name] for name in COUNTS)


def a_bill(n, account="0400000000001", **fields):
    return a_row("bill", invoice_no=f"B-{n}", account_no=account, **fields)


def reasons(database, report):
    with database.read() as connection:
        rows = refusals(connection, "DEF", report["id"], after=0, limit=1_000)
    return [(row["line_no"], row["errors"]) for row in rows]


@pytest.mark.parametrize("kind", ["consumer", "meter", "bill", "notice", "plan", "hold"])
def test_every_kind_of_billings_is_stored_and_the_same_file_again_changes_nothing(
    kind, billing, ibc
):
    row = a_row(kind, account_no="0400000000001")
    if kind == "consumer":
        row |= {"account_no": "0400000000077", "area_id": ibc.areas[0]}

    first, again = billing(kind, [row]), billing(kind, [row])

    assert counts(first) == (1, 1, 0, 0)
    assert again == first


def test_imported_bills_are_owed(billing, database, desk):
    billing("bill", [a_bill(n, current_paisa=5_000) for n in range(3)])
    post(database, "DEF", NOW)

    position = desk("cashier").get("/consumers/0400000000001/position").json
    assert position["due_paisa"] == 15_000


def test_good_rows_stand_beside_bad_ones_which_are_named_by_line_and_column(billing, database):
    rows = [
        a_bill(1),
        a_bill(2, account="0999999999999"),
        a_bill(3, current_paisa="12.50"),
        a_bill(4, late_tiers=[{"until_date": "2026-04-08", "paisa": -5}]),
        a_bill(5, due_date="8 April"),
        a_bill(1, current_paisa=7),
        a_bill(6),
    ]

    report = billing("bill", rows)

    assert counts(report) == (7, 2, 0, 5)
    assert reasons(database, report) == [
        (3, {"account_no": "unknown_account"}),
        (4, {"current_paisa": "not_a_whole_number"}),
        (5, {"late_tiers.0.paisa": "out_of_range 0 10000000000"}),
        (6, {"due_date": "not_a_date"}),
        (7, {"invoice_no": "twice_in_file 2"}),
    ]


def test_a_negative_amount_is_refused_where_nothing_is_ever_credited(billing, database):
    report = billing("hold", [a_row("hold", account_no="0400000000001", disputed_paisa=-1)])

    assert reasons(database, report) == [(2, {"disputed_paisa": "out_of_range 0 10000000000"})]


def test_an_invoice_number_of_another_bill_is_refused_however_many_there_are(billing, database):
    billing("bill", [a_bill(n) for n in range(30)])

    report = billing("bill", [a_bill(n, account="0400000000002") for n in range(30)])

    assert counts(report) == (30, 0, 0, 30)
    assert {str(errors) for _, errors in reasons(database, report)} == {
        str({"account_no": "never_changes"})
    }


def test_leading_zeros_that_a_spreadsheet_dropped_are_put_back(billing, database):
    report = billing("bill", [a_bill(1, account="400000000001")])

    assert (report["stored"], report["padded"]) == (1, 1)
    assert count(database, "bills") == 1


def test_an_account_that_a_spreadsheet_made_a_number_is_refused(billing, database):
    report = billing("bill", [a_bill(1, account="4E+12"), a_bill(2, account="4.00E+11")])

    assert reasons(database, report) == [
        (2, {"account_no": "spreadsheet_number"}),
        (3, {"account_no": "spreadsheet_number"}),
    ]


def test_urdu_digits_are_read_as_digits(billing, database):
    urdu = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
    row = a_bill(1, current_paisa=4_250)

    billing("bill", [{name: cell.translate(urdu) for name, cell in row.items()}])

    with database.read() as connection:
        stored = connection.exec_driver_sql("SELECT account_no, current_paisa, due_date FROM bills")
        assert stored.all() == [("0400000000001", 4_250, "2026-04-08")]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)"])
def test_a_cell_that_a_spreadsheet_would_run_is_refused(text, billing, database, ibc):
    row = a_row("consumer", account_no="0400000000077", area_id=ibc.areas[0], name=text)

    report = billing("consumer", [row])

    assert reasons(database, report) == [(2, {"name": "formula_in_cell"})]


def test_an_area_may_be_named_in_words(billing, database, ibc):
    row = a_row("consumer", account_no="0400000000077", area_id="")
    row["area"] = "area 1"
    del row["area_id"]

    report = billing("consumer", [row, row | {"account_no": "0400000000078", "area": "Nowhere"}])

    assert counts(report) == (2, 1, 0, 1)
    assert reasons(database, report) == [(3, {"area": "unknown_area"})]


GOOD = a_file([a_bill(1), a_bill(2)])


@pytest.mark.parametrize(
    ("sent", "line", "reason"),
    [
        (b"", 1, "file_empty"),
        (GOOD[:-1], 3, "file_cut_off"),
        (GOOD[:-9], 3, "file_cut_off"),
        (GOOD.decode().encode("utf-16"), 1, "not_utf8"),
        (GOOD + "محمد".encode("cp1256") + b"\n", 4, "not_utf8"),
        (GOOD + b"#END,3\n", 4, "rows_do_not_add_up 3 2"),
        (GOOD + b"#END,2,999\n", 4, "total_does_not_add_up 999 200"),
        (GOOD + b"#END,two\n", 4, "end_unreadable"),
        (GOOD + b"#END,2\nmore\n", 5, "after_the_end"),
        (b"invoice_no,account_no,surprise\n", 1, "unknown_column surprise"),
        (b"invoice_no,account_no,invoice_no\n", 1, "column_twice invoice_no"),
        (b"invoice_no,due_date\n", 1, "column_missing account_no"),
        (GOOD + b"x" * 70_000 + b"\n", 4, "line_too_long 65536"),
    ],
)
def test_a_file_that_cannot_stand_as_a_whole_is_refused_and_nothing_of_it_is_stored(
    sent, line, reason, billing, database
):
    with pytest.raises(FileRefused) as refused:
        billing("bill", sent)

    assert (refused.value.line, refused.value.reason) == (line, reason)
    assert (count(database, "bills"), count(database, "import_files")) == (0, 0)


def test_a_file_of_two_gigabytes_is_refused_by_the_limits_name_without_reading_it(
    billing, database, tmp_path, monkeypatch
):
    path = tmp_path / "sent.csv"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3)
    monkeypatch.setattr(type(path), "write_bytes", lambda _path, _bytes: None)

    with pytest.raises(FileRefused, match="file_too_large 268435456"):
        billing("bill", b"")


@pytest.mark.parametrize("separator", [b",", b";", b"\t"])
def test_a_byte_order_mark_other_separators_and_line_ends_are_read(separator, billing):
    plain = a_file([a_bill(n, late_tiers=None) for n in range(2)])

    report = billing("bill", BOM + plain.replace(b"\n", b"\r\n").replace(b",", separator))

    assert report["stored"] == 2


def test_an_end_line_that_adds_up_is_kept_out_of_the_rows(billing):
    assert counts(billing("bill", GOOD + b"#END,2,200\n")) == (2, 2, 0, 0)


def test_rows_with_too_few_cells_and_open_quotes_are_named(billing, database):
    sent = GOOD + b"B-3,0400000000001\n" + b'B-4,"040000\n'

    report = billing("bill", sent)

    assert counts(report) == (4, 2, 0, 2)
    width = len(GOOD.split(b"\n")[0].split(b","))
    assert reasons(database, report) == [
        (4, {"line": f"wrong_cells {width} 2"}),
        (5, {"line": "quote_not_closed"}),
    ]
