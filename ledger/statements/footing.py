"""What must hold within a file: every statement foots, so do its printed balances, and limits are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from infra.limits import STATEMENT_LINES_MAX
from ledger.statements.lines import Broken
from ledger.statements.parts import End, Fault, Layout, Line, Part, Start

NARRATION_CHARS_MAX = 500
REFERENCE_CHARS_MAX = 64


@dataclass(slots=True, kw_only=True)
class Whole:
    """A statement from its start to its end: what its lines add up to."""

    file_line: int
    number: str
    opening_paisa: int | None
    closing_paisa: int | None = None
    from_on: str = ""
    to_on: str = ""
    line_count: int = 0
    total_paisa: int = 0
    fee_paisa: int = 0
    before: Line | None = None
    """The line before the one at hand."""
    faulty: bool = False
    """Whether a line of it could not be read: then its sums say nothing."""

    def add(self, line: Line) -> None:
        self.line_count += 1
        self.total_paisa += line.amount_paisa
        self.fee_paisa += line.fee_paisa
        self.from_on = min(self.from_on or line.booked_on, line.booked_on)
        self.to_on = max(self.to_on, line.booked_on)
        self.before = line


def footed(parts: Iterable[Part], layout: Layout) -> Iterator[Part | Whole]:
    """Lines and faults as they come, and each statement as a whole at its end.

    A file that breaks off ends with the fault that says where.
    """
    whole: Whole | None = None
    line_count = fault_count = 0
    try:
        for part in parts:
            match part:
                case Start():
                    whole = Whole(
                        file_line=part.file_line,
                        number=part.number,
                        opening_paisa=part.opening_paisa,
                    )
                case Line() if whole is not None:
                    line_count += 1
                    if line_count > STATEMENT_LINES_MAX:
                        yield Fault(part.file_line, f"too_many_lines {STATEMENT_LINES_MAX}")
                        return
                    wrong = [*_sizes(part), *_printed_balance(whole, part, layout)]
                    yield from wrong
                    whole.faulty = whole.faulty or bool(wrong)
                    whole.add(part)
                    yield part
                case End() if whole is not None:
                    yield from [] if layout.is_agency else _foot(whole, part, layout)
                    yield whole
                case Fault():
                    fault_count += 1
                    if whole is not None:
                        whole.faulty, whole.before = True, None
                    yield part
    except Broken as reason:
        yield reason.fault
        return
    if not line_count and not fault_count:
        yield Fault(whole.file_line if whole else 1, "file_has_no_lines")


def _sizes(line: Line) -> Iterator[Fault]:
    if len(line.narration) > NARRATION_CHARS_MAX:
        yield Fault(line.file_line, f"text_too_long {NARRATION_CHARS_MAX}")
    if len(line.reference) > REFERENCE_CHARS_MAX or len(line.txn_id or "") > REFERENCE_CHARS_MAX:
        yield Fault(line.file_line, f"text_too_long {REFERENCE_CHARS_MAX}")


def _printed_balance(whole: Whole, line: Line, layout: Layout) -> Iterator[Fault]:
    """The balance beside a line is the one before it and the amount between the two."""
    if line.balance_paisa is None:
        return
    before = whole.before
    if layout.newest_first:
        if before is None:
            whole.closing_paisa = line.balance_paisa
        elif before.balance_paisa is not None:
            expected = before.balance_paisa - before.amount_paisa
            yield from _unless_equal(line.file_line, expected, line.balance_paisa)
        whole.opening_paisa = line.balance_paisa - line.amount_paisa
        return
    if whole.opening_paisa is None:
        whole.opening_paisa = line.balance_paisa - line.amount_paisa - whole.total_paisa
    if before is None or before.balance_paisa is None:
        expected = whole.opening_paisa + whole.total_paisa + line.amount_paisa
    else:
        expected = before.balance_paisa + line.amount_paisa
    if before is not None or not whole.faulty:
        yield from _unless_equal(line.file_line, expected, line.balance_paisa)
    whole.closing_paisa = line.balance_paisa


def _unless_equal(file_line: int, expected: int, said: int) -> Iterator[Fault]:
    if said != expected:
        yield Fault(file_line, f"balance_does_not_foot {expected} {said}")


def _foot(whole: Whole, end: End, layout: Layout) -> Iterator[Fault]:
    """Opening and lines make closing."""
    if whole.faulty:
        return
    if end.closing_paisa is not None:
        whole.closing_paisa = end.closing_paisa
    if whole.opening_paisa is None or whole.closing_paisa is None:
        missing = "opening" if whole.opening_paisa is None else "closing"
        yield Fault(end.file_line, f"balance_missing {missing}", layout.columns.get("balance", ""))
        return
    expected = whole.opening_paisa + whole.total_paisa
    if expected != whole.closing_paisa:
        yield Fault(end.file_line, f"statement_does_not_foot {expected} {whole.closing_paisa}")
