"""Is a phone equal to the server? Counts and digests in buckets, and whole buckets to repair (protocol 9)."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from infra.database import any_of, element, fetch, listed
from infra.limits import PAGE_BYTES_MAX, PAGE_CHANGES_MAX
from sync.cursor import Key, read_cursor
from sync.pull import FeedRow, Reader, changes_json, views_of
from sync.scoped import scoped

BUCKETS = 64
BUCKET_BITS = 6
DIGEST_BYTES = 16
ROWS_IN_MEMORY = 5_000
NEVER = Key(0, 0, 0)
"""Rows of a repair have no place in the order of delivery."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many records fall into a bucket, and the XOR of their digests in hex."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What is not equal, and rows that make it so."""

    epoch: str
    differ: Sequence[int]
    sent: Sequence[int]
    """Buckets whose every row is in `changes`; what else the phone holds there it drops."""
    changes: bytes

    @property
    def more(self) -> bool:
        return len(self.sent) < len(self.differ)


def bucket_of(record_id: str) -> int:
    """The first six bits of the SHA-256 of the id."""
    return hashlib.sha256(record_id.encode()).digest()[0] >> (8 - BUCKET_BITS)


def buckets_of(records: Iterable[tuple[str, str, int]]) -> list[Bucket]:
    """The buckets of (entity, record id, version), in any order, each record once."""
    counts = [0] * BUCKETS
    sums = [0] * BUCKETS
    for entity, record_id, version in records:
        bucket = bucket_of(record_id)
        content = f"{entity}/{record_id}/{version}".encode()
        counts[bucket] += 1
        sums[bucket] ^= int.from_bytes(hashlib.sha256(content).digest()[:DIGEST_BYTES], "big")
    return [
        Bucket(count, f"{total:0{2 * DIGEST_BYTES}x}")
        for count, total in zip(counts, sums, strict=True)
    ]


def compare(
    connection: Connection,
    reader: Reader,
    *,
    epoch: str | None,
    cursor: str | None,
    held: Sequence[Bucket],
    unknown: Collection[str] = (),
) -> Compared:
    """Compare what the phone holds with what it may see, in one snapshot. Errors: NotACursor.

    `unknown` are entities that an earlier version has not heard of: they are left out.

    Another epoch has other versions: nothing is said but the epoch, and the phone pulls anew.
    """
    current, _log_seq, views = views_of(connection, reader)
    if epoch != current:
        return Compared(current, (), (), b"{}")
    at = read_cursor(cursor) if cursor else None
    # A scope that the phone is still leaving keeps its rows until they are dropped (protocol 5).
    leaving = {scope for scope, _ in at.leaving} if at and at.epoch == current else set()
    scopes = [view.scope for view in views if view.held or view.scope in leaving]
    visible = _shown(connection, reader.ibc_id, scopes)
    if unknown:
        visible = (record for record in visible if record[0] not in unknown)
    shown = buckets_of(visible)
    differ = [n for n, (ours, theirs) in enumerate(zip(shown, held, strict=True)) if ours != theirs]
    sent = _fitting(shown, differ)
    rows = _rows(connection, reader.ibc_id, scopes, set(sent)) if sent else []
    fitting = _first_whole(rows, sent)
    kept = [row for row in rows if bucket_of(row.record_id) in fitting]
    return Compared(current, differ, fitting, changes_json(kept, set()))


def _shown(
    connection: Connection, ibc_id: str, scopes: Sequence[str]
) -> Iterable[tuple[str, str, int]]:
    """Each record that the scopes show, once, with its version; streamed."""
    version = element(connection, "body", 1)
    found = connection.execute(
        text(
            f"{scoped(connection, f'entity, record_id, max({version})')} "
            "AND body IS NOT NULL GROUP BY entity, record_id"
        ).execution_options(stream_results=True, max_row_buffer=ROWS_IN_MEMORY),
        {"ibc_id": ibc_id, "scopes": listed(connection, scopes)},
    )
    return ((row[0], row[1], row[2]) for row in found)


def _fitting(shown: Sequence[Bucket], differ: Sequence[int]) -> list[int]:
    """The first buckets that fit into a page by count; one always does."""
    total, fitting = 0, list[int]()
    for bucket in differ:
        total += shown[bucket].count
        if fitting and total > PAGE_CHANGES_MAX:
            break
        fitting.append(bucket)
    return fitting


def _rows(
    connection: Connection, ibc_id: str, scopes: Sequence[str], buckets: set[int]
) -> list[FeedRow]:
    """The rows of these buckets; where two scopes show one record, the later row stands last."""
    ids = [
        row.record_id
        for row in fetch(
            connection,
            f"{scoped(connection, 'DISTINCT record_id')} AND body IS NOT NULL",
            ibc_id=ibc_id,
            scopes=listed(connection, scopes),
        )
        if bucket_of(row.record_id) in buckets
    ]
    found = fetch(
        connection,
        f"{scoped(connection, 'entity, record_id, body')} AND body IS NOT NULL "
        f"AND {any_of(connection, 'record_id', 'ids')} ORDER BY seq, n",
        ibc_id=ibc_id,
        ids=listed(connection, ids),
        scopes=listed(connection, scopes),
    )
    return [FeedRow(*NEVER, row.entity, row.record_id, row.body, None) for row in found]


def _first_whole(rows: Sequence[FeedRow], buckets: Sequence[int]) -> list[int]:
    """The first buckets whose rows fit into a page by bytes; one always does."""
    sizes = dict.fromkeys(buckets, 0)
    for row in rows:
        sizes[bucket_of(row.record_id)] += len(row.body or "")
    total, fitting = 0, list[int]()
    for bucket in buckets:
        total += sizes[bucket]
        if fitting and total > PAGE_BYTES_MAX:
            break
        fitting.append(bucket)
    return fitting


__all__ = ["BUCKETS", "Bucket", "Compared", "bucket_of", "buckets_of", "compare"]
