"""The invariant of reconciliation (domain manual §6.8, M12) as checks: matches add up, nothing is held twice."""

from collections.abc import Iterator

from sqlalchemy import Connection

from ledger.findings import Finding, each_row


def matches_add_up(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M12: what a match holds of the books is its line and the difference that it says."""
    yield from each_row(
        connection,
        "M12",
        "SELECT m.id, m.amount_paisa, m.difference_paisa, SUM(CASE c.side WHEN 'book' "
        "THEN c.amount_paisa ELSE 0 END) AS held FROM matches m JOIN match_claims c "
        "ON c.ibc_id = m.ibc_id AND c.match_id = m.id AND c.undone_by IS NULL "
        "WHERE m.ibc_id = :ibc_id AND m.kind NOT IN ('unclaimed', 'undo') "
        "GROUP BY m.id, m.amount_paisa, m.difference_paisa "
        "HAVING SUM(CASE c.side WHEN 'book' THEN c.amount_paisa ELSE 0 END) "
        "<> ABS(m.amount_paisa) + m.difference_paisa ORDER BY m.id",
        "match {id}",
        "Its line is {amount_paisa} paisa, its difference {difference_paisa}, and it holds {held}.",
        ibc_id=ibc_id,
    )


def nothing_is_held_twice(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M12: a line or an item is in one match that stands, at most."""
    yield from each_row(
        connection,
        "M12",
        "SELECT side, item_id, COUNT(*) AS n FROM match_claims WHERE ibc_id = :ibc_id "
        "AND undone_by IS NULL GROUP BY side, item_id HAVING COUNT(*) > 1 ORDER BY side, item_id",
        "{side} {item_id}",
        "{n} matches hold it.",
        ibc_id=ibc_id,
    )


def lines_know_their_match(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M12: a line names the match whose claim on it stands, and no other."""
    yield from each_row(
        connection,
        "M12",
        "SELECT l.id, l.match_id, c.match_id AS held_by FROM statement_lines l "
        "LEFT JOIN match_claims c ON c.ibc_id = l.ibc_id AND c.side = 'statement' "
        "AND c.item_id = l.id AND c.undone_by IS NULL WHERE l.ibc_id = :ibc_id "
        "AND COALESCE(l.match_id, '') <> COALESCE(c.match_id, '') ORDER BY l.id",
        "line {id}",
        "It names match {match_id} and is held by {held_by}.",
        ibc_id=ibc_id,
    )
