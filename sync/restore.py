"""A restore: yesterday's rows in a new epoch, whose first exchange brings back what phones still hold (ruling 24)."""

import secrets
import zipfile
from pathlib import Path

from sqlalchemy import Connection, text

from auth.blocks import skip_prefixes
from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows
from ledger.chain import restore_link
from models import Base
from models.backup import Restore
from models.migrations.commands import current_revision
from models.migrations.triggers import (
    drop_trigger_statements,
    later_statements,
    trigger_statements,
)
from sync.backup import (
    TABLES,
    BackupDamaged,
    Manifest,
    check,
    keep_safe_heads,
    rows_of,
    safe_heads,
)


class NotEmpty(Exception):
    """The database holds rows; restore into an empty one, or say --replace and lose them."""


class OtherSchema(Exception):
    """The backup was taken by a program with another schema; restore it with that one."""


def restore(database: Database, path: Path, *, replace: bool, now: Milliseconds) -> Manifest:
    """Put a backup in the place of what is there, in one transaction; begins a new epoch.

    Errors: BackupDamaged, NotEmpty, OtherSchema; then nothing has changed.
    """
    manifest = check(path)
    database.transact(lambda connection: _restore(connection, path, manifest, replace, now))
    return manifest


def _restore(
    connection: Connection, path: Path, manifest: Manifest, replace: bool, now: Milliseconds
) -> None:
    # 1 Is this the place for it?
    revision = current_revision(connection)
    if revision != manifest.revision:
        raise OtherSchema(f"the backup has schema {manifest.revision}, the database {revision}")
    if {contents.name for contents in manifest.tables} != set(TABLES):
        raise BackupDamaged(f"{path} does not hold the tables of this schema")
    if not replace and (name := _first_filled(connection)):
        raise NotEmpty(f"{name} holds rows; restore into an empty database, or say --replace")

    # 2 The rows. The triggers that keep them stand aside: an entry may lie across two chunks.
    dialect = connection.dialect.name
    if dialect != "sqlite":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    for statement in drop_trigger_statements(dialect):
        connection.exec_driver_sql(statement)
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(table.delete())
    with zipfile.ZipFile(path) as archive:
        for contents in manifest.tables:
            for rows in rows_of(archive, contents):
                insert_rows(connection, TABLES[contents.name], rows)
    for statement in [*trigger_statements(dialect), *later_statements(dialect)]:
        connection.exec_driver_sql(statement)

    # 3 A new life: another epoch, another segment of the chain, other receipt numbers.
    _begin_epoch(connection, now)
    skip_prefixes(connection, now=now)
    keep_safe_heads(connection, safe_heads(connection))


def _first_filled(connection: Connection) -> str | None:
    for table in Base.metadata.sorted_tables:
        if fetch(connection, f"SELECT 1 FROM {table.name} LIMIT 1"):
            return table.name
    return None


def _begin_epoch(connection: Connection, now: Milliseconds) -> None:
    epoch = secrets.token_hex(8)
    # In their order whatever the clock says: the chain goes through them one by one.
    latest = fetch(connection, "SELECT max(restored_at) AS at FROM restores")[0].at
    restored_at = max(now, (latest or 0) + 1)
    for head in fetch(connection, "SELECT ibc_id, epoch, seq, chain_hash FROM log_heads"):
        begun = restore_link(head.chain_hash, head.seq, epoch)
        row = {
            "ibc_id": head.ibc_id,
            "epoch": epoch,
            "epoch_before": head.epoch,
            "log_seq": head.seq,
            "restored_at": restored_at,
            "hash": begun,
        }
        insert_rows(connection, Restore.__table__, [row])
        connection.execute(
            text("UPDATE log_heads SET epoch = :epoch, chain_hash = :hash WHERE ibc_id = :ibc_id"),
            {"epoch": epoch, "hash": begun, "ibc_id": head.ibc_id},
        )
