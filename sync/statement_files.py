"""Statement files: taken in, read whole before a line of them counts, and told again when sent again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows
from infra.files import Files, FileTooLarge
from infra.ids import derived_id
from infra.limits import STATEMENT_BYTES_MAX
from models.reconciliation import StatementFile
from sync.statement_import import Tell, in_silence, read_into_tables
from sync.statement_sources import source_coded

WAITING, READING, STORED, REFUSED = "waiting", "reading", "stored", "refused"
SILENT_AFTER_MS = 120_000
"""A reader that has said nothing for so long is dead, and another may begin again."""
FILES_MAX = 1_000
"""Files in one call, so that a worker comes back to its queue."""

FileRow = Mapping[str, Any]


class StatementTooLarge(ValueError):
    """The file is larger than STATEMENT_BYTES_MAX; ask the bank for a shorter period."""


class UnknownStatementFile(LookupError):
    """There is no such statement file at this IBC."""


def take_in(
    database: Database,
    files: Files,
    ibc_id: str,
    *,
    source_code: str,
    chunks: Iterable[bytes],
    said: Mapping[str, Any],
    author_id: str,
    now: Milliseconds,
) -> FileRow:
    """Keep a file's bytes and remember that it is to be read; the same file again is the same row.

    `said` is what the file does not say itself: statement_no, opening_paisa, closing_paisa.
    Errors: UnknownSource, StatementTooLarge.
    """
    with database.read() as connection:
        source = source_coded(connection, ibc_id, source_code)
    try:
        sha256, byte_count = files.keep(chunks, STATEMENT_BYTES_MAX)
    except FileTooLarge:
        raise StatementTooLarge(
            f"the file is larger than STATEMENT_BYTES_MAX = {STATEMENT_BYTES_MAX}"
        ) from None
    row = {
        "ibc_id": ibc_id,
        "id": derived_id("statement_file", ibc_id, source.id, sha256),
        "source_id": source.id,
        "sha256": sha256,
        "byte_count": byte_count,
        "sent_by": author_id,
        "sent_at": now,
        "said": orjson.dumps(dict(said)).decode(),
        "state": WAITING,
        "attempt": 0,
        "beat_at": None,
        "lines_read": 0,
        "lines_stored": 0,
        "lines_repeated": 0,
        "faults": "[]",
        "statement_ids": "[]",
        "ended_at": None,
    }

    def remember(connection: Connection) -> None:
        insert_rows(connection, StatementFile.__table__, [row], on_conflict="ignore")
        # A file that was refused may stand now: the mapping, or what is said beside it, may be another.
        connection.execute(
            text(
                "UPDATE statement_files SET state = 'waiting', said = :said, sent_by = :sent_by, "
                "sent_at = :sent_at, faults = '[]', ended_at = NULL "
                "WHERE ibc_id = :ibc_id AND id = :id AND state = 'refused'"
            ),
            {name: row[name] for name in ("said", "sent_by", "sent_at", "ibc_id", "id")},
        )

    database.transact(remember)
    return show(database, ibc_id, str(row["id"]))


def show(database: Database, ibc_id: str, file_id: str) -> FileRow:
    """How far a file has come. Errors: UnknownStatementFile."""
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT f.*, s.code AS source FROM statement_files f "
            "JOIN statement_sources s ON s.ibc_id = f.ibc_id AND s.id = f.source_id "
            "WHERE f.ibc_id = :ibc_id AND f.id = :id",
            ibc_id=ibc_id,
            id=file_id,
        )
    if not found:
        raise UnknownStatementFile(f"there is no statement file {file_id}")
    row: dict[str, Any] = found[0]._asdict()
    return row


def read_one(
    database: Database,
    files: Files,
    ibc_id: str,
    file_id: str,
    *,
    clock: Callable[[], Milliseconds],
    tell: Tell = in_silence,
) -> FileRow:
    """Read a file that waits, unless somebody does; returns how far it has come."""
    attempt = database.transact(lambda c: _begin(c, ibc_id, file_id, clock()))
    if attempt is not None:
        read_into_tables(database, files, ibc_id, file_id, attempt=attempt, clock=clock, tell=tell)
    return show(database, ibc_id, file_id)


def read_waiting(
    database: Database, files: Files, ibc_id: str, *, clock: Callable[[], Milliseconds]
) -> int:
    """Read every file that waits or whose reader died; returns how many were begun."""
    begun = 0
    for file_id in waiting(database, clock()).get(ibc_id, [])[:FILES_MAX]:
        read_one(database, files, ibc_id, file_id, clock=clock)
        begun += 1
    return begun


def waiting(database: Database, now: Milliseconds) -> dict[str, list[str]]:
    """IBC → its files that nobody reads, the oldest first."""
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT ibc_id, id FROM statement_files WHERE state = 'waiting' "
            "OR (state = 'reading' AND beat_at < :silent) ORDER BY sent_at, id",
            silent=now - SILENT_AFTER_MS,
        )
    files: dict[str, list[str]] = {}
    for row in found:
        files.setdefault(row.ibc_id, []).append(row.id)
    return files


def _begin(connection: Connection, ibc_id: str, file_id: str, now: Milliseconds) -> int | None:
    """Become the one who reads this source's files; None when somebody else is at it, or it is done."""
    found = fetch(
        connection,
        "SELECT f.attempt, f.state, f.beat_at, f.source_id FROM statement_files f "
        "WHERE f.ibc_id = :ibc_id AND f.id = :id",
        ibc_id=ibc_id,
        id=file_id,
    )
    if not found or found[0].state in (STORED, REFUSED):
        return None
    silent = now - SILENT_AFTER_MS
    # Whoever of this source is silent has died; its file waits again.
    connection.execute(
        text(
            "UPDATE statement_files SET state = 'waiting' WHERE ibc_id = :ibc_id "
            "AND source_id = :source_id AND state = 'reading' AND beat_at < :silent"
        ),
        {"ibc_id": ibc_id, "source_id": found[0].source_id, "silent": silent},
    )
    begun = connection.execute(
        text(
            "UPDATE statement_files SET state = 'reading', attempt = attempt + 1, beat_at = :now, "
            "lines_read = 0, lines_stored = 0, lines_repeated = 0 "
            "WHERE ibc_id = :ibc_id AND id = :id AND state = 'waiting' AND NOT EXISTS "
            "(SELECT 1 FROM statement_files o WHERE o.ibc_id = :ibc_id "
            "AND o.source_id = :source_id AND o.state = 'reading')"
        ),
        {"now": now, "ibc_id": ibc_id, "id": file_id, "source_id": found[0].source_id},
    ).rowcount
    return int(found[0].attempt) + 1 if begun else None
