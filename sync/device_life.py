"""A phone from its enrolment to its end: lost, revoked, ordered to do something, wiped; and the fleet."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import fetch
from models.device import DeviceState
from sync.chain import Missing
from sync.office import Put, write
from sync.receipt_numbers import block_rows


class Order(StrEnum):
    """What a phone can be asked to do at its next exchange (protocol 10)."""

    WIPE = "wipe"
    UPDATE_APP = "update_app"
    SEND_LOG = "send_log"


class NotDrained(Exception):
    """The phone has numbers that have not arrived; hand them in before it is wiped."""


def end_device(
    connection: Connection,
    ibc_id: str,
    device_id: str,
    state: DeviceState,
    *,
    author_id: str,
    now: Milliseconds,
) -> None:
    """Trust the phone no longer, and ask it to wipe itself once everything has arrived."""
    ended = Put("device", device_id, {"state": state.value})
    write(connection, ibc_id, author_id=author_id, puts=[ended], now=now)
    give_order(connection, ibc_id, device_id, Order.WIPE)
    connection.execute(
        text(
            "UPDATE device_chains SET ended_at = :now "
            "WHERE ibc_id = :ibc_id AND device_id = :device_id AND ended_at IS NULL"
        ),
        {"now": now, "ibc_id": ibc_id, "device_id": device_id},
    )


def give_order(connection: Connection, ibc_id: str, device_id: str, order: Order) -> None:
    """Keep an order until the phone has done it; twice is once."""
    given = _orders(connection, ibc_id, device_id)
    if order.value not in given:
        _keep_orders(connection, ibc_id, device_id, [*given, order.value])


def take_back(connection: Connection, ibc_id: str, device_id: str, order: Order) -> None:
    given = _orders(connection, ibc_id, device_id)
    _keep_orders(connection, ibc_id, device_id, [one for one in given if one != order.value])


def orders_now(kept: str | None, missing: str | None, *, ended: bool, pending: int) -> list[str]:
    """The orders to tell now: a wipe only to a phone that has ended and has nothing left. Pure."""
    if not kept or kept == "[]":
        return []
    drained = ended and pending == 0 and missing in (None, "[]")
    return [one for one in orjson.loads(kept) if one != Order.WIPE or drained]


def orders_at(
    connection: Connection, ibc_id: str, device_id: str, seq: int, *, ended: bool
) -> list[str]:
    """The orders for a phone whose chain ends at `seq`, as it has signed."""
    rows = fetch(
        connection,
        "SELECT orders, missing, last_seq FROM device_chains "
        "WHERE ibc_id = :ibc_id AND device_id = :device_id",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    if not rows:
        return []
    pending = max(0, seq - rows[0].last_seq)
    return orders_now(rows[0].orders, rows[0].missing, ended=ended, pending=pending)


def note_wiped(
    connection: Connection, ibc_id: str, device_id: str, *, through_seq: int, now: Milliseconds
) -> None:
    """The phone says that it keeps nothing any more; again is harmless. Errors: NotDrained."""
    rows = fetch(
        connection,
        "SELECT last_seq, missing FROM device_chains "
        "WHERE ibc_id = :ibc_id AND device_id = :device_id",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    if not rows or through_seq > rows[0].last_seq or rows[0].missing != "[]":
        raise NotDrained(NotDrained.__doc__)
    connection.execute(
        text(
            "UPDATE device_chains SET wiped_at = COALESCE(wiped_at, :now), orders = '[]' "
            "WHERE ibc_id = :ibc_id AND device_id = :device_id"
        ),
        {"now": now, "ibc_id": ibc_id, "device_id": device_id},
    )


def what_is_lost(connection: Connection, ibc_id: str, device_id: str) -> Mapping[str, Any]:
    """Which receipt numbers of the phone have arrived, and which may be on paper outside."""
    rows = fetch(
        connection,
        "SELECT d.state, c.pending, c.last_seen_at, c.missing FROM devices d "
        "LEFT JOIN device_chains c ON c.ibc_id = d.ibc_id AND c.device_id = d.id "
        "WHERE d.ibc_id = :ibc_id AND d.id = :device_id",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    known = rows[0]
    missing = Missing.of(orjson.loads(known.missing or "[]"))
    return {
        "device_id": device_id,
        "state": known.state,
        "blocks": block_rows(connection, ibc_id, device_id),
        "pending": known.pending,
        "last_seen_at": known.last_seen_at,
        "missing_mutations": missing.numbers(),
    }


def fleet(
    connection: Connection, ibc_id: str, *, state: str | None, after: str, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Every phone of an IBC as it was when it was last here, by id."""
    rows = fetch(
        connection,
        "SELECT d.id AS device_id, d.public_label, d.state, s.staff_no, s.name AS staff_name, "
        "c.last_seen_at, c.pending, c.pending_since, c.app_version, c.clock_offset_ms, "
        "COALESCE(c.refused, 0) AS refused, COALESCE(c.held, 0) AS held, "
        "COALESCE(c.missing, '[]') AS missing, COALESCE(c.signs, 0) AS signs, "
        "c.orders, c.wiped_at FROM devices d "
        "LEFT JOIN staff s ON s.ibc_id = d.ibc_id AND s.id = d.staff_id "
        "LEFT JOIN device_chains c ON c.ibc_id = d.ibc_id AND c.device_id = d.id "
        "WHERE d.ibc_id = :ibc_id AND d.id > :after AND d.deleted_at IS NULL "
        f"{'AND d.state = :state ' if state else ''}ORDER BY d.id LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [_fleet_row(row._asdict()) for row in rows]


def _fleet_row(row: dict[str, Any]) -> Mapping[str, Any]:
    orders = row.pop("orders") or "[]"
    wiped_at = row.pop("wiped_at")
    gaps = Missing.of(orjson.loads(row.pop("missing"))).ranges
    ordered = "ordered" if Order.WIPE in orjson.loads(orders) else None
    return row | {
        "signs": bool(row["signs"]),
        "gaps": [[gap.first, gap.last] for gap in gaps],
        "wipe": "done" if wiped_at is not None else ordered,
    }


def _orders(connection: Connection, ibc_id: str, device_id: str) -> list[str]:
    rows = fetch(
        connection,
        "SELECT orders FROM device_chains WHERE ibc_id = :ibc_id AND device_id = :device_id",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    given: list[str] = orjson.loads(rows[0].orders) if rows else []
    return given


def _keep_orders(
    connection: Connection, ibc_id: str, device_id: str, orders: Sequence[str]
) -> None:
    connection.execute(
        text(
            "UPDATE device_chains SET orders = :orders "
            "WHERE ibc_id = :ibc_id AND device_id = :device_id"
        ),
        {"orders": orjson.dumps(orders).decode(), "ibc_id": ibc_id, "device_id": device_id},
    )
