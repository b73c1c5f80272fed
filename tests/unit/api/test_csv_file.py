"""A file for a spreadsheet: amounts are numbers, text is never a formula."""

import pytest

from api.csv_file import Columns, csv_lines, safe_cell


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (0, 0),
        (-50_000, -50_000),
        (True, "true"),
        (False, "false"),
        ("", ""),
        ("House 4", "House 4"),
        ("=1+1", "'=1+1"),
        ("+923001234567", "'+923001234567"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("a=b", "a=b"),
        ({"why": "x"}, '{"why":"x"}'),
    ],
)
def test_a_cell_is_safe(value, cell):
    assert safe_cell(value) == cell


def test_a_row_is_a_line_for_each_item_inside_it():
    columns = Columns(row=("seq",), spread="postings", item=("side", "amount_paisa"))
    row = {"seq": 7, "postings": [{"side": s, "amount_paisa": 500} for s in "DC"]}

    assert csv_lines(columns, [row]) == b"7,D,500\r\n7,C,500\r\n"


def test_a_row_with_nothing_inside_is_still_a_line():
    columns = Columns(row=("seq",), spread="postings", item=("side",))

    assert csv_lines(columns, [{"seq": 7, "postings": []}]) == b"7,\r\n"
