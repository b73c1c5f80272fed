"""Gaps between statements: where one does not begin with what the one before it ended with."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from ledger.exceptions import case
from sync.consequences import EXCEPTIONS
from sync.writing import as_json, lock_head

GAP = "STATEMENT_GAP"
NEIGHBOURS_MAX = 500
"""Statements of one source that are held against each other at once."""

Statement = Any  # rows of text SQL have no static type


def note_gaps(
    connection: Connection, ibc_id: str, source_id: str, new: Sequence[str], now: Milliseconds
) -> None:
    """Open a case at each new seam that does not fit, and close those that a new statement fills.

    The caller's transaction has just written the new statements.
    """
    seq = lock_head(connection, ibc_id).seq
    ordered = _around(connection, ibc_id, source_id, new)
    for before, after in pairwise(ordered):
        if _fits(before, after):
            _close(connection, ibc_id, after.id, seq)
        elif {before.id, after.id} & set(new):
            insert_rows(
                connection,
                EXCEPTIONS,
                [_gap(ibc_id, before, after, seq, now)],
                on_conflict="ignore",
            )


def _around(
    connection: Connection, ibc_id: str, source_id: str, new: Sequence[str]
) -> Sequence[Statement]:
    """The source's statements from the one before the first new one, in their order."""
    return fetch(
        connection,
        "SELECT id, statement_no, from_on, to_on, opening_paisa, closing_paisa, repeated_count "
        "FROM statements WHERE ibc_id = :ibc_id AND source_id = :source_id AND to_on >= COALESCE("
        "(SELECT MAX(b.to_on) FROM statements b WHERE b.ibc_id = :ibc_id "
        "AND b.source_id = :source_id AND b.to_on < (SELECT MIN(n.to_on) FROM statements n "
        f"WHERE n.ibc_id = :ibc_id AND n.id IN ({_named(new)}))), '') "
        "ORDER BY to_on, from_on, COALESCE(statement_no, ''), occurred_at, id LIMIT :most",
        ibc_id=ibc_id,
        source_id=source_id,
        most=NEIGHBOURS_MAX,
        **{f"id{n}": one for n, one in enumerate(new)},
    )


def _named(new: Sequence[str]) -> str:
    return ", ".join(f":id{n}" for n in range(len(new)))


def _fits(before: Statement, after: Statement) -> bool:
    """Whether the one goes on where the other ended; statements that overlap share their lines."""
    overlap = after.from_on <= before.to_on and (before.repeated_count or after.repeated_count)
    return bool(overlap) or before.closing_paisa == after.opening_paisa


def _gap(
    ibc_id: str, before: Statement, after: Statement, seq: int, now: Milliseconds
) -> dict[str, Any]:
    missing = after.opening_paisa - before.closing_paisa
    why = (
        f"statement {_name(before)} ends with {before.closing_paisa} paisa and {_name(after)} "
        f"begins with {after.opening_paisa}"
    )
    return case(
        GAP,
        ibc_id=ibc_id,
        subject_entity="statement",
        subject_id=after.id,
        opened_by_seq=seq,
        now=now,
        amount_paisa=missing,
        detail=as_json({"why": why, "before": before.id}),
        distinct=before.id,
    )


def _name(statement: Statement) -> str:
    return f"{statement.statement_no or '-'} of {statement.to_on}"


def _close(connection: Connection, ibc_id: str, statement_id: str, seq: int) -> None:
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'filled', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND subject_id = :id "
            f"AND kind = '{GAP}' AND state <> 'resolved'"
        ),
        {"seq": seq, "ibc_id": ibc_id, "id": statement_id},
    )
