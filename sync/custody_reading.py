"""What the office reads of custody, slips, instruments and adjustments, as queries."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch
from models import ENTITIES

Row = Mapping[str, Any]
Place = tuple[Any, ...]
WARN_PERCENT = 80
"""Of the ceiling: from here on the officer should turn in."""
SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"
SHOWN_AFTER_COUNT = ("offered", "counted", "counted_paisa")
"""Of a handover, what nobody at the office sees before the second count."""


def sessions(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    """Sessions by date, with what they hold and how near to the ceiling that is."""
    found = fetch(
        connection,
        "SELECT s.id, s.version, s.officer_id, s.business_date, s.kind, s.state, s.opening_paisa, "
        "s.ceiling_paisa, s.receipt_prefix, "
        f"COALESCE(SUM(CASE WHEN p.account_code = 1010 THEN {SIGNED} END), 0) AS cash_paisa, "
        f"COALESCE(SUM(CASE WHEN p.account_code = 1060 THEN {SIGNED} END), 0) AS shortage_paisa, "
        f"COALESCE(SUM(CASE WHEN p.account_code = 1065 THEN {SIGNED} END), 0) AS loss_paisa, "
        f"COALESCE(SUM(CASE WHEN p.account_code = 2080 THEN -({SIGNED}) END), 0) AS overage_paisa "
        "FROM custody_sessions s LEFT JOIN postings p ON p.ibc_id = s.ibc_id "
        "AND p.account_code IN (1010, 1060, 1065, 2080) AND p.account_of = s.account_of "
        "WHERE s.ibc_id = :ibc_id AND (s.business_date, s.id) > (:after_date, :after_id)"
        f"{' AND s.state = :state' if state else ''} GROUP BY s.id, s.version, s.officer_id, "
        "s.business_date, s.kind, s.state, s.opening_paisa, s.ceiling_paisa, s.receipt_prefix "
        "ORDER BY s.business_date, s.id LIMIT :limit",
        ibc_id=ibc_id,
        after_date=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [_session_row(row._asdict()) for row in found]


def _session_row(row: dict[str, Any]) -> Row:
    amounts = {name: int(row[name]) for name in row if name.endswith("_paisa")}
    return {**row, **amounts, "level": level(amounts["cash_paisa"], amounts["ceiling_paisa"])}


def level(cash_paisa: int, ceiling_paisa: int) -> str:
    """How near to the ceiling: ok, warn from 80 %, over. Pure."""
    if cash_paisa > ceiling_paisa:
        return "over"
    return "warn" if cash_paisa * 100 >= ceiling_paisa * WARN_PERCENT else "ok"


def handovers(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    """Handovers by date; the first count is kept back until there is a second."""
    return [
        blind(row)
        for row in _records(connection, ibc_id, "handover", "session_date", state, after, limit)
    ]


def blind(row: Row) -> Row:
    """A handover as the office may see it. Pure."""
    if row["state"] != "offered":
        return row
    return {**row, **dict.fromkeys(SHOWN_AFTER_COUNT)}


def deposits(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    return _records(connection, ibc_id, "deposit", "deposited_on", state, after, limit)


def instruments(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    return _records(connection, ibc_id, "instrument", "state", state, after, limit)


def adjustments(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    return _records(connection, ibc_id, "adjustment", "state", state, after, limit)


def one(connection: Connection, ibc_id: str, entity: str, record_id: str) -> Row | None:
    """A record as its table has it; None when there is no such."""
    found = fetch(
        connection,
        f"SELECT * FROM {ENTITIES[entity].table.name} WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=record_id,
    )
    return found[0]._asdict() if found else None


def _records(
    connection: Connection,
    ibc_id: str,
    entity: str,
    order: str,
    state: str | None,
    after: Place,
    limit: int,
) -> Sequence[Row]:
    """A page of an entity's table in the order of a column and the id."""
    found = fetch(
        connection,
        f"SELECT * FROM {ENTITIES[entity].table.name} WHERE ibc_id = :ibc_id "
        f"AND ({order}, id) > (:after_value, :after_id)"
        f"{' AND state = :state' if state else ''} ORDER BY {order}, id LIMIT :limit",
        ibc_id=ibc_id,
        after_value=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [row._asdict() for row in found]
