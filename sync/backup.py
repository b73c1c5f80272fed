"""A backup: one file for either database, written from one snapshot and read back before it counts (protocol 6)."""

import hashlib
import os
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Connection, Table, select

from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows
from infra.files import sync_folder
from models import Base
from models.backup import Backup, SafeHead
from models.migrations.commands import current_revision

FORMAT = 1
MANIFEST = "manifest.json"
LEFT_OUT = frozenset({"snapshots", "snapshot_parts", "safe_heads"})
"""What is made again from the rest."""
ROWS_IN_MEMORY = 2_000
CHUNK_BYTES = 1 << 20
ONLY_OWNER = 0o600
"""A backup holds receipt secrets and the hashes of PINs."""
TABLES = {table.name: table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT}


class BackupDamaged(Exception):
    """The file is not what was written, or is no backup; take another copy."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One table in the file."""

    name: str
    columns: list[str]
    row_count: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file says of itself."""

    format: int
    taken_at: Milliseconds
    revision: str | None
    heads: list[dict[str, Any]]
    """Where each IBC's log stood: ibc_id, epoch, seq, chain_hash."""
    tables: list[Contents]


def take(database: Database, path: Path, now: Milliseconds) -> Manifest:
    """Write a backup and read it back; from then on phones may forget what is in it.

    Errors: BackupDamaged when it cannot be read back as it was written.
    """
    draft = path.with_name(f"{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, ONLY_OWNER)
    # 1 Write it from one snapshot, beside which everybody goes on working.
    with os.fdopen(descriptor, "wb") as file, database.read() as connection:
        manifest = _write(connection, file, now)
        safe = safe_heads(connection)
        file.flush()
        os.fsync(file.fileno())
    # 2 Read it back.
    read_back = check(draft)
    if read_back != manifest:
        raise BackupDamaged(f"{draft} was not read back as it was written")
    draft.replace(path)
    sync_folder(path.absolute().parent)
    # 3 Only now is it a promise.
    database.transact(lambda connection: _promise(connection, manifest, safe, now))
    return manifest


def check(path: Path) -> Manifest:
    """Read all of a backup and compare it with its own manifest. Errors: BackupDamaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            said = orjson.loads(archive.read(MANIFEST))
            if said["format"] != FORMAT:
                raise BackupDamaged(
                    f"{path} has format {said['format']}; this program reads {FORMAT}"
                )
            tables = [Contents(**table) for table in said.pop("tables")]
            for table in tables:
                _check_table(archive, table)
            return Manifest(**said, tables=tables)
    except (zipfile.BadZipFile, KeyError, TypeError, EOFError, orjson.JSONDecodeError) as reason:
        raise BackupDamaged(f"{path} cannot be read as a backup: {reason!r}") from reason


def rows_of(archive: zipfile.ZipFile, table: Contents) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table in the file, some at a time."""
    rows: list[dict[str, Any]] = []
    with archive.open(_member(table.name)) as lines:
        for line in lines:
            rows.append(dict(zip(table.columns, orjson.loads(line), strict=True)))
            if len(rows) == ROWS_IN_MEMORY:
                yield rows
                rows = []
    if rows:
        yield rows


def safe_heads(connection: Connection) -> list[dict[str, Any]]:
    """How far each device's chain has come without a gap: what a copy of this moment makes safe."""
    rows = fetch(connection, "SELECT ibc_id, device_id, last_seq, missing FROM device_chains")
    return [
        {
            "ibc_id": row.ibc_id,
            "device_id": row.device_id,
            "safe_seq": min([row.last_seq, *(gap[0] - 1 for gap in orjson.loads(row.missing))]),
        }
        for row in rows
    ]


def keep_safe_heads(connection: Connection, safe: list[dict[str, Any]]) -> None:
    insert_rows(connection, SafeHead.__table__, safe, on_conflict="replace")


def _write(connection: Connection, file: IO[bytes], now: Milliseconds) -> Manifest:
    heads = fetch(
        connection, "SELECT ibc_id, epoch, seq, chain_hash FROM log_heads ORDER BY ibc_id"
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        tables = [_write_table(connection, archive, table) for table in TABLES.values()]
        manifest = Manifest(
            FORMAT, now, current_revision(connection), [row._asdict() for row in heads], tables
        )
        archive.writestr(MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    return manifest


def _write_table(connection: Connection, archive: zipfile.ZipFile, table: Table) -> Contents:
    hashed, row_count = hashlib.sha256(), 0
    rows = connection.execute(
        select(table)
        .order_by(*table.primary_key.columns)
        .execution_options(stream_results=True, max_row_buffer=ROWS_IN_MEMORY)
    )
    with archive.open(_member(table.name), "w", force_zip64=True) as member:
        for row in rows:
            line = orjson.dumps(list(row)) + b"\n"
            hashed.update(line)
            member.write(line)
            row_count += 1
    return Contents(table.name, [c.name for c in table.columns], row_count, hashed.hexdigest())


def _check_table(archive: zipfile.ZipFile, table: Contents) -> None:
    hashed = hashlib.sha256()
    with archive.open(_member(table.name)) as member:
        while chunk := member.read(CHUNK_BYTES):
            hashed.update(chunk)
    if hashed.hexdigest() != table.sha256:
        raise BackupDamaged(f"the rows of {table.name} are not what was written")


def _member(table_name: str) -> str:
    return f"{table_name}.ndjson"


def _promise(
    connection: Connection, manifest: Manifest, safe: list[dict[str, Any]], now: Milliseconds
) -> None:
    epochs = {row.epoch for row in fetch(connection, "SELECT epoch FROM log_heads")}
    if epochs != {head["epoch"] for head in manifest.heads}:
        raise BackupDamaged("the database was restored while it was copied; take another copy")
    backups = [
        {
            "ibc_id": head["ibc_id"],
            "taken_at": manifest.taken_at,
            "log_seq": head["seq"],
            "verified_at": now,
        }
        for head in manifest.heads
    ]
    insert_rows(connection, Backup.__table__, backups, on_conflict="replace")
    keep_safe_heads(connection, safe)
