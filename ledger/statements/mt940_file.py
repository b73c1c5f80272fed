"""SWIFT MT940 as statement lines: fields by the mt-940 library, order and line numbers by us.

The library reads a whole file at once and forgets where a field stood. Field by field, memory does
not grow with the file and every refusal has its line.
"""

import logging
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

import mt940

from ledger.statements.lines import Broken, beginning, refuse_others, text_lines
from ledger.statements.parts import CURRENCY, End, Fault, Layout, Line, Part, Start
from ledger.statements.table import is_returned
from ledger.statements.values import Unreadable, paisa_of, plausible

TAG = re.compile(r":(?P<tag>\d{2})(?P<sub>[A-Z]?):(?P<rest>.*)", re.ASCII | re.DOTALL)
FIELD_CHARS_MAX = 10_000
KNOWN = {int(key) for key in mt940.tags.TAG_BY_ID if str(key).isdigit()}
OPTIONS = mt940.Options.all()

# It logs every field that it cannot read, with people's names; we say the line instead.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

Field = tuple[int, str, str]
"""Line, tag as `60F`, value."""


def read_mt940(stream: IO[bytes], layout: Layout) -> Iterator[Part]:
    """MT940 → parts. Errors: Broken."""
    refuse_others(beginning(stream), but=("mt940",))
    reader = _Reader(layout)
    number = 1
    for number, tag, value in _fields(stream):
        yield from reader.take(number, tag, value)
    yield from reader.finish(number)


class _Reader:
    """The statement that is open, and the line whose narration may still come."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.number = ""
        self.is_open = False
        self.begun_at = 1
        self.line: Line | None = None

    def take(self, number: int, tag: str, value: str) -> Iterator[Part]:
        """One field → the parts that it completes."""
        if tag == "86" and self.line is not None:
            yield self._told(value)
            self.line = None
            return
        if self.line is not None:
            yield self.line
            self.line = None
        try:
            yield from self._field(number, tag, value)
        except Unreadable as reason:
            yield Fault(number, str(reason), f":{tag}:")

    def finish(self, number: int) -> Iterator[Part]:
        if self.line is not None:
            yield self.line
        if self.is_open:
            yield Fault(number, "statement_has_no_end", ":62F:")
        elif self.begun_at == 1 and not self.number:
            raise Broken(Fault(1, "file_is_not mt940"))

    def _field(self, number: int, tag: str, value: str) -> Iterator[Part]:
        match tag:
            case "25":
                self._check_account(value)
            case "28" | "28C":
                # The page number behind the slash belongs to the message, not to the statement.
                self.number = value.partition("/")[0].strip()
            case "60F":
                if self.is_open:
                    yield Fault(number, "statement_has_no_end", ":62F:")
                self.is_open, self.begun_at = True, number
                yield Start(
                    file_line=number, number=self.number, opening_paisa=_balance(tag, value)
                )
            case "61" if not self.is_open:
                yield Fault(number, "line_outside_statement", ":61:")
            case "61":
                self.line = _line(number, value)
            case "62F":
                self.is_open = False
                yield End(file_line=number, closing_paisa=_balance(tag, value))

    def _check_account(self, value: str) -> None:
        wanted = self.layout.account
        if wanted and wanted not in value.replace(" ", ""):
            raise Unreadable(f"other_account {value.strip()[:40].replace(' ', '')} {wanted}")

    def _told(self, value: str) -> Line:
        assert self.line is not None
        narration = " ".join(value.split())
        said = {name: getattr(self.line, name) for name in Line.__slots__}
        said["narration"] = f"{self.line.narration} {narration}".strip()
        said["returned"] = self.line.returned or is_returned(narration)
        return Line(**said)


def _fields(stream: IO[bytes]) -> Iterator[Field]:
    """Fields with the line on which each began; blocks around a message are dropped."""
    begun, tag, value = 1, "", ""
    for number, raw in enumerate(text_lines(stream), start=1):
        if any(character.isdigit() and not character.isascii() for character in raw):
            raise Broken(Fault(number, "digits_are_not_ascii"))
        text = re.sub(r"^\{1:.*\{4:", "", raw.rstrip("\r\n"))
        found = TAG.match(text)
        if found is not None and int(found["tag"]) in KNOWN:
            if tag:
                yield begun, tag, value
            begun, tag, value = number, found["tag"] + found["sub"], found["rest"]
        elif text.strip() not in ("", "-", "-}") and tag:
            value = f"{value}\n{text}"
        if len(value) > FIELD_CHARS_MAX:
            raise Broken(Fault(begun, f"line_too_long {FIELD_CHARS_MAX}"))
    if tag:
        yield begun, tag, value


def _said(tag: str, value: str) -> Any:
    """What the library makes of one field. Errors: Unreadable."""
    known = mt940.tags.TAG_BY_ID
    reader = known.get(tag) or known[int(tag[:2])]
    around = mt940.models.Transactions(options=OPTIONS)
    try:
        return reader(around, reader.parse(around, value.strip()))
    except (RuntimeError, ValueError, ArithmeticError, TypeError) as reason:
        raise Unreadable("mt940_field_unreadable") from reason


def _balance(tag: str, value: str) -> int:
    [balance] = _said(tag, value).values()
    if balance.amount.currency != CURRENCY:
        raise Unreadable(f"other_currency {balance.amount.currency} {CURRENCY}")
    return paisa_of(Decimal(balance.amount.amount))


def _line(number: int, value: str) -> Line:
    said = _said("61", value)
    status = str(said["status"]).upper()
    details = " ".join(str(said.get("extra_details") or "").split())
    ours = str(said.get("customer_reference") or "").strip()
    theirs = str(said.get("bank_reference") or "").strip()
    return Line(
        file_line=number,
        booked_on=plausible(said.get("guessed_entry_date") or said["date"]),
        value_on=plausible(said["date"]),
        amount_paisa=paisa_of(Decimal(said["amount"].amount)),
        reference="" if ours == "NONREF" else ours,
        narration=f"{theirs} {details}".strip(),
        returned=status.startswith("R") or str(said.get("id") or "").endswith("RTI"),
    )
