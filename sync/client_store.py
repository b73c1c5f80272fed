"""What a phone keeps: its keys and place, its outbox, and the records that it has been sent."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from sync.client_facts import FIRST_PREV, Frozen

TABLES = """
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outbox (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, entity TEXT NOT NULL, record_id TEXT NOT NULL,
  body BLOB NOT NULL, hash TEXT NOT NULL, outcome TEXT) STRICT;
CREATE INDEX IF NOT EXISTS ix_outbox_waiting ON outbox (record_id) WHERE outcome IS NULL;
CREATE TABLE IF NOT EXISTS records (
  entity TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (entity, id)) STRICT;
CREATE TABLE IF NOT EXISTS chunks (
  sha256 TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sha256, at)) STRICT;
"""
FROZEN = "SELECT seq, id, entity, record_id, body, hash FROM outbox"

Row = dict[str, Any]
"""A record as the wire has it, by field name."""


class Store:
    """A phone's own database, in a file or in memory; what `saving` holds is saved whole or not at all."""

    def __init__(self, path: str = ":memory:") -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(TABLES)

    @contextmanager
    def saving(self) -> Iterator[None]:
        """One transaction; inside another it is part of that one."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def close(self) -> None:
        self._database.close()

    def keep(self, name: str, value: Any) -> None:
        """Keep a value of JSON under a name."""
        self._database.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, orjson.dumps(value).decode())
        )

    def kept(self, name: str, otherwise: Any = None) -> Any:
        found = self._database.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return orjson.loads(found[0]) if found else otherwise

    # The outbox

    def chain_end(self) -> tuple[int, str]:
        """The number and the hash of the last mutation that was ever saved here."""
        seq, last_hash = self.kept("chain_end", (0, FIRST_PREV))
        return seq, last_hash

    def append(self, mutation: Frozen) -> None:
        """Save a mutation at the end of the chain."""
        with self.saving():
            self._database.execute(
                "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (
                    mutation.seq,
                    mutation.id,
                    mutation.entity,
                    mutation.record_id,
                    mutation.body,
                    mutation.hash,
                ),
            )
            self.keep("chain_end", (mutation.seq, mutation.hash))

    def waiting(self, held_back: frozenset[int] = frozenset()) -> list[Frozen]:
        """What has no outcome yet, in order, but for the numbers that are held back."""
        rows = self._database.execute(f"{FROZEN} WHERE outcome IS NULL ORDER BY seq")
        return [Frozen(*row) for row in rows if row[0] not in held_back]

    def pending(self) -> int:
        """How many mutations have no outcome yet."""
        found = self._database.execute("SELECT count(*) FROM outbox WHERE outcome IS NULL")
        return int(found.fetchone()[0])

    def outcomes(self) -> dict[int, Row]:
        """The outcomes that have been told, by number."""
        rows = self._database.execute("SELECT seq, outcome FROM outbox WHERE outcome IS NOT NULL")
        return {seq: orjson.loads(outcome) for seq, outcome in rows}

    def note_outcome(self, seq: int, outcome: Row) -> None:
        self._database.execute(
            "UPDATE outbox SET outcome = ? WHERE seq = ?", (orjson.dumps(outcome).decode(), seq)
        )

    def offer_again(self, numbers: Iterable[int]) -> None:
        """The server does not have these: they wait once more."""
        self._database.executemany(
            "UPDATE outbox SET outcome = NULL WHERE seq = ?", [(number,) for number in numbers]
        )

    def offer_again_after(self, safe_seq: int) -> None:
        """What a verified backup does not hold waits once more (protocol, step 6)."""
        self._database.execute("UPDATE outbox SET outcome = NULL WHERE seq > ?", (safe_seq,))

    def forget_safe(self, safe_seq: int) -> None:
        """Let go of what is in a verified backup."""
        self._database.execute(
            "DELETE FROM outbox WHERE seq <= ? AND outcome IS NOT NULL", (safe_seq,)
        )

    # The records

    def put(self, entity: str, rows: Sequence[Row]) -> None:
        self._database.executemany(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
            [(entity, row["id"], orjson.dumps(row).decode()) for row in rows],
        )

    def drop(self, entity: str, ids: Iterable[str]) -> None:
        self._database.executemany(
            "DELETE FROM records WHERE entity = ? AND id = ?",
            [(entity, record_id) for record_id in ids],
        )

    def forget_everything(self) -> None:
        """Delete all that was ever kept here."""
        with self.saving():
            for table in ("records", "outbox", "kept"):
                self._database.execute(f"DELETE FROM {table}")

    def drop_all(self) -> None:
        self._database.execute("DELETE FROM records")

    def row(self, entity: str, record_id: str) -> Row | None:
        """A record as it was sent or acknowledged, without what is still waiting."""
        found = self._database.execute(
            "SELECT body FROM records WHERE entity = ? AND id = ?", (entity, record_id)
        ).fetchone()
        row: Row | None = orjson.loads(found[0]) if found else None
        return row

    def rows(self, entity: str) -> list[Row]:
        """All records of an entity, by id."""
        found = self._database.execute(
            "SELECT body FROM records WHERE entity = ? ORDER BY id", (entity,)
        )
        return [orjson.loads(body) for (body,) in found]

    def contents(self) -> Mapping[tuple[str, str], Row]:
        """Everything, by entity and id."""
        found = self._database.execute("SELECT entity, id, body FROM records")
        return {(entity, record_id): orjson.loads(body) for entity, record_id, body in found}

    def versions(self) -> Iterator[tuple[str, str, int]]:
        """Entity, id and version of every record."""
        yield from self._database.execute(
            "SELECT entity, id, json_extract(body, '$.version') FROM records"
        )

    # The first download

    def part_bytes(self, sha256: str) -> int:
        """How many bytes of a file have come."""
        found = self._database.execute(
            "SELECT coalesce(max(at + length(body)), 0) FROM chunks WHERE sha256 = ?", (sha256,)
        )
        return int(found.fetchone()[0])

    def keep_chunk(self, sha256: str, at: int, body: bytes) -> None:
        """Keep bytes of a file; what begins at 0 begins it anew."""
        with self.saving():
            if at == 0:
                self.forget_part(sha256)
            self._database.execute("INSERT INTO chunks VALUES (?, ?, ?)", (sha256, at, body))

    def part(self, sha256: str) -> bytes:
        """The bytes of a file that have come."""
        found = self._database.execute(
            "SELECT body FROM chunks WHERE sha256 = ? ORDER BY at", (sha256,)
        )
        return b"".join(body for (body,) in found)

    def forget_part(self, sha256: str) -> None:
        self._database.execute("DELETE FROM chunks WHERE sha256 = ?", (sha256,))

    def forget_parts(self) -> None:
        self._database.execute("DELETE FROM chunks")

    def edits_waiting(self, entity: str, record_id: str) -> list[Frozen]:
        """What this phone has saved about a record and the server has not answered yet."""
        rows = self._database.execute(
            f"{FROZEN} WHERE entity = ? AND record_id = ? AND outcome IS NULL ORDER BY seq",
            (entity, record_id),
        )
        return [Frozen(*row) for row in rows]
