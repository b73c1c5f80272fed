"""The operator's commands `backup` and `restore`: files that either database reads."""

from pathlib import Path

import click

from api.context import context
from api.upkeep import upkeep
from infra.clock import now_ms, rfc3339
from infra.database import fetch
from ledger.checks import verify
from models.migrations import commands as migrations
from sync import backup, restore

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--verify-books", is_flag=True, help="First check every invariant of the books.")
@upkeep
def backup_command(file: Path, *, verify_books: bool) -> None:
    """Write a copy of the database to FILE and read it back; work goes on meanwhile."""
    if verify_books:
        _verify_books()
    try:
        manifest = backup.take(context().database, file, now_ms())
    except backup.BackupDamaged as fact:
        raise click.ClickException(str(fact)) from fact
    row_count = sum(table.row_count for table in manifest.tables)
    click.echo(f"{file}  {row_count:,} rows, read back and whole; phones may forget what is in it")


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--replace", is_flag=True, help="Delete what the database holds now.")
@upkeep
def restore_command(file: Path, *, replace: bool) -> None:
    """Put the copy in FILE in the place of the database and begin a new epoch.

    Stop the web server and the workers first. What phones wrote since they offer again; what the
    office wrote since is to be done again.
    """
    database = context().parts.owners_database
    with database.write() as connection:
        migrations.upgrade(connection)
    try:
        manifest = restore.restore(database, file, replace=replace, now=now_ms())
    except (backup.BackupDamaged, restore.NotEmpty, restore.OtherSchema) as fact:
        raise click.ClickException(str(fact)) from fact
    click.echo(f"{file}  restored as of {rfc3339(manifest.taken_at)}, in a new epoch")


def _verify_books() -> None:
    with context().database.read() as connection:
        ids = [row.ibc_id for row in fetch(connection, "SELECT ibc_id FROM log_heads")]
        wrong = [ibc_id for ibc_id in ids if verify(connection, ibc_id)]
    if wrong:
        raise click.ClickException(
            f"the books of {', '.join(wrong)} do not verify; see `books verify`"
        )
