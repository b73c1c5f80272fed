"""Which phones still hold a round: by the cursor with which each last came, against what was granted and taken."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch
from sync.cursor import BEGINNING, Cursor, NotACursor, read_cursor


class Holding(StrEnum):
    """How a phone stands to a round that it may, or might once, read."""

    COMING = "coming"
    """It may read it and has not come for it yet."""
    HOLDS = "holds"
    """It has read it; when the round was taken, it has not heard of that yet."""
    LEAVING = "leaving"
    """It knows that the round was taken, and still has something to send."""
    GONE = "gone"
    """It has dropped the round, or never had it."""


def phones_of_round(
    connection: Connection, ibc_id: str, round_id: str, *, after: str, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Every phone of the officers who have or had the round, by id.

    A phone is known by its last exchange: one that has not been here since still counts as holding.
    """
    rows = fetch(
        connection,
        "SELECT d.id AS device_id, d.public_label, d.state, d.staff_id AS officer_id, "
        "s.name AS officer, max(CASE WHEN g.state = 'held' THEN 1 ELSE 0 END) AS held, "
        "min(CASE WHEN g.state = 'held' THEN g.seq END) AS given_seq, max(g.seq) AS taken_seq, "
        "l.epoch, c.cursor, c.last_seen_at, c.pending, c.wiped_at FROM grants g "
        "JOIN log_heads l ON l.ibc_id = g.ibc_id "
        "JOIN devices d ON d.ibc_id = g.ibc_id "
        "AND g.holder IN ('device:' || d.id, 'officer:' || d.staff_id) "
        "LEFT JOIN staff s ON s.ibc_id = d.ibc_id AND s.id = d.staff_id "
        "LEFT JOIN device_chains c ON c.ibc_id = d.ibc_id AND c.device_id = d.id "
        "WHERE g.ibc_id = :ibc_id AND g.scope = :scope AND d.id > :after "
        "GROUP BY d.id, d.public_label, d.state, d.staff_id, s.name, l.epoch, c.cursor, "
        "c.last_seen_at, c.pending, c.wiped_at ORDER BY d.id LIMIT :limit",
        ibc_id=ibc_id,
        scope=f"round:{round_id}",
        after=after,
        limit=limit,
    )
    return [_phone(row._asdict(), f"round:{round_id}") for row in rows]


def _phone(row: dict[str, Any], scope: str) -> Mapping[str, Any]:
    at = _place(row.pop("cursor"), row.pop("epoch"))
    held, given, taken = row.pop("held"), row.pop("given_seq"), row.pop("taken_seq")
    wiped = row.pop("wiped_at") is not None
    if held:
        holding = Holding.HOLDS if at and at.key.e >= given else Holding.COMING
    else:
        holding = holding_of_taken(at, scope, taken)
    return {**row, "holding": Holding.GONE if wiped else holding}


def holding_of_taken(at: Cursor | None, scope: str, taken: int) -> Holding:
    """How a phone whose cursor stands here holds a scope that was taken at this position. Pure."""
    if at is None or at.key == BEGINNING:
        return Holding.GONE
    if scope in [leaving for leaving, _ in at.leaving]:
        return Holding.LEAVING
    return Holding.GONE if at.key.e >= taken else Holding.HOLDS


def _place(cursor: str | None, epoch: str) -> Cursor | None:
    """None for a phone that has read nothing, or that reads anew in another epoch."""
    try:
        at = read_cursor(cursor) if cursor else None
    except NotACursor:
        return None
    return at if at and at.epoch == epoch else None
