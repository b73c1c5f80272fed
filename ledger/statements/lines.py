"""Bytes as numbered lines of text: bounded, UTF-8 only, and told apart from files of other kinds."""

import codecs
from collections.abc import Iterator
from typing import IO

from infra.limits import STATEMENT_LINE_BYTES_MAX
from ledger.statements.parts import Fault

BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "file_is_another pdf"),
    (b"\xd0\xcf\x11\xe0", "file_is_another xls"),
    (codecs.BOM_UTF16_LE, "file_is_another utf-16"),
    (codecs.BOM_UTF16_BE, "file_is_another utf-16"),
    (b"PK\x03\x04", "file_is_another xlsx"),
    (b"\x1f\x8b", "file_is_another gzip"),
    (b"{1:", "file_is_another mt940"),
    (b":20:", "file_is_another mt940"),
    (b"<", "file_is_another xml"),
)
"""How files begin → what they are; a format lets its own through."""
LOOKED_AT = 64


class Broken(ValueError):
    """The file cannot be read further; the fault says where and why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.key)


def beginning(stream: IO[bytes]) -> bytes:
    """The first bytes without a byte-order mark; the stream is where it was."""
    head = stream.read(LOOKED_AT)
    stream.seek(0)
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


def refuse_others(head: bytes, *, but: tuple[str, ...]) -> None:
    """Errors: Broken when the file is of a kind that is not among `but`."""
    if not head:
        raise Broken(Fault(1, "file_is_empty"))
    for start, key in BEGINNINGS:
        if head.startswith(start) and key.partition(" ")[2] not in but:
            raise Broken(Fault(1, key))


def text_lines(stream: IO[bytes]) -> Iterator[str]:
    """Every line with its ending. Errors: Broken with the line where it stops being text."""
    number = 0
    while raw := stream.readline(STATEMENT_LINE_BYTES_MAX + 1):
        number += 1
        if len(raw) > STATEMENT_LINE_BYTES_MAX:
            raise Broken(Fault(number, f"line_too_long {STATEMENT_LINE_BYTES_MAX}"))
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Broken(Fault(number, "not_utf8")) from None
        if "\0" in text:
            raise Broken(Fault(number, "not_utf8"))
        yield text
