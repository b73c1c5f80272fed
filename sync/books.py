"""Follows an IBC's log and writes its books: exactly once, a chunk at a time, past what is poison."""

import fcntl
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import OperationalError

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from ledger.chain import GENESIS
from ledger.exceptions import case
from ledger.journal import write
from ledger.log_reader import read_log, timezone_of
from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.posting import post as post_row
from ledger.prefetch import load_payers, view_for
from ledger.view import Books
from models.books import BooksOffset
from sync.consequences import (
    EXCEPTIONS,
    close_doubts,
    open_exceptions,
    position_puts,
    state_puts,
)
from sync.office import write_books
from sync.writing import as_json

CHUNK_MAX = 1_000
"""Log rows in one transaction."""
CHUNKS_MAX = 1_000
"""Chunks in one call, so that a worker comes back to its queue."""
ATTEMPTS_MAX = 5
"""How often an entry is tried alone before it is parked."""

log = structlog.get_logger()

OFFSETS: Table = BooksOffset.metadata.tables["books_offsets"]
PostRow = Callable[[Books, LogRow], Posted]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostResult:
    """How far one call has come."""

    read: int = 0
    posted: int = 0
    parked: int = 0
    lag: int = 0
    """Log rows that were not read yet when the call ended."""

    def plus(self, other: "PostResult") -> "PostResult":
        return PostResult(
            read=self.read + other.read,
            posted=self.posted + other.posted,
            parked=self.parked + other.parked,
            lag=other.lag,
        )


@dataclass(frozen=True, slots=True)
class Offset:
    """The row of books_offsets, under its lock."""

    log_seq: int
    entry_seq: int
    chain_hash: str
    trying_seq: int | None
    attempts: int


def post(
    database: Database,
    ibc_id: str,
    now: Milliseconds,
    *,
    rule: PostRow = post_row,
    chunk_rows: int = CHUNK_MAX,
) -> PostResult:
    """Read the log to its head and write the books; two calls at once do the work once.

    A call that finds another at work returns at once: that one looks at the head again after it
    has let go, so a bell that rang meanwhile is not lost.
    """
    total = PostResult()
    while _lag(database, ibc_id):
        with _alone(database, ibc_id) as alone:
            if not alone:
                return total.plus(PostResult(lag=_lag(database, ibc_id)))
            total = total.plus(_follow(database, ibc_id, now, rule, chunk_rows))
        if total.read >= CHUNKS_MAX * chunk_rows:
            break
    return total.plus(PostResult(lag=_lag(database, ibc_id)))


def post_within(connection: Connection, ibc_id: str, now: Milliseconds) -> PostResult:
    """Read the log to its head inside the caller's transaction, for a decision on current books.

    Call it before the IBC's row is locked: the books' offset comes first in the order of locks.
    """
    total = PostResult()
    while (step := _post_chunk(connection, ibc_id, now, post_row, CHUNK_MAX)).read:
        total = total.plus(step)
    return total


def _follow(
    database: Database, ibc_id: str, now: Milliseconds, rule: PostRow, chunk_rows: int
) -> PostResult:
    total = PostResult()
    for _ in range(CHUNKS_MAX):
        # A mark that is already there was left by a call that died: its entries go one by one.
        died_here = _mark_chunk(database, ibc_id)
        step = None if died_here else _try_chunk(database, ibc_id, now, rule, chunk_rows)
        if step is None:
            step = _post_singly(database, ibc_id, now, rule, chunk_rows)
        total = total.plus(step)
        if not step.read:
            break
    return total


def _try_chunk(
    database: Database, ibc_id: str, now: Milliseconds, rule: PostRow, chunk_rows: int
) -> PostResult | None:
    """One chunk in one transaction; None when something in it fails, whatever it is."""
    try:
        return database.transact(lambda c: _post_chunk(c, ibc_id, now, rule, chunk_rows))
    except OperationalError:
        raise
    except Exception as error:  # the same entries are tried singly next, and counted there
        log.exception("books_chunk_failed", ibc_id=ibc_id, error=repr(error))
        return None


def _post_singly(
    database: Database, ibc_id: str, now: Milliseconds, rule: PostRow, rows_max: int
) -> PostResult:
    """Entry by entry, each attempt committed beforehand, until the bad one is parked or all pass."""
    total = PostResult()
    while total.read < rows_max:
        parked = database.transact(lambda c: _count_attempt(c, ibc_id, now))
        if parked:
            return total.plus(PostResult(read=1, parked=1))
        try:
            step = database.transact(lambda c: _post_chunk(c, ibc_id, now, rule, 1))
        except OperationalError:
            raise
        except Exception as error:  # counted beforehand; parked after ATTEMPTS_MAX
            log.exception("books_entry_failed", ibc_id=ibc_id, error=repr(error))
            continue
        total = total.plus(step)
        if not step.read:
            break
    return total


def _post_chunk(
    connection: Connection, ibc_id: str, now: Milliseconds, rule: PostRow, rows_max: int
) -> PostResult:
    """One chunk of the log into the books, all of it or nothing."""
    # 1 The books' offset first, then the IBC (ruling 1): nobody else posts, then nobody else writes.
    offset = _lock_offset(connection, ibc_id)
    timezone = timezone_of(connection, ibc_id)
    rows, through = read_log(
        connection, ibc_id, after=offset.log_seq, rows_max=rows_max, timezone=timezone
    )
    read = through - offset.log_seq
    if not read:
        _move_offset(connection, ibc_id, offset.log_seq, offset.entry_seq, offset.chain_hash)
        return PostResult()

    # 2 Decide on values.
    books = view_for(connection, ibc_id, rows, entry_seq=offset.entry_seq)
    load_payers(connection, ibc_id, books, rows, timezone)
    rows, dependants = _without_dependants(connection, ibc_id, rows)
    pages = [rule(books, row) for row in rows]
    drafts = [draft for page in pages for draft in page.entries]

    # 3 Write. Only the last part needs the IBC's lock: phones push meanwhile.
    chain_hash = write(connection, ibc_id, drafts, previous_hash=offset.chain_hash, now=now)
    _park(connection, ibc_id, dependants, now, "depends on a collection that is parked")
    open_exceptions(connection, ibc_id, pages, now)
    close_doubts(connection, ibc_id, pages)
    _move_offset(connection, ibc_id, through, books.entry_seq, chain_hash)
    _write_consequences(
        connection,
        ibc_id,
        books,
        pages=pages,
        through=through,
        first_entry=offset.entry_seq + 1,
        now=now,
    )
    return PostResult(read=read, posted=len(drafts), parked=len(dependants))


def _write_consequences(
    connection: Connection,
    ibc_id: str,
    books: Books,
    *,
    pages: list[Posted],
    through: int,
    first_entry: int,
    now: Milliseconds,
) -> None:
    touched = {account_no for page in pages for account_no in page.touched}
    puts = position_puts(connection, ibc_id, books, touched, now)
    puts += state_puts(connection, ibc_id, pages)
    if not puts:
        return
    body = {"entries": [first_entry, books.entry_seq], "through": through}
    write_books(connection, ibc_id, puts=puts, body=body, now=now)


def _lock_offset(connection: Connection, ibc_id: str) -> Offset:
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


def _for_update(connection: Connection) -> str:
    return "" if connection.dialect.name == "sqlite" else " FOR UPDATE"


def _move_offset(
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


def _mark(connection: Connection, ibc_id: str, trying_seq: int, attempts: int) -> None:
    connection.execute(
        text(
            "UPDATE books_offsets SET trying_seq = :trying_seq, attempts = :attempts "
            "WHERE ibc_id = :ibc_id"
        ),
        {"trying_seq": trying_seq, "attempts": attempts, "ibc_id": ibc_id},
    )


def _mark_chunk(database: Database, ibc_id: str) -> bool:
    """Say where the next chunk begins, committed before it; whether such a mark stood there."""

    def mark(connection: Connection) -> bool:
        offset = _lock_offset(connection, ibc_id)
        if offset.trying_seq == offset.log_seq + 1:
            return True
        _mark(connection, ibc_id, offset.log_seq + 1, 0)
        return False

    return database.transact(mark)


def _count_attempt(connection: Connection, ibc_id: str, now: Milliseconds) -> bool:
    """Count one more attempt at the next entry, or park it; whether it was parked."""
    offset = _lock_offset(connection, ibc_id)
    seq = offset.log_seq + 1
    attempts = offset.attempts + 1 if offset.trying_seq == seq else 1
    if attempts <= ATTEMPTS_MAX:
        _mark(connection, ibc_id, seq, attempts)
        return False
    timezone = timezone_of(connection, ibc_id)
    rows, _ = read_log(connection, ibc_id, after=seq - 1, rows_max=1, timezone=timezone)
    _park(connection, ibc_id, rows, now, f"failed {ATTEMPTS_MAX} times")
    _move_offset(connection, ibc_id, seq, offset.entry_seq, offset.chain_hash)
    return True


def _park(
    connection: Connection, ibc_id: str, rows: list[LogRow], now: Milliseconds, why: str
) -> None:
    """Set rows aside for a person; `books verify` leaves them out by their opened_by_seq."""
    cases = [
        case(
            "POISON",
            ibc_id=ibc_id,
            subject_entity=row.entity,
            subject_id=row.collection_id or row.record_id,
            now=now,
            opened_by_seq=row.seq,
            mutation_id=row.mutation_id,
            detail=as_json({"why": f"log entry {row.seq} {why}"}),
            distinct=str(row.seq),
        )
        for row in rows
    ]
    insert_rows(connection, EXCEPTIONS, cases, on_conflict="ignore")


def _without_dependants(
    connection: Connection, ibc_id: str, rows: list[LogRow]
) -> tuple[list[LogRow], list[LogRow]]:
    """Rows that may post, and those about a collection of which an earlier row is parked."""
    named = {row.collection_id for row in rows if row.collection_id and not row.released}
    if not named:
        return rows, []
    found: Any = fetch(
        connection,
        "SELECT DISTINCT subject_id FROM exceptions WHERE ibc_id = :ibc_id AND kind = 'POISON' "
        f"AND state = 'open' AND {any_of(connection, 'subject_id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, sorted(named)),
    )
    parked = {row.subject_id for row in found}
    return (
        [row for row in rows if row.released or row.collection_id not in parked],
        [row for row in rows if not row.released and row.collection_id in parked],
    )


def _lag(database: Database, ibc_id: str) -> int:
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT h.seq - COALESCE(o.log_seq, 0) AS lag FROM log_heads h "
            "LEFT JOIN books_offsets o ON o.ibc_id = h.ibc_id WHERE h.ibc_id = :ibc_id",
            ibc_id=ibc_id,
        )
    return int(found[0].lag) if found else 0


@contextmanager
def _alone(database: Database, ibc_id: str) -> Iterator[bool]:
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
