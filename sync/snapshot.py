"""First downloads: a scope's feed as immutable files, shared by every device that holds the scope (protocol 8)."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from infra.files import Files
from infra.limits import PART_BYTES_MAX, PART_ROWS_MAX
from models.snapshot import Snapshot, SnapshotPart
from sync.cursor import BEFORE_ALL, BEGINNING, Cursor, Position
from sync.pull import HEADERS, Reader, views_of
from sync.scoped import scoped

SNAPSHOT_ROWS_MIN = 500
"""A smaller scope is a page or two of a pull: no files are made for it."""
CHANGED_FIFTH = 5
"""A snapshot is made anew once more than a fifth of its rows have changed since."""
KEPT_MS = 24 * 3600 * 1000
"""How long a part may still be fetched by whoever holds the manifest that names it."""
PACKING_LEVEL = 9
"""Packed once, sent to every phone of the scope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a manifest."""

    sha256: str
    byte_count: int
    record_count: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a phone loads first, in this order, and the cursor with which it goes on."""

    epoch: str
    cursor: str
    parts: Sequence[Part]


def manifest_for(connection: Connection, reader: Reader) -> Manifest:
    """The newest parts of every scope that the reader holds; what has none is left to the pull.

    Older snapshots come first: a record that moved between two scopes ends as the newer has it.
    """
    epoch, log_seq, views = views_of(connection, reader)
    rows = fetch(
        connection,
        "SELECT p.scope, p.seq, p.n, p.sha256, p.byte_count, p.record_count FROM snapshots s "
        "JOIN snapshot_parts p ON p.ibc_id = s.ibc_id AND p.scope = s.scope "
        "AND p.seq = s.seq AND p.n = s.n "
        "WHERE s.ibc_id = :ibc_id AND s.replaced_at IS NULL "
        f"AND {any_of(connection, 's.scope', 'scopes')} ORDER BY p.seq, p.n, p.scope, p.part_no",
        ibc_id=reader.ibc_id,
        scopes=listed(connection, [view.scope for view in views if view.held]),
    )
    loaded = {row.scope: Position(row.seq, row.n) for row in rows}
    parts = [
        Part(sha256=row.sha256, byte_count=row.byte_count, record_count=row.record_count)
        for row in rows
    ]
    cursor = Cursor(epoch, BEGINNING, log_seq, loaded=tuple(loaded.items()))
    return Manifest(epoch, str(cursor), parts)


def may_fetch(connection: Connection, reader: Reader, sha256: str) -> bool:
    """Whether the file is a part of a scope that the reader holds now."""
    _epoch, _log_seq, views = views_of(connection, reader)
    rows = fetch(
        connection,
        "SELECT 1 FROM snapshot_parts WHERE ibc_id = :ibc_id AND sha256 = :sha256 "
        f"AND {any_of(connection, 'scope', 'scopes')} LIMIT 1",
        ibc_id=reader.ibc_id,
        sha256=sha256,
        scopes=listed(connection, [view.scope for view in views if view.held]),
    )
    return bool(rows)


def renew(database: Database, files: Files, ibc_id: str, now: Milliseconds) -> int:
    """Make the snapshots that are due in an IBC; returns how many. Twice at once is only wasteful."""
    with database.read() as connection:
        scopes = sorted({*_due(connection, ibc_id), *_lost(connection, files, ibc_id)})
    for scope in scopes:
        _make(database, files, ibc_id, scope, now)
    return len(scopes)


def sweep(database: Database, files: Files, now: Milliseconds) -> int:
    """Delete snapshots replaced a day ago, and files that none names; returns how many files."""
    database.transact(lambda connection: _forget_replaced(connection, now - KEPT_MS))
    old = list(files.older_than(now - KEPT_MS))
    with database.read() as connection:
        # Read after the files were listed: a part is named before its file is a day old.
        rows = fetch(connection, "SELECT DISTINCT sha256 FROM snapshot_parts")
    unnamed = set(old) - {row.sha256 for row in rows}
    for name in unnamed:
        files.delete(name)
    return len(unnamed)


def _due(connection: Connection, ibc_id: str) -> list[str]:
    """Scopes that somebody holds, that are large enough, and whose snapshot is missing or old."""
    rows = fetch(
        connection,
        "SELECT h.scope, s.seq, s.n, s.record_count FROM scope_heads h "
        "LEFT JOIN snapshots s ON s.ibc_id = h.ibc_id AND s.scope = h.scope "
        "AND s.replaced_at IS NULL "
        "WHERE h.ibc_id = :ibc_id AND (s.seq IS NULL OR (h.seq, h.n) > (s.seq, s.n)) "
        "AND EXISTS (SELECT 1 FROM grants g WHERE g.ibc_id = h.ibc_id AND g.scope = h.scope "
        "AND g.state = 'held') ORDER BY h.scope",
        ibc_id=ibc_id,
    )
    due = []
    for row in rows:
        at = BEFORE_ALL if row.seq is None else Position(row.seq, row.n)
        needed = SNAPSHOT_ROWS_MIN if row.seq is None else row.record_count // CHANGED_FIFTH + 1
        if _moved(connection, ibc_id, row.scope, at, needed):
            due.append(row.scope)
    return due


def _lost(connection: Connection, files: Files, ibc_id: str) -> list[str]:
    """Scopes of whose snapshot a file is gone: a folder that was emptied fills itself again."""
    rows = fetch(
        connection,
        "SELECT p.scope, p.sha256 FROM snapshots s JOIN snapshot_parts p ON p.ibc_id = s.ibc_id "
        "AND p.scope = s.scope AND p.seq = s.seq AND p.n = s.n "
        "WHERE s.ibc_id = :ibc_id AND s.replaced_at IS NULL",
        ibc_id=ibc_id,
    )
    return [row.scope for row in rows if files.find(row.sha256) is None]


def _moved(connection: Connection, ibc_id: str, scope: str, at: Position, needed: int) -> bool:
    """Whether at least so many rows stand after the position; looks at no more of the index."""
    rows = fetch(
        connection,
        f"SELECT count(*) AS n FROM ({scoped(connection, '1', scope='scope')} "
        "AND (seq, n) > (:seq, :n) LIMIT :needed) AS moved",
        ibc_id=ibc_id,
        scope=scope,
        seq=at.seq,
        n=at.n,
        needed=needed,
    )
    return bool(rows[0].n >= needed)


def _make(database: Database, files: Files, ibc_id: str, scope: str, now: Milliseconds) -> None:
    """Write the parts first, then say that they are there: a manifest never names what is not."""
    with database.read() as connection:
        head = fetch(
            connection,
            "SELECT seq, n FROM scope_heads WHERE ibc_id = :ibc_id AND scope = :scope",
            ibc_id=ibc_id,
            scope=scope,
        )[0]
        parts = [
            Part(sha256=files.put(packed), byte_count=len(packed), record_count=record_count)
            for packed, record_count in _packed(connection, ibc_id, scope)
        ]
    at = Position(head.seq, head.n)
    database.transact(lambda connection: _name(connection, ibc_id, scope, at, parts, now))


def _packed(connection: Connection, ibc_id: str, scope: str) -> Iterator[tuple[bytes, int]]:
    """The scope's rows in the order of the feed, part by part: a header a kind, then its rows."""
    rows: list[tuple[str, str]] = []
    byte_count = 0
    found = connection.execute(
        text(
            f"{scoped(connection, 'entity, body', scope='scope')} "
            "AND body IS NOT NULL ORDER BY seq, n"
        ).execution_options(stream_results=True, max_row_buffer=PART_ROWS_MAX),
        {"ibc_id": ibc_id, "scope": scope},
    )
    for entity, body in found:
        size = len(body.encode()) + 1
        if len(rows) == PART_ROWS_MAX or (rows and byte_count + size > PART_BYTES_MAX):
            yield _pack(rows), len(rows)
            rows, byte_count = [], 0
        rows.append((entity, body))
        byte_count += size
    if rows:
        yield _pack(rows), len(rows)


def _pack(rows: Sequence[tuple[str, str]]) -> bytes:
    lines: list[str] = []
    for name, header in HEADERS.items():
        bodies = [body for entity, body in rows if entity == name]
        if bodies:
            lines += [f'{{"entity":"{name}","fields":{header}}}', *bodies]
    # Without a time inside, so that the same rows are the same file.
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), PACKING_LEVEL, mtime=0)


def _name(
    connection: Connection,
    ibc_id: str,
    scope: str,
    at: Position,
    parts: Sequence[Part],
    now: Milliseconds,
) -> None:
    key = {"ibc_id": ibc_id, "scope": scope, "seq": at.seq, "n": at.n}
    record_count = sum(part.record_count for part in parts)
    snapshot = {**key, "record_count": record_count, "made_at": now}
    # Two workers may have made the same one: the bytes are the same, and so are the rows.
    insert_rows(connection, Snapshot.__table__, [snapshot], on_conflict="ignore")
    insert_rows(
        connection,
        SnapshotPart.__table__,
        [
            {
                **key,
                "part_no": number,
                "sha256": part.sha256,
                "byte_count": part.byte_count,
                "record_count": part.record_count,
            }
            for number, part in enumerate(parts, 1)
        ],
        on_conflict="ignore",
    )
    connection.execute(
        text(
            "UPDATE snapshots SET replaced_at = :now WHERE ibc_id = :ibc_id AND scope = :scope "
            "AND replaced_at IS NULL AND (seq, n) < (SELECT seq, n FROM snapshots s "
            "WHERE s.ibc_id = :ibc_id AND s.scope = :scope ORDER BY s.seq DESC, s.n DESC LIMIT 1)"
        ),
        {"ibc_id": ibc_id, "scope": scope, "now": now},
    )


def _forget_replaced(connection: Connection, before: Milliseconds) -> None:
    old = fetch(
        connection,
        "SELECT ibc_id, scope, seq, n FROM snapshots WHERE replaced_at < :before",
        before=before,
    )
    for row in old:
        for table in ("snapshot_parts", "snapshots"):
            connection.execute(
                text(
                    f"DELETE FROM {table} WHERE ibc_id = :ibc_id AND scope = :scope "
                    "AND seq = :seq AND n = :n"
                ),
                row._asdict(),
            )
