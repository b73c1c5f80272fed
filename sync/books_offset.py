"""How far the books have read an IBC's log: its row, its lock, its marks, and who follows alone."""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from infra.database import Database, fetch, insert_rows
from ledger.chain import GENESIS
from models.books import BooksOffset

OFFSETS: Table = BooksOffset.metadata.tables["books_offsets"]


@dataclass(frozen=True, slots=True)
class Offset:
    """The row of books_offsets, under its lock."""

    log_seq: int
    entry_seq: int
    chain_hash: str
    trying_seq: int | None
    attempts: int


def lock_offset(connection: Connection, ibc_id: str) -> Offset:
    fresh = {"ibc_id": ibc_id, "log_seq": 0, "entry_seq": 0, "chain_hash": GENESIS, "attempts": 0}
    query = (
        "SELECT log_seq, entry_seq, chain_hash, trying_seq, attempts FROM books_offsets "
        f"WHERE ibc_id = :ibc_id{_for_update(connection)}"
    )
    found = fetch(connection, query, ibc_id=ibc_id)
    if not found:
        insert_rows(connection, OFFSETS, [fresh], on_conflict="ignore")
        found = fetch(connection, query, ibc_id=ibc_id)
    return Offset(*found[0])


def move_offset(
    connection: Connection, ibc_id: str, log_seq: int, entry_seq: int, chain_hash: str
) -> None:
    connection.execute(
        text(
            "UPDATE books_offsets SET log_seq = :log_seq, entry_seq = :entry_seq, "
            "chain_hash = :chain_hash, trying_seq = NULL, attempts = 0 WHERE ibc_id = :ibc_id"
        ),
        {
            "log_seq": log_seq,
            "entry_seq": entry_seq,
            "chain_hash": chain_hash,
            "ibc_id": ibc_id,
        },
    )


def mark(connection: Connection, ibc_id: str, trying_seq: int, attempts: int) -> None:
    connection.execute(
        text(
            "UPDATE books_offsets SET trying_seq = :trying_seq, attempts = :attempts "
            "WHERE ibc_id = :ibc_id"
        ),
        {"trying_seq": trying_seq, "attempts": attempts, "ibc_id": ibc_id},
    )


def lag(database: Database, ibc_id: str) -> int:
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT h.seq - COALESCE(o.log_seq, 0) AS lag FROM log_heads h "
            "LEFT JOIN books_offsets o ON o.ibc_id = h.ibc_id WHERE h.ibc_id = :ibc_id",
            ibc_id=ibc_id,
        )
    return int(found[0].lag) if found else 0


@contextmanager
def alone(database: Database, ibc_id: str) -> Iterator[bool]:
    """Whether no other call follows this IBC's log; otherwise its mark would look like a death."""
    if database.is_sqlite:
        path = f"{database.engine.url.database}.books"
        with open(path, "a") as file:  # noqa: PTH123  # as infra.database does beside it
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
        return
    key = zlib.crc32(f"books {ibc_id}".encode())
    with database.engine.connect() as connection:
        got = fetch(connection, "SELECT pg_try_advisory_lock(:key) AS got", key=key)[0].got
        connection.commit()
        try:
            yield bool(got)
        finally:
            if got:
                fetch(connection, "SELECT pg_advisory_unlock(:key)", key=key)
                connection.commit()


def _for_update(connection: Connection) -> str:
    return "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
