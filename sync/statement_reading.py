"""What people ask of statements, as queries: sources, files, statements and their lines."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch

Row = Mapping[str, Any]  # rows of text SQL have no static type


def sources(connection: Connection, ibc_id: str, *, after: str, limit: int) -> Sequence[Row]:
    """The IBC's sources by their codes."""
    found = fetch(
        connection,
        "SELECT * FROM statement_sources WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "AND code > :after ORDER BY code LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=limit,
    )
    return [row._asdict() for row in found]


def files(
    connection: Connection,
    ibc_id: str,
    *,
    state: str | None,
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Row]:
    """Files in the order in which they were sent."""
    found = fetch(
        connection,
        "SELECT f.*, s.code AS source FROM statement_files f JOIN statement_sources s "
        "ON s.ibc_id = f.ibc_id AND s.id = f.source_id WHERE f.ibc_id = :ibc_id "
        f"AND (f.sent_at, f.id) > (:after_at, :after_id){' AND f.state = :state' if state else ''} "
        "ORDER BY f.sent_at, f.id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [row._asdict() for row in found]


def statements(
    connection: Connection,
    ibc_id: str,
    *,
    source: str | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[Row]:
    """Statements by their last day, each with how many of its lines are matched."""
    found = fetch(
        connection,
        "SELECT t.*, s.code AS source, s.kind, (SELECT COUNT(*) FROM statement_lines l "
        "WHERE l.ibc_id = t.ibc_id AND l.statement_id = t.id AND l.match_id IS NOT NULL) "
        "AS matched_count FROM statements t JOIN statement_sources s "
        "ON s.ibc_id = t.ibc_id AND s.id = t.source_id WHERE t.ibc_id = :ibc_id "
        f"AND (t.to_on, t.id) > (:after_on, :after_id){' AND s.code = :source' if source else ''} "
        "ORDER BY t.to_on, t.id LIMIT :limit",
        ibc_id=ibc_id,
        after_on=after[0],
        after_id=after[1],
        limit=limit,
        **({"source": source} if source else {}),
    )
    return [row._asdict() for row in found]


def lines(
    connection: Connection,
    ibc_id: str,
    statement_id: str,
    *,
    state: str | None,
    after: int,
    limit: int,
) -> Sequence[Row]:
    """The lines of a statement in its order, each with the match that holds it."""
    wanted = {"open": " AND l.match_id IS NULL", "matched": " AND l.match_id IS NOT NULL"}
    found = fetch(
        connection,
        "SELECT l.*, m.rule AS match_rule FROM statement_lines l "
        "JOIN statements t ON t.ibc_id = l.ibc_id AND t.id = l.statement_id "
        "LEFT JOIN matches m ON m.ibc_id = l.ibc_id AND m.id = l.match_id "
        "WHERE l.ibc_id = :ibc_id AND l.statement_id = :statement_id AND l.ordinal > :after"
        f"{wanted.get(state or '', '')} ORDER BY l.ordinal LIMIT :limit",
        ibc_id=ibc_id,
        statement_id=statement_id,
        after=after,
        limit=limit,
    )
    return [row._asdict() for row in found]
