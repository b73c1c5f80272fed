"""`flask --app wsgi statement …`: statement files from the server's own disk."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson
from flask.cli import AppGroup
from rich.progress import Progress

from api.context import context
from api.statements import CHUNK_BYTES, kept_files
from api.upkeep import upkeep
from infra.catalogue import message
from infra.clock import now_ms
from infra.ids import derived_id
from sync import statement_files

OPERATOR = derived_id("operator")
"""Who sends in what is imported at the server itself."""

statement = AppGroup("statement", help="Statements of banks and agencies.")


@statement.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--ibc", "ibc_id", required=True, help="Whose statement it is.")
@click.option("--source", required=True, help="Code of the source that sent it.")
@click.option(
    "--statement-no", default=None, help="Number of the statement, when the file has none."
)
@click.option("--opening-paisa", type=int, default=None, help="When the file does not say it.")
@click.option("--closing-paisa", type=int, default=None, help="When the file does not say it.")
@upkeep
def import_command(path: Path, ibc_id: str, source: str, **said: Any) -> None:
    """Import a statement file; exit 1 with every reason and its line when it cannot stand."""
    database = context().database
    file = statement_files.take_in(
        database,
        kept_files(),
        ibc_id,
        source_code=source,
        chunks=_chunks(path),
        said={name: value for name, value in said.items() if value is not None},
        author_id=OPERATOR,
        now=now_ms(),
    )
    with Progress() as progress:
        bar = progress.add_task(f"Reading {path.name}", total=None)

        file = statement_files.read_one(
            database,
            kept_files(),
            ibc_id,
            file["id"],
            clock=now_ms,
            tell=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    for fault in orjson.loads(file["faults"]):
        where = f"line {fault['line']}" + (f", {fault['column']}" if "column" in fault else "")
        click.echo(f"{where}: {message(fault['error'])['en']}")
    click.echo(
        f"{file['state']}: {file['lines_read']} lines read, {file['lines_stored']} stored, "
        f"{file['lines_repeated']} known before"
    )
    sys.exit(0 if file["state"] == statement_files.STORED else 1)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
