"""Rows of cells, from CSV or from a spreadsheet, each with its line number; values stay as they were typed."""

import csv
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from infra.limits import SHEET_BYTES_MAX
from ledger.statements.lines import Broken, beginning, refuse_others, text_lines
from ledger.statements.parts import Fault

EXACT_DIGITS = 15
"""As many digits as a spreadsheet keeps of a number."""

Row = tuple[int, Sequence[str]]


def rows(stream: IO[bytes], delimiter: str) -> Iterator[Row]:
    """Line number and cells. Errors: Broken."""
    head = beginning(stream)
    refuse_others(head, but=("xlsx",))
    yield from _sheet(stream) if head.startswith(b"PK\x03\x04") else _csv(stream, delimiter)


def _csv(stream: IO[bytes], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(text_lines(stream), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            # A quotation that never ends, or text behind one: what a cut file ends with.
            raise Broken(Fault(reader.line_num, "csv_is_broken")) from None
        if any(cells):
            yield reader.line_num, cells


def _sheet(stream: IO[bytes]) -> Iterator[Row]:
    """The first sheet; a formula comes as its own text, so that it is seen and not believed."""
    try:
        with zipfile.ZipFile(stream) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > SHEET_BYTES_MAX:
            raise Broken(Fault(1, f"sheet_too_large {SHEET_BYTES_MAX}"))
        stream.seek(0)
        book = openpyxl.load_workbook(stream, read_only=True, data_only=False, keep_links=False)
        try:
            found = book.worksheets[0].iter_rows(values_only=True)
            for number, cells in enumerate(found, start=1):
                texts = [_typed(cell) for cell in cells]
                if any(texts):
                    yield number, texts
        finally:
            book.close()
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        IndexError,
        EOFError,
    ):
        raise Broken(Fault(1, "sheet_is_broken")) from None


def _typed(cell: Any) -> str:
    """A cell as somebody would have typed it."""
    match cell:
        case None:
            return ""
        case bool():
            return str(cell)
        case int() if len(str(abs(cell))) > EXACT_DIGITS:
            return f"{cell:E}"
        case float() if cell.is_integer() and abs(cell) < 10**EXACT_DIGITS:
            return str(int(cell))
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
