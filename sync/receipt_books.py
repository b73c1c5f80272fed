"""Receipt blocks that are no phone's: counters and paper books, who has them, and gaps explained (users.md item 9)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from auth.blocks import Block, BlockKind, issue_block
from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from sync.keyed import repeated
from sync.office import Put, Refused, write
from sync.receipt_numbers import received
from sync.writing import lock_head

BOOKS = (BlockKind.COUNTER, BlockKind.PAPER)
Row = Mapping[str, Any]


class UnknownBook(LookupError):
    """This IBC has given no counter or paper block with that prefix."""


def give_book(
    connection: Connection,
    ibc_id: str,
    device_id: str,
    kind: BlockKind,
    *,
    key: str,
    now: Milliseconds,
) -> Block:
    """A new block for a counter or a paper book, beside the phone's own; the same key, the same block."""
    lock_head(connection, ibc_id)  # two requests with one key must not get two blocks
    rows = fetch(
        connection,
        "SELECT prefix, first_serial, last_serial FROM receipt_blocks "
        "WHERE ibc_id = :ibc_id AND device_id = :device_id AND request_key = :key",
        ibc_id=ibc_id,
        device_id=device_id,
        key=key,
    )
    if rows:
        return Block(*rows[0])
    return issue_block(
        connection, ibc_id=ibc_id, device_id=device_id, now=now, kind=kind, request_key=key
    )


def move_book(connection: Connection, ibc_id: str, prefix: str, device_id: str) -> None:
    """Give a counter's or paper block to another enrolment, as when a phone has died. Errors: UnknownBook.

    What was recorded from it stays; a phone's own block never moves, its secret is not another's.
    """
    lock_head(connection, ibc_id)
    moved = connection.execute(
        text(
            "UPDATE receipt_blocks SET device_id = :device_id WHERE ibc_id = :ibc_id "
            "AND prefix = :prefix AND kind IN ('counter', 'paper')"
        ),
        {"ibc_id": ibc_id, "prefix": prefix, "device_id": device_id},
    )
    if not moved.rowcount:
        raise UnknownBook(UnknownBook.__doc__)


def explain_gap(
    connection: Connection,
    ibc_id: str,
    device_id: str,
    asked: Row,
    *,
    key: str,
    author_id: str,
    now: Milliseconds,
) -> Row:
    """Say why numbers were never used. Errors: Refused, KeyReused.

    The numbers stay used up. Should one of them arrive later, it counts as used again.
    """
    lock_head(connection, ibc_id)
    prefix, first = _parts(asked["first"])
    last_prefix, last = _parts(asked["last"])
    fields = {
        "device_id": device_id,
        "prefix": prefix,
        "first_serial": first,
        "last_serial": last,
        "reason": asked["reason"],
        "note": asked.get("note"),
        "explained_by": author_id,
    }
    put = Put("receipt_gap", derived_id("receipt gap", key), fields)
    if repeated(connection, ibc_id, key, author_id=author_id, put=put) is None:
        _check(connection, ibc_id, put, same_block=prefix == last_prefix)
        write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    return fields


def _check(connection: Connection, ibc_id: str, put: Put, *, same_block: bool) -> None:
    prefix = put.fields["prefix"]
    first, last = put.fields["first_serial"], put.fields["last_serial"]
    rows = fetch(
        connection,
        "SELECT 1 FROM receipt_blocks WHERE ibc_id = :ibc_id AND device_id = :device_id "
        "AND prefix = :prefix AND first_serial <= :first AND :first <= :last "
        "AND :last <= last_serial",
        ibc_id=ibc_id,
        device_id=put.fields["device_id"],
        prefix=prefix,
        first=first,
        last=last,
    )
    if not rows or not same_block:
        raise Refused(put, {"first": "not_of_this_block"})
    if any(first <= serial <= last for serial in received(connection, ibc_id, prefix)):
        raise Refused(put, {"first": "number_was_used"})


def _parts(number: str) -> tuple[str, int]:
    prefix, _, serial = number.rpartition("-")
    return prefix, int(serial)
