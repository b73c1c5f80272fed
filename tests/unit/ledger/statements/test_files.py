"""Files of every format give the same lines; what cannot stand is refused by line, column and reason."""

import gzip
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pytest

from infra.limits import STATEMENT_LINE_BYTES_MAX
from ledger.statements import footing, rows
from tests.unit.ledger.statements.files import (
    AGENCY,
    AGENCY_HEADING,
    BANK,
    CAMT,
    GOOD,
    HEADING,
    MT940,
    SWIFT,
    camt,
    camt_entry,
    faults,
    lines,
    sheet,
    whole,
)

ALL = "Balance, Chq No, Credit, Date, Debit, Particulars"
OTHERS = "other_account PK99SCBL0000001123456702 PK36SCBL0000001123456702"
CAMT052 = "o:std:iso:20022:tech:xsd:camt.052.001.08"
OPENED = replace(BANK, columns={k: v for k, v in BANK.columns.items() if k != "balance"})


def told(content, layout):
    return [(line.booked_on, line.amount_paisa, line.returned) for line in lines(content, layout)]


def test_a_banks_csv_is_read_by_its_columns():
    assert told(GOOD, BANK) == [
        ("2026-04-08", 7_400_00, False),
        ("2026-04-09", -6_500_00, True),
        ("2026-04-09", -150_50, False),
    ]
    found = whole(GOOD, BANK)
    assert (found.opening_paisa, found.closing_paisa) == (100_000_00, 100_749_50)
    assert (found.from_on, found.to_on, found.line_count) == ("2026-04-08", "2026-04-09", 3)


def test_mt940_says_the_same():
    assert told(SWIFT, MT940) == told(GOOD, BANK)
    found = whole(SWIFT, MT940)
    assert (found.number, found.opening_paisa, found.closing_paisa) == (
        "00042",
        100_000_00,
        100_749_50,
    )
    first, returned, _ = lines(SWIFT, MT940)
    assert first.narration == "B1 CASH DEP SLIP 7710001 GIZRI BRANCH"
    assert (first.file_line, returned.reference) == (6, "445566")


def test_camt_says_the_same():
    [line] = lines(camt(camt_entry()), CAMT)

    assert (line.booked_on, line.value_on) == ("2026-04-08", "2026-04-09")
    assert (line.amount_paisa, line.reference, line.narration) == (7_400_00, "B1", "SLIP 7710001")
    found = whole(camt(camt_entry()), CAMT)
    assert (found.number, found.opening_paisa, found.closing_paisa) == (
        "42",
        10_000_000,
        10_740_000,
    )


def test_what_a_bank_only_announces_is_no_line():
    entries = camt_entry() + camt_entry(amount="5", status="PDNG")

    assert len(lines(camt(entries), CAMT)) == 1


def test_an_agencys_lines_carry_their_fee():
    [line] = lines(AGENCY_HEADING + "2026-04-08,JC1,0400000000004,1500,15,1485\n", AGENCY)

    assert (line.amount_paisa, line.fee_paisa) == (150_000, 1_500)
    assert (line.txn_id, line.account_no) == ("JC1", "0400000000004")


def test_a_spreadsheet_is_read_as_csv_is():
    table = sheet(
        ["Sample Bank"],
        ["Date", "Particulars", "Chq No", "Debit", "Credit", "Balance"],
        [date(2026, 4, 8), "CASH DEP", None, None, 7400, 107400],
        ["09/04/2026", "CHARGES", None, 150.5, None, 107249.5],
    )

    assert told(table, BANK) == [("2026-04-08", 740_000, False), ("2026-04-09", -15_050, False)]


def test_newest_first_foots_too():
    newest_first = replace(BANK, newest_first=True)
    table = HEADING + "09/04/2026,B,,,50,150\n08/04/2026,A,,,30,100\n"

    found = whole(table, newest_first)

    assert (found.opening_paisa, found.closing_paisa) == (70_00, 150_00)
    assert faults(table, BANK) == [(3, "balance_does_not_foot 18000 10000")]


@pytest.mark.parametrize(
    ("amount", "paisa"),
    [
        ("1,23,456.50", 12_345_650),
        ("20", 2_000),
        ("-20", -2_000),
        ("500.5 DR", -50_050),
        ("7 CR", 700),
    ],
)
def test_amounts_as_pakistan_writes_them(amount, paisa):
    signed = replace(
        OPENED,
        columns={"booked_on": "Date", "amount": "Amount"},
        opening_paisa=0,
        closing_paisa=paisa,
    )

    [line] = lines(f'Date,Amount\n08/04/2026,"{amount}"\n', signed)

    assert line.amount_paisa == paisa


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("08/04/2026,A,,,۵۰۰,", (2, "digits_are_not_ascii", "Credit")),
        ("08/04/2026,A,,,=SUM(D2),", (2, "cell_is_a_formula", "Credit")),
        ("08/04/2026,=HYPERLINK(1),,,5,", (2, "cell_is_a_formula", "Particulars")),
        ("08/04/2026,A,,,-5,", (2, "amount_is_negative", "Credit")),
        ("08/04/2026,A,,5,5,", (2, "debit_or_credit", "Credit")),
        ("08/04/2026,A,,,,", (2, "debit_or_credit", "Credit")),
        ("08/04/2026,A,,,1e5,", (2, "not_an_amount", "Credit")),
        ("08/04/2026,A,,,1.234,", (2, "not_an_amount", "Credit")),
        ("08/04/2026,A,,,1_000,", (2, "not_an_amount", "Credit")),
        ("08/04/2026,A,,,99999999999999,", (2, "amount_too_large 13", "Credit")),
        ("2026/04/08,A,,,5,", (2, "not_a_date_like dd/mm/yyyy", "Date")),
        ("31/02/2026,A,,,5,", (2, "not_a_date_like dd/mm/yyyy", "Date")),
        ("08/04/1926,A,,,5,", (2, "year_out_of_range", "Date")),
        (",A,,,5,", (2, "required", "Date")),
        ("08/04/2026,A", (2, "too_few_columns 2 6")),
        ("08/04/2026," + "A" * 501 + ",,,5,", (2, "text_too_long 500")),
    ],
)
def test_a_cell_that_cannot_stand_is_named(row, said):
    assert faults(f"{HEADING}{row}\n", replace(BANK, opening_paisa=0))[0] == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2026-04-08,T,400000000004,5,0,5", (2, "leading_zeros_dropped 12 13", "Consumer")),
        ("2026-04-08,T,4E+11,5,0,5", (2, "digits_were_rounded", "Consumer")),
        ("2026-04-08,T,12,5,0,5", (2, "not_an_account_no", "Consumer")),
        ("2026-04-08,1.2E+15,0400000000004,5,0,5", (2, "digits_were_rounded", "Txn")),
        ("2026-04-08,,0400000000004,5,0,5", (2, "required", "Txn")),
        ("2026-04-08,T,0400000000004,-5,0,-5", (2, "amount_is_negative", "Gross")),
        ("2026-04-08,T,0400000000004,5,1,5", (2, "net_is_not_gross_less_fee 400 500", "Net")),
        ("2026-04-08,T,0400000000004,5,6,", (2, "fee_above_amount", "Fee")),
    ],
)
def test_an_agencys_cell_that_cannot_stand_is_named(row, said):
    assert said in faults(f"{AGENCY_HEADING}{row}\n", AGENCY)


def test_a_spreadsheet_that_dropped_leading_zeros_says_which_column():
    heading = ["Date", "Txn", "Consumer", "Gross", "Fee", "Net"]
    table = sheet(heading, ["2026-04-08", "T", 400000000004, 5, 0, 5])
    rounded = sheet(heading, ["2026-04-08", 12345678901234567, "0400000000004", 5, 0, 5])
    formula = sheet(heading, ["2026-04-08", "T", "0400000000004", "=5+5", 0, 10])

    assert faults(table, AGENCY) == [(2, "leading_zeros_dropped 12 13", "Consumer")]
    assert faults(rounded, AGENCY) == [(2, "digits_were_rounded", "Txn")]
    assert faults(formula, AGENCY)[0] == (2, "cell_is_a_formula", "Gross")


def test_zeros_are_put_back_when_the_mapping_says_so():
    row = AGENCY_HEADING + "2026-04-08,T,400000000004,5,0,5\n"

    [line] = lines(row, replace(AGENCY, pads_account_no=True))

    assert line.account_no == "0400000000004"


def test_every_fault_of_a_file_is_told_with_its_line():
    bad = "08/04/2026,A,,,x,\n08/04/2026,B,,,5,\n99/04/2026,C,,,5,\n"

    assert faults(HEADING + bad, OPENED) == [
        (2, "not_an_amount", "Credit"),
        (4, "not_a_date_like dd/mm/yyyy", "Date"),
    ]


@pytest.mark.parametrize(
    ("content", "layout", "said"),
    [
        (GOOD.replace("100900", "100901"), BANK, (4, "balance_does_not_foot 10090000 10090100")),
        (
            SWIFT.replace("PKR100749,5", "PKR100749,6"),
            MT940,
            (19, "statement_does_not_foot 10074950 10074960"),
        ),
        (
            camt(camt_entry(), closing="107400.01"),
            CAMT,
            (23, "statement_does_not_foot 10740000 10740001"),
        ),
        (HEADING + "08/04/2026,A,,,5,\n", OPENED, (2, "balance_missing opening")),
    ],
)
def test_a_statement_that_does_not_foot_is_refused(content, layout, said):
    assert said in faults(content, layout)


@pytest.mark.parametrize(
    ("content", "layout", "said"),
    [
        (SWIFT[: SWIFT.index(":62F:")], MT940, (18, "statement_has_no_end", ":62F:")),
        (camt(camt_entry())[:700], CAMT, (17, "file_is_cut")),
        (GOOD + '09/04/2026,"CUT', BANK, (6, "csv_is_broken")),
        (GOOD + "09/04/2026,CU", BANK, (6, "too_few_columns 2 6")),
        (sheet(["Date"])[:-40], BANK, (1, "sheet_is_broken")),
        (b"", BANK, (1, "file_is_empty")),
        (HEADING, BANK, (1, "file_has_no_lines")),
    ],
)
def test_a_cut_file_says_where_it_ends(content, layout, said):
    assert said in faults(content, layout)


@pytest.mark.parametrize(
    ("content", "layout", "said"),
    [
        (SWIFT, BANK, (1, "file_is_another mt940")),
        (camt(camt_entry()), BANK, (1, "file_is_another xml")),
        (GOOD, CAMT, (1, "xml_is_broken")),
        (GOOD, MT940, (1, "file_is_not mt940")),
        ("%PDF-1.4", BANK, (1, "file_is_another pdf")),
        (b"\xd0\xcf\x11\xe0 old", BANK, (1, "file_is_another xls")),
        (GOOD.encode("utf-16"), BANK, (1, "file_is_another utf-16")),
        (gzip.compress(GOOD.encode()), BANK, (1, "file_is_another gzip")),
        (sheet(["Date"]), MT940, (1, "file_is_another xlsx")),
        (HEADING.encode() + b"08/04/2026,caf\xe9,,,5,5\n", BANK, (2, "not_utf8")),
        ("Day,Text,Out,In\n", BANK, (1, "columns_missing", ALL)),
        ("Date,Particulars,Debit,Credit,Balance\n", BANK, (1, "columns_missing", "Chq No")),
        (SWIFT.replace("PK36", "PK99"), MT940, (3, OTHERS, ":25:")),
        (camt(camt_entry()).replace("PK36", "PK99"), CAMT, (8, OTHERS, "Acct")),
        (SWIFT.replace("PKR", "USD"), MT940, (5, "other_currency USD PKR", ":60F:")),
        (camt(camt_entry()).replace("PKR", "USD"), CAMT, (9, "other_currency USD PKR", "Bal")),
        (camt(camt_entry()).replace("camt.053", "camt.052"), CAMT, (2, f"file_is_not camt053 {CAMT052}")),
        (SWIFT.replace("7400,", "۷۴۰۰,"), MT940, (6, "digits_are_not_ascii")),
        (SWIFT.replace(":61:2604090409D", ":61:99"), MT940, (18, "mt940_field_unreadable", ":61:")),
    ],
)  # fmt: skip
def test_another_banks_file_is_told_apart(content, layout, said):
    assert said in faults(content, layout)


def test_an_xml_bomb_is_not_opened():
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'

    assert faults(bomb, CAMT) == [(1, "xml_declares_entities")]


def test_a_zip_bomb_is_not_unpacked(monkeypatch):
    table = sheet(["Date"])
    monkeypatch.setattr(rows, "SHEET_BYTES_MAX", 100)
    monkeypatch.setattr(rows.zipfile.ZipFile, "open", None)  # what opens a member fails

    assert faults(table, BANK) == [(1, "sheet_too_large 100")]


def test_a_line_without_end_is_not_read_into_memory():
    endless = HEADING + "x" * (STATEMENT_LINE_BYTES_MAX + 5)

    assert faults(endless, BANK) == [(2, f"line_too_long {STATEMENT_LINE_BYTES_MAX}")]


def test_more_lines_than_the_limit_are_refused_by_its_number(monkeypatch):
    monkeypatch.setattr(footing, "STATEMENT_LINES_MAX", 2)

    assert faults(GOOD, BANK) == [(5, "too_many_lines 2")]


def test_files_are_read_without_database_or_clock():
    seen = (
        "import sys, ledger.statements.reading; "
        "print([m for m in ('sqlalchemy', 'flask', 'infra.clock') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
