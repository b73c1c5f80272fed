"""Follows an IBC's log and writes its books: exactly once, a chunk at a time, past what is poison."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from ledger.exceptions import case
from ledger.journal import write
from ledger.log_reader import read_log, timezone_of
from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.posting import post as post_row
from ledger.prefetch import load_payers, view_for
from ledger.view import Books
from sync.books_offset import alone, lag, lock_offset, mark, move_offset
from sync.consequences import (
    EXCEPTIONS,
    close_doubts,
    close_poison,
    open_exceptions,
    position_puts,
    record_puts,
    state_puts,
)
from sync.custody_watch import instrument_puts, session_puts, watch_sessions
from sync.office import write_books
from sync.writing import as_json

CHUNK_MAX = 1_000
"""Log rows in one transaction."""
CHUNKS_MAX = 1_000
"""Chunks in one call, so that a worker comes back to its queue."""
ATTEMPTS_MAX = 5
"""How often an entry is tried alone before it is parked."""

log = structlog.get_logger()

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
    while lag(database, ibc_id):
        with alone(database, ibc_id) as is_alone:
            if not is_alone:
                return total.plus(PostResult(lag=lag(database, ibc_id)))
            total = total.plus(_follow(database, ibc_id, now, rule, chunk_rows))
        if total.read >= CHUNKS_MAX * chunk_rows:
            break
    return total.plus(PostResult(lag=lag(database, ibc_id)))


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
    offset = lock_offset(connection, ibc_id)
    timezone = timezone_of(connection, ibc_id)
    rows, through = read_log(
        connection, ibc_id, after=offset.log_seq, rows_max=rows_max, timezone=timezone
    )
    read = through - offset.log_seq
    if not read:
        move_offset(connection, ibc_id, offset.log_seq, offset.entry_seq, offset.chain_hash)
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
    close_poison(connection, ibc_id, pages)
    move_offset(connection, ibc_id, through, books.entry_seq, chain_hash)
    watch_sessions(connection, ibc_id, books, pages, through=through, now=now)
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
    puts += session_puts(connection, ibc_id, pages)
    puts += instrument_puts(connection, ibc_id, books, pages)
    puts += record_puts(pages)
    if not puts:
        return
    body = {"entries": [first_entry, books.entry_seq], "through": through}
    write_books(connection, ibc_id, puts=puts, body=body, now=now)


def _mark_chunk(database: Database, ibc_id: str) -> bool:
    """Say where the next chunk begins, committed before it; whether such a mark stood there."""

    def look(connection: Connection) -> bool:
        offset = lock_offset(connection, ibc_id)
        if offset.trying_seq == offset.log_seq + 1:
            return True
        mark(connection, ibc_id, offset.log_seq + 1, 0)
        return False

    return database.transact(look)


def _count_attempt(connection: Connection, ibc_id: str, now: Milliseconds) -> bool:
    """Count one more attempt at the next entry, or park it; whether it was parked."""
    offset = lock_offset(connection, ibc_id)
    seq = offset.log_seq + 1
    attempts = offset.attempts + 1 if offset.trying_seq == seq else 1
    if attempts <= ATTEMPTS_MAX:
        mark(connection, ibc_id, seq, attempts)
        return False
    timezone = timezone_of(connection, ibc_id)
    rows, _ = read_log(connection, ibc_id, after=seq - 1, rows_max=1, timezone=timezone)
    _park(connection, ibc_id, rows, now, f"failed {ATTEMPTS_MAX} times")
    move_offset(connection, ibc_id, seq, offset.entry_seq, offset.chain_hash)
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
