"""What a check of the books finds, and the few ways in which checks look."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch

NAMED_MAX = 100
"""Findings that one check names; a broken database need not be listed row by row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with the books."""

    check: str
    """The invariant by its name in domain manual §6.8."""
    where: str
    what: str
    """A sentence."""


Check = Callable[[Connection, str], Iterator[Finding]]


def each_row(
    connection: Connection, check: str, statement: str, where: str, what: str, **parameters: Any
) -> Iterator[Finding]:
    """A finding for each row of a query; `where` and `what` are filled in from its columns."""
    for row in fetch(connection, f"{statement} LIMIT {NAMED_MAX}", **parameters):
        values = row._asdict()
        yield Finding(check, where.format(**values), what.format(**values))
