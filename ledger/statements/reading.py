"""A statement file → its lines, each statement as a whole, and every reason why it is refused. Pure."""

from collections.abc import Callable, Iterator
from typing import IO

from ledger.statements.camt053_file import read_camt053
from ledger.statements.footing import Whole, footed
from ledger.statements.mt940_file import read_mt940
from ledger.statements.parts import Fault, Layout, Line, Part
from ledger.statements.table import read_table

READERS: dict[str, Callable[[IO[bytes], Layout], Iterator[Part]]] = {
    "csv": read_table,
    "mt940": read_mt940,
    "camt053": read_camt053,
}


def read_statements(stream: IO[bytes], layout: Layout) -> Iterator[Line | Whole | Fault]:
    """Lines, wholes and faults in the order of the file; memory does not grow with it."""
    for part in footed(READERS[layout.format](stream, layout), layout):
        if isinstance(part, Line | Whole | Fault):
            yield part


__all__ = ["READERS", "Fault", "Layout", "Line", "Whole", "read_statements"]
