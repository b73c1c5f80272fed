"""How rounds come along, as queries: each page is three statements, however many rounds it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.database import any_of, fetch, listed

Row = Mapping[str, Any]  # rows of text SQL have no static type

DOORS = (
    "SELECT s.round_id, SUM(CASE WHEN s.state IN ('visited', 'done', 'revisit') THEN 1 ELSE 0 END) "
    "AS visited, SUM(CASE WHEN s.state = 'skipped' THEN 1 ELSE 0 END) AS skipped FROM stops s "
    "WHERE s.ibc_id = :ibc_id AND s.deleted_at IS NULL AND {these} GROUP BY s.round_id"
)
TAKEN = (
    "FROM stops s JOIN collections c ON c.ibc_id = s.ibc_id AND c.account_no = s.account_no "
    "AND c.stop_id = s.id AND (c.state IS NULL OR c.state NOT IN ('void', 'reversed')) "
    "WHERE s.ibc_id = :ibc_id AND {these}"
)
"""Money that names the stop, found by the account's index; what was undone does not count."""


def rounds(
    connection: Connection,
    ibc_id: str,
    *,
    business_date: str | None,
    state: str | None,
    after: tuple[str, str],
    limit: int,
) -> Sequence[Row]:
    """Rounds by date, with what was planned, visited, skipped, paid and collected."""
    wanted = {"business_date": business_date, "state": state}
    given = {name: value for name, value in wanted.items() if value is not None}
    conditions = "".join(f" AND r.{name} = :{name}" for name in given)
    found = fetch(
        connection,
        "SELECT r.id, r.version, r.business_date, r.kind, r.state, r.area_id, a.name AS area, "
        "r.officer_id, o.name AS officer, r.planned_count AS planned FROM rounds r "
        "LEFT JOIN areas a ON a.ibc_id = r.ibc_id AND a.id = r.area_id "
        "LEFT JOIN staff o ON o.ibc_id = r.ibc_id AND o.id = r.officer_id "
        "WHERE r.ibc_id = :ibc_id AND r.deleted_at IS NULL "
        f"AND (r.business_date, r.id) > (:after_date, :after_id){conditions} "
        "ORDER BY r.business_date, r.id LIMIT :limit",
        ibc_id=ibc_id,
        after_date=after[0],
        after_id=after[1],
        limit=limit,
        **given,
    )
    return _with_progress(connection, ibc_id, [row._asdict() for row in found])


def _with_progress(
    connection: Connection, ibc_id: str, found: Sequence[dict[str, Any]]
) -> Sequence[Row]:
    these = any_of(connection, "s.round_id", "ids")
    asked = {"ibc_id": ibc_id, "ids": listed(connection, [row["id"] for row in found])}
    doors = {row.round_id: row for row in fetch(connection, DOORS.format(these=these), **asked)}
    money = {
        row.round_id: row
        for row in fetch(
            connection,
            "SELECT s.round_id, COUNT(DISTINCT s.id) AS paid, SUM(c.amount_paisa) AS paisa "
            f"{TAKEN.format(these=these)} GROUP BY s.round_id",
            **asked,
        )
    }
    return [{**row, **_progress(row, doors.get(row["id"]), money.get(row["id"]))} for row in found]


def _progress(walk: Row, doors: Any, money: Any) -> dict[str, int]:
    visited = int(doors.visited) if doors else 0
    planned = walk["planned"]
    return {
        "visited": visited,
        "skipped": int(doors.skipped) if doors else 0,
        "paid": money.paid if money else 0,
        "collected_paisa": int(money.paisa) if money else 0,
        "visited_percent": min(100 * visited // planned, 100) if planned else 0,
    }


def round_exists(connection: Connection, ibc_id: str, round_id: str) -> bool:
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM rounds WHERE ibc_id = :ibc_id AND id = :id AND deleted_at IS NULL",
            ibc_id=ibc_id,
            id=round_id,
        )
    )


def stops(
    connection: Connection, ibc_id: str, round_id: str, *, after: tuple[int, str], limit: int
) -> Sequence[Row]:
    """The doors of a round in walking order."""
    found = fetch(
        connection,
        "SELECT s.id, s.version, s.walk_order, s.account_no, c.name, c.address, s.reason, "
        "s.expected_paisa, p.due_paisa, s.state, s.outcome, s.skipped_because FROM stops s "
        "LEFT JOIN consumers c ON c.ibc_id = s.ibc_id AND c.account_no = s.account_no "
        "LEFT JOIN positions p ON p.ibc_id = s.ibc_id AND p.account_no = s.account_no "
        "WHERE s.ibc_id = :ibc_id AND s.round_id = :round_id AND s.deleted_at IS NULL "
        "AND (s.walk_order, s.id) > (:after_order, :after_id) "
        "ORDER BY s.walk_order, s.id LIMIT :limit",
        ibc_id=ibc_id,
        round_id=round_id,
        after_order=after[0],
        after_id=after[1],
        limit=limit,
    )
    these = any_of(connection, "s.id", "ids")
    taken = {
        row.id: int(row.paisa)
        for row in fetch(
            connection,
            f"SELECT s.id, SUM(c.amount_paisa) AS paisa {TAKEN.format(these=these)} GROUP BY s.id",
            ibc_id=ibc_id,
            ids=listed(connection, [row.id for row in found]),
        )
    }
    return [{**row._asdict(), "collected_paisa": taken.get(row.id, 0)} for row in found]
