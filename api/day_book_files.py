"""The day book as a file for a spreadsheet and as paper; the chain's head stands on every page (M14)."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from fpdf import FPDF

from api.csv_file import BOM, FORMULA_STARTS
from ledger.day_book import DayBook

PAISA = 100
LINES = ("entry", "kind", "occurred_at", "account", "of", "debit_paisa", "credit_paisa", "memo")
TOTALS = ("account", "name", "opening_paisa", "debits_paisa", "credits_paisa", "closing_paisa")
WIDTHS_MM = (14, 34, 12, 82, 24, 24)
LINE_MM = 3.6
NUMBERS_FROM = {"lines": 4, "totals": 2}
"""The first column that holds amounts: those are written to the right."""


def as_csv(book: DayBook) -> bytes:
    """Entries line by line, then the accounts, then the anchor."""
    text = StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    write(LINES)
    for line in book.lines:
        debit, credit = _sides(line, str(line.amount_paisa))
        cells = (line.seq, line.kind, line.occurred_at, line.account_code, line.account_of)
        write([_plain(cell) for cell in (*cells, debit, credit, line.memo or "")])
    write([])
    write(TOTALS)
    for total in book.totals:
        write(list(total.values()))
    write([])
    write(("last_entry", book.last_seq, "hash", book.entries_hash, "closed", book.closed))
    return BOM + text.getvalue().encode()


def as_pdf(book: DayBook) -> bytes:
    """The same on A4 pages."""
    paper = _Paper(book)
    paper.add_page()
    paper.rows(("Entry", "Kind", "Acct", "Of", "Debit", "Credit"), _lines(book), "lines")
    paper.ln(LINE_MM)
    heads = ("Acct", "Name", "Opening", "Debits", "Credits", "Closing")
    paper.rows(heads, _totals(book), "totals", (14, 60, 29, 29, 29, 29))
    return bytes(paper.output())


class _Paper(FPDF):
    """A4 with the date above and the anchor below."""

    def __init__(self, book: DayBook) -> None:
        super().__init__(format="A4")
        self.book = book
        self.set_title(f"Day book {book.ibc_id} {book.business_date}")
        self.set_auto_page_break(auto=True, margin=15)

    def header(self) -> None:
        state = "closed" if self.book.closed else "still open"
        self.set_font("Helvetica", style="B", size=11)
        said = f"Day book  {self.book.ibc_id}  {self.book.business_date}  ({state})"
        self.cell(text=said, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)
        self.set_font("Helvetica", size=7)

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font("Courier", size=7)
        said = f"entry {self.book.last_seq}  {self.book.entries_hash}  page {self.page_no()}"
        self.cell(text=said)

    def rows(
        self,
        heads: Sequence[str],
        lines: Iterator[Sequence[str]],
        which: str,
        widths: Sequence[float] = WIDTHS_MM,
    ) -> None:
        """Cells by hand: fpdf2's own tables measure every cell, a hundred times slower."""
        numbers_from = NUMBERS_FROM[which]
        for cells in (heads, *lines):
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True)):
                self.cell(w=width, h=LINE_MM, text=cell, align="R" if n >= numbers_from else "L")
            self.ln(LINE_MM)


def _lines(book: DayBook) -> Iterator[Sequence[str]]:
    for line in book.lines:
        entry = (str(line.seq), line.kind) if line.line_no == 1 else ("", "")
        of = line.account_of.encode("latin-1", "replace").decode("latin-1")
        yield (*entry, str(line.account_code), of, *_sides(line, _rupees(line.amount_paisa)))


def _totals(book: DayBook) -> Iterator[Sequence[str]]:
    for total in book.totals:
        amounts = [_rupees(total[name]) for name in ("opening", "debits", "credits", "closing")]
        yield (str(total["account_code"]), total["name"], *amounts)


def _sides(line: Any, amount: str) -> tuple[str, str]:
    """The amount in the column of its side; rows of text SQL have no static type."""
    return (amount, "") if line.side == "D" else ("", amount)


def _plain(cell: Any) -> Any:
    """Text that no spreadsheet calculates with."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _rupees(paisa: int) -> str:
    rupees, rest = divmod(abs(paisa), PAISA)
    return f"{'-' if paisa < 0 else ''}{rupees:,}.{rest:02d}"
