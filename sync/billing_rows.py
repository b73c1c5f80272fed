"""Billing's files, line by line: bytes become cells, cells become the values of an entity's fields. Pure."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from infra.limits import IMPORT_FILE_BYTES_MAX, IMPORT_LINE_BYTES_MAX
from infra.strict_json import NotStrictJson, loads
from models import Entity
from models.kinds import Flag, Group, Kind, Several, Whole, Words

BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""UTF-16, which spreadsheets call Unicode text."""
END = "#END"
"""A last line `#END,<rows>[,<total>]` says what was sent, so that a file cut between rows is noticed."""
FORMULA_STARTS = ("=", "+", "-", "@")
LIST_SEPARATOR = "|"
ACCOUNT_DIGITS = 13
ACCOUNT_DIGITS_LEAST = 10
"""An account with so many digits is one whose leading zeros a spreadsheet dropped (domain manual §0.1)."""
DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")
"""Urdu and Arabic digits, which people type and this product stores as ASCII."""
TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Cells = list[str]
Read = Callable[[str], Any]


class FileRefused(ValueError):
    """The file as a whole cannot stand; nothing of it was stored."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


class CellRefused(ValueError):
    """A cell that cannot be read; its text is a message key."""


class Line(NamedTuple):
    """One line of the file, from 1, without its line end."""

    number: int
    text: str


@dataclass(frozen=True)
class Head:
    """The first line: which column is which, and what stands between them."""

    columns: tuple[str, ...]
    separator: str

    def cells(self, line: Line) -> Cells:
        """The cells of a row. Errors: CellRefused when they are not as many as the columns."""
        cells = _split(line.text, self.separator)
        if len(cells) != len(self.columns):
            raise CellRefused(f"wrong_cells {len(self.columns)} {len(cells)}")
        return cells


def whole_file(path: Path) -> bytes:
    """The bytes of a file that is read at once. Errors: FileRefused above IMPORT_FILE_BYTES_MAX."""
    if path.stat().st_size > IMPORT_FILE_BYTES_MAX:
        raise FileRefused(0, f"file_too_large {IMPORT_FILE_BYTES_MAX}")
    return path.read_bytes()


def lines_of(file: BinaryIO) -> Iterator[Line]:
    """Every line, decoded; one at a time, so that a file of any size takes the memory of one line.

    Errors: FileRefused for another encoding, for a line above IMPORT_LINE_BYTES_MAX and for a last
    line without an end: a file that was cut inside a number would read as another number.
    """
    number = 0
    while raw := file.readline(IMPORT_LINE_BYTES_MAX + 1):
        number += 1
        if number == 1:
            if raw.startswith(OTHER_BOMS):
                raise FileRefused(1, "not_utf8")
            raw = raw.removeprefix(BOM)
        if len(raw) > IMPORT_LINE_BYTES_MAX:
            raise FileRefused(number, f"line_too_long {IMPORT_LINE_BYTES_MAX}")
        if not raw.endswith(b"\n"):
            raise FileRefused(number, "file_cut_off")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise FileRefused(number, "not_utf8") from None
        if "\x00" in text:
            raise FileRefused(number, "not_utf8")
        yield Line(number, text.rstrip("\r\n"))


def head_of(line: Line, known: frozenset[str], needed: frozenset[str]) -> Head:
    """Read the first line. Errors: FileRefused for columns unknown, twice or missing."""
    separator = max(",;\t", key=line.text.count)
    try:
        columns = tuple(cell.strip().lower() for cell in _split(line.text, separator))
    except CellRefused as refusal:
        raise FileRefused(line.number, str(refusal)) from None
    for name in columns:
        if name not in known:
            raise FileRefused(line.number, f"unknown_column {name[:40] or '?'}")
        if columns.count(name) > 1:
            raise FileRefused(line.number, f"column_twice {name}")
    for name in sorted(needed - set(columns)):
        raise FileRefused(line.number, f"column_missing {name}")
    return Head(columns, separator)


def is_end(line: Line) -> bool:
    return line.text.startswith(END)


def promised(line: Line) -> tuple[int, int | None]:
    """What the last line says was sent: rows, and the total if it says one. Errors: FileRefused."""
    try:
        _, *said = _split(line.text, ",")
        numbers = [int(part.translate(DIGITS)) for part in said if part.strip()]
        return numbers[0], numbers[1] if len(numbers) > 1 else None
    except (ValueError, IndexError):  # CellRefused is one of the first
        raise FileRefused(line.number, "end_unreadable") from None


def readers_of(entity: Entity, columns: Sequence[str]) -> list[Read]:
    """For each column, how its cells become values of the field of that name."""
    return [_reader(entity.field[name].kind, name) for name in columns]


def values_of(
    columns: Sequence[str], readers: Sequence[Read], cells: Cells
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of a row, and column → message key for the cells that cannot be read."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, read, cell in zip(columns, readers, cells, strict=True):
        text = cell.strip()
        try:
            values[name] = read(text) if text else None
        except CellRefused as refusal:
            errors[name] = str(refusal)
    return values, errors


def account_of(text: str) -> str:
    """An account as it is written, leading zeros put back. Errors: CellRefused."""
    digits = text.translate(DIGITS)
    if "E+" in digits.upper():
        raise CellRefused("spreadsheet_number")
    if not (digits.isascii() and digits.isdigit()):
        raise CellRefused("wrong_form")
    if not ACCOUNT_DIGITS_LEAST <= len(digits) <= ACCOUNT_DIGITS:
        raise CellRefused(f"wrong_length {ACCOUNT_DIGITS} {ACCOUNT_DIGITS}")
    return digits.zfill(ACCOUNT_DIGITS)


def _split(text: str, separator: str) -> Cells:
    try:
        return next(csv.reader([text], delimiter=separator, strict=True), [])
    except csv.Error:
        raise CellRefused("quote_not_closed") from None


def _reader(kind: Kind, name: str) -> Read:
    """Cells are read no wider than the field is declared: what passes here is checked again there."""
    if name == "account_no":
        return account_of
    match kind:
        case Whole():
            return whole_of
        case Flag():
            return _truth
        case Words(pattern=None):
            return _words
        case Several(each=Words()):
            return _several_words
        case Several() | Group():
            return _json
    return _code


def whole_of(text: str) -> int:
    """A whole number; `1,250` and `12.50` are refused, because they may be rupees. Errors: CellRefused."""
    digits = text.translate(DIGITS)
    bare = digits.removeprefix("-")
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 16):
        raise CellRefused("not_a_whole_number")
    return int(digits)


def _truth(text: str) -> bool:
    word = text.translate(DIGITS).lower()
    if word not in TRUTHS:
        raise CellRefused("not_true_or_false")
    return TRUTHS[word]


def _words(text: str) -> str:
    if text.startswith(FORMULA_STARTS):
        raise CellRefused("formula_in_cell")
    return text


def _code(text: str) -> str:
    return text.translate(DIGITS)


def _several_words(text: str) -> list[str]:
    return [_words(part.strip()) for part in text.split(LIST_SEPARATOR) if part.strip()]


def _json(text: str) -> Any:
    try:
        return loads(text.translate(DIGITS).encode())
    except NotStrictJson:
        raise CellRefused("not_json") from None
