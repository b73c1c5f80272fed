"""The numbers of a device's receipt blocks: received, void or never seen, and when it needs more."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from auth.blocks import LEFT_PERCENT_MAX, Block, issue_block, newest_block
from infra.clock import Milliseconds
from infra.database import fetch
from sync.writing import lock_head

AFTER_DASH = "."
"""The character after `-`: numbers of one prefix lie between `A0-` and `A0.`."""
Ranges = Sequence[tuple[int, int]]


def further_block(
    connection: Connection, ibc_id: str, device_id: str, *, now: Milliseconds
) -> Block:
    """The block that the phone should print from next: a new one when little is left of the newest.

    Asked again it answers the same, until that one is nearly used up as well. What counts as used
    is what has arrived here: a phone pushes before it asks.
    """
    lock_head(connection, ibc_id)  # two questions at once must not get two blocks
    newest = newest_block(connection, ibc_id=ibc_id, device_id=device_id)
    if newest is not None:
        used = received(connection, ibc_id, newest.prefix)
        left = newest.left_after(max(used, default=newest.first_serial - 1))
        if left * 100 > newest.size * LEFT_PERCENT_MAX:
            return newest
    return issue_block(connection, ibc_id=ibc_id, device_id=device_id, now=now)


def block_rows(
    connection: Connection, ibc_id: str, device_id: str, *, after: str = "", limit: int = 1_000
) -> Sequence[Mapping[str, Any]]:
    """The device's blocks by prefix, each with what is known of its numbers."""
    rows = fetch(
        connection,
        "SELECT prefix, kind, first_serial, last_serial, issued_at FROM receipt_blocks "
        "WHERE ibc_id = :ibc_id AND device_id = :device_id AND prefix > :after "
        "ORDER BY prefix LIMIT :limit",
        ibc_id=ibc_id,
        device_id=device_id,
        after=after,
        limit=limit,
    )
    return [_block_row(connection, ibc_id, row) for row in rows]


def missing_in(used: Sequence[int], first_serial: int) -> Ranges:
    """The gaps below the highest number that was used, as ranges: each must be explained. Pure."""
    gaps: list[tuple[int, int]] = []
    wanted = first_serial
    for serial in sorted(used):
        if serial > wanted:
            gaps.append((wanted, serial - 1))
        wanted = max(wanted, serial + 1)
    return gaps


def _block_row(connection: Connection, ibc_id: str, block: Any) -> Mapping[str, Any]:
    states = received(connection, ibc_id, block.prefix)
    used = sorted(states)
    explained = _explained(connection, ibc_id, block.prefix)
    told = {n for gap in explained for n in range(gap.first_serial, gap.last_serial + 1)}
    # What lies above the last that was used is not missing, whether it is explained or not.
    below = {n for n in told if used and n < used[-1]}
    gaps = missing_in([*{*used, *below}], block.first_serial)
    return {
        "prefix": block.prefix,
        "kind": block.kind,
        "first_serial": block.first_serial,
        "last_serial": block.last_serial,
        "issued_at": block.issued_at,
        "used": len(used),
        "void": [_number(block.prefix, n) for n in used if states[n] == "void"],
        "missing": [[_number(block.prefix, a), _number(block.prefix, b)] for a, b in gaps],
        "missing_count": sum(last - first + 1 for first, last in gaps),
        "last_used": _number(block.prefix, used[-1]) if used else None,
        "explained": [
            {
                "first": _number(block.prefix, gap.first_serial),
                "last": _number(block.prefix, gap.last_serial),
                "reason": gap.reason,
            }
            for gap in explained
        ],
    }


def _explained(connection: Connection, ibc_id: str, prefix: str) -> Sequence[Any]:
    return fetch(
        connection,
        "SELECT first_serial, last_serial, reason FROM receipt_gaps "
        "WHERE ibc_id = :ibc_id AND prefix = :prefix AND deleted_at IS NULL ORDER BY first_serial, id",
        ibc_id=ibc_id,
        prefix=prefix,
    )


def received(connection: Connection, ibc_id: str, prefix: str) -> dict[int, str | None]:
    """Serial → where the books have put it, of the numbers of a prefix that have arrived."""
    rows = fetch(
        connection,
        "SELECT k.value, c.state FROM claims k "
        "LEFT JOIN collections c ON c.ibc_id = k.ibc_id AND c.id = k.record_id "
        "WHERE k.ibc_id = :ibc_id AND k.kind = 'receipt_no' "
        "AND k.value > :first AND k.value < :last",
        ibc_id=ibc_id,
        first=f"{prefix}-",
        last=f"{prefix}{AFTER_DASH}",
    )
    return {int(row.value.rpartition("-")[2]): row.state for row in rows}


def _number(prefix: str, serial: int) -> str:
    return f"{prefix}-{serial:06d}"
