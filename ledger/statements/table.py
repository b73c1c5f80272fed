"""Rows with a heading as statement lines, by the columns that the source's mapping names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TypeVar

from ledger.statements.lines import Broken
from ledger.statements.parts import End, Fault, Layout, Line, Part, Start
from ledger.statements.rows import Row, rows
from ledger.statements.values import Unreadable, account_no, check_cell, day, identifier, paisa

HEADING_LINES_MAX = 40
"""Banks print their own name and address above the table."""
ISO = "yyyy-mm-dd"
RETURNED_WORDS = ("RETURN", "DISHONOUR", "BOUNCE", "UNPAID")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the table begins and where each of our columns stands in it."""

    file_line: int
    places: Mapping[str, int]

    @property
    def width(self) -> int:
        return max(self.places.values()) + 1


@dataclass(slots=True)
class Cells:
    """One row, read cell by cell; what cannot be read is a fault and counts as empty."""

    file_line: int
    cells: Sequence[str]
    heading: Heading
    layout: Layout
    faults: list[Fault] = field(default_factory=list)

    def get(self, name: str, read: Callable[[str], Value]) -> Value | None:
        """The value of a column; None when it is empty, not mapped or at fault."""
        place = self.heading.places.get(name)
        text = self.cells[place].strip() if place is not None else ""
        if not text:
            return None
        try:
            check_cell(text)
            return read(text)
        except Unreadable as reason:
            self.fault(name, str(reason))
            return None

    def need(self, name: str, read: Callable[[str], Value], instead: Value) -> Value:
        """The same, of a column that may not be empty."""
        before = len(self.faults)
        value = self.get(name, read)
        if value is None and len(self.faults) == before:
            self.fault(name, "required")
        return instead if value is None else value

    def fault(self, name: str, key: str) -> None:
        self.faults.append(Fault(self.file_line, key, self.layout.columns.get(name, name)))


def read_table(stream: IO[bytes], layout: Layout) -> Iterator[Part]:
    """CSV or a spreadsheet → parts. Errors: Broken."""
    found = rows(stream, layout.delimiter)
    heading = _heading(found, layout.columns)
    yield Start(
        file_line=heading.file_line, number=layout.number, opening_paisa=layout.opening_paisa
    )
    last_line = heading.file_line
    for last_line, row in found:
        if len(row) < heading.width:
            yield Fault(last_line, f"too_few_columns {len(row)} {heading.width}")
        else:
            yield from _line(Cells(last_line, row, heading, layout))
    yield End(file_line=last_line, closing_paisa=layout.closing_paisa)


def _heading(found: Iterator[Row], columns: Mapping[str, str]) -> Heading:
    """The first row that has every column of the mapping. Errors: Broken, with what is missing."""
    fewest, nearest_line = set(columns.values()), 1
    for number, cells in found:
        headings = [cell.strip() for cell in cells]
        missing = set(columns.values()).difference(headings)
        if not missing:
            return Heading(number, {name: headings.index(said) for name, said in columns.items()})
        if len(missing) < len(fewest):
            fewest, nearest_line = missing, number
        if number >= HEADING_LINES_MAX:
            break
    raise Broken(Fault(nearest_line, "columns_missing", ", ".join(sorted(fewest))))


def _line(cells: Cells) -> Iterator[Part]:
    """The line, or every fault in it."""
    layout = cells.layout
    narration = cells.get("narration", str) or ""
    kind = cells.get("kind", str) or ""
    line = Line(
        file_line=cells.file_line,
        booked_on=cells.need("booked_on", lambda text: _day(text, layout), ""),
        value_on=cells.get("value_on", lambda text: _day(text, layout)),
        amount_paisa=_amount(cells),
        fee_paisa=cells.get("fee", lambda text: paisa(text, signed=False)) or 0,
        reference=cells.get("reference", identifier) or "",
        narration=narration,
        account_no=cells.get(
            "account_no", lambda text: account_no(text, pads=layout.pads_account_no)
        ),
        txn_id=cells.need("txn_id", identifier, "") if layout.is_agency else None,
        returned=is_returned(f"{kind} {narration}"),
        balance_paisa=cells.get("balance", lambda text: paisa(text, signed=True)),
    )
    if layout.is_agency:
        _check_net(cells, line)
    yield from cells.faults
    if not cells.faults:
        yield line


def is_returned(text: str) -> bool:
    """Whether the words say that a cheque came back."""
    said = text.upper()
    return any(word in said for word in RETURNED_WORDS)


def _day(text: str, layout: Layout) -> str:
    """A date in the source's form; a spreadsheet's own date cells come as ISO."""
    is_iso = len(text) == len(ISO) and text[4] == "-"
    return day(text, ISO if is_iso else layout.date_form)


def _amount(cells: Cells) -> int:
    """One signed column, or one for what went out and one for what came in; an agency only takes in."""
    if "amount" in cells.layout.columns:
        signed = not cells.layout.is_agency
        return cells.need("amount", lambda text: paisa(text, signed=signed), 0)
    debit = cells.get("debit", lambda text: paisa(text, signed=False)) or 0
    credit = cells.get("credit", lambda text: paisa(text, signed=False)) or 0
    if bool(debit) == bool(credit) and not cells.faults:
        cells.fault("credit", "debit_or_credit")
    return credit - debit


def _check_net(cells: Cells, line: Line) -> None:
    """Gross less fee is net, where the file says all three."""
    net = cells.get("net", lambda text: paisa(text, signed=False))
    if net is not None and not cells.faults and line.amount_paisa - line.fee_paisa != net:
        cells.fault("net", f"net_is_not_gross_less_fee {line.amount_paisa - line.fee_paisa} {net}")
    if line.fee_paisa > line.amount_paisa:
        cells.fault("fee", "fee_above_amount")
