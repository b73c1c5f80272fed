"""M14: the log's chain and the books' chain, followed from their beginning in bounded memory."""

from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch
from infra.ids import digest
from ledger.chain import GENESIS, entry_link, link, restore_link
from ledger.findings import NAMED_MAX, Finding
from ledger.prefetch import read_entries

STEP = 1_000
"""Links or entries in memory at once."""


def log_chain_verifies(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """Every log row is in a link, and every link follows from the one before it."""
    restores = _restores(connection, ibc_id)
    previous, last = (yield from _after_restores(restores[0], GENESIS)), 0
    while True:
        links = fetch(
            connection,
            "SELECT first_seq, last_seq, hash FROM chain_links WHERE ibc_id = :ibc_id "
            f"AND first_seq > :last ORDER BY first_seq LIMIT {STEP}",
            ibc_id=ibc_id,
            last=last,
        )
        if not links:
            break
        for each in links:
            if each.first_seq != last + 1:
                what = f"Log rows {last + 1} to {each.first_seq - 1} are in no link of the chain."
                yield Finding("M14", f"log row {last + 1}", what)
            items = fetch(
                connection,
                "SELECT body_hash, outcome, author_id FROM mutations WHERE ibc_id = :ibc_id "
                "AND seq BETWEEN :first AND :last ORDER BY seq",
                ibc_id=ibc_id,
                first=each.first_seq,
                last=each.last_seq,
            )
            if link(previous, each.first_seq, [tuple(item) for item in items]) != each.hash:
                rows = f"log rows {each.first_seq} to {each.last_seq}"
                yield Finding("M14", rows, "The link does not follow from what the log holds.")
            # Go on from what is stored: one broken link is one finding, not all after it.
            last = each.last_seq
            previous = yield from _after_restores(restores[last], each.hash)
    yield from _head_is_the_last_link(connection, ibc_id, previous, last)
    yield from _bodies_have_their_hashes(connection, ibc_id)


def _restores(connection: Connection, ibc_id: str) -> dict[int, list[Any]]:
    """Log position → the restores that ended there, in their order."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in fetch(
        connection,
        "SELECT log_seq, epoch, hash FROM restores WHERE ibc_id = :ibc_id "
        "ORDER BY log_seq, restored_at",
        ibc_id=ibc_id,
    ):
        found[row.log_seq].append(row)
    return found


def _after_restores(restores: Sequence[Any], previous: str) -> Generator[Finding, None, str]:
    """What the next link follows when the log was restored here: each restore begins a segment."""
    for each in restores:
        if restore_link(previous, each.log_seq, each.epoch) != each.hash:
            what = f"The restore that began epoch {each.epoch} does not follow from the log."
            yield Finding("M14", f"log row {each.log_seq}", what)
        previous = each.hash
    return previous


def _head_is_the_last_link(
    connection: Connection, ibc_id: str, chain_hash: str, last: int
) -> Iterator[Finding]:
    for head in fetch(
        connection, "SELECT seq, chain_hash FROM log_heads WHERE ibc_id = :ibc_id", ibc_id=ibc_id
    ):
        if (head.seq, head.chain_hash) != (last, chain_hash):
            what = f"The head says {head.seq} and the last link ends at {last}, or their hashes differ."
            yield Finding("M14", "log head", what)


def _bodies_have_their_hashes(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    after = 0
    while rows := fetch(
        connection,
        "SELECT seq, body, body_hash FROM mutations WHERE ibc_id = :ibc_id AND seq > :after "
        f"ORDER BY seq LIMIT {STEP}",
        ibc_id=ibc_id,
        after=after,
    ):
        for row in rows:
            if digest(row.body) != row.body_hash:
                yield Finding("M14", f"log row {row.seq}", "The body is not what its hash says.")
        after = rows[-1].seq


def books_chain_verifies(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """Every entry has the next number and the hash of its content and of the entry before it."""
    previous, last, found = GENESIS, 0, 0
    while found < NAMED_MAX:
        window = "e.seq > :last AND e.seq <= :through"
        through = _through(connection, ibc_id, last)
        if through is None:
            break
        stored = {
            row.seq: row
            for row in fetch(
                connection,
                "SELECT e.seq, e.posted_at, e.prev_hash, e.hash FROM entries e "
                f"WHERE e.ibc_id = :ibc_id AND {window}",
                ibc_id=ibc_id,
                last=last,
                through=through,
            )
        }
        for draft in read_entries(connection, ibc_id, window, last=last, through=through):
            row = stored[draft.seq]
            if draft.seq != last + 1:
                found += 1
                what = f"Entries {last + 1} to {draft.seq - 1} are missing."
                yield Finding("M14", f"entry {last + 1}", what)
            if row.prev_hash != previous or row.hash != entry_link(
                previous, draft.content(row.posted_at)
            ):
                found += 1
                yield Finding("M14", f"entry {draft.seq}", "The entry is not what was chained.")
            previous, last = row.hash, draft.seq
    yield from _offset_is_the_last_entry(connection, ibc_id, previous, last)


def _through(connection: Connection, ibc_id: str, last: int) -> int | None:
    """Where the next step ends."""
    rows = fetch(
        connection,
        "SELECT MAX(seq) AS through FROM (SELECT seq FROM entries WHERE ibc_id = :ibc_id "
        f"AND seq > :last ORDER BY seq LIMIT {STEP}) AS step",
        ibc_id=ibc_id,
        last=last,
    )
    through = rows[0].through
    return None if through is None else int(through)


def _offset_is_the_last_entry(
    connection: Connection, ibc_id: str, chain_hash: str, last: int
) -> Iterator[Finding]:
    for offset in fetch(
        connection,
        "SELECT entry_seq, chain_hash FROM books_offsets WHERE ibc_id = :ibc_id",
        ibc_id=ibc_id,
    ):
        if (offset.entry_seq, offset.chain_hash) != (last, chain_hash):
            what = f"The books' offset says entry {offset.entry_seq}; the last one found is {last}."
            yield Finding("M14", "books offset", what)
