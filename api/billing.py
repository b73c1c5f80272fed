"""The operator's commands about billing's files: `import`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext
from rich.progress import Progress

from api.context import context
from infra.catalogue import message
from infra.clock import now_ms
from models.demo import IBC_CODE
from sync import billing_import, imports
from sync.seed import BILLING

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN_MAX = 50
"""Refused rows that the terminal shows; all of them are kept, and in `/import-files/…/refused`."""


@click.command("import")
@click.argument("kind", type=click.Choice(sorted(imports.BILLING_KEYS)))
@click.argument("file", type=FILE)
@click.option("--ibc", "ibc_id", default=IBC_CODE, show_default=True, help="Whose consumers.")
@with_appcontext
def import_command(kind: str, file: Path, ibc_id: str) -> None:
    """Take in a CSV FILE of billing's; after a break the same command goes on where it stopped."""
    entity = imports.ENTITIES_OF_BILLING[kind]
    try:
        with Progress() as progress:
            bar = progress.add_task(f"Importing {kind}s", total=None)
            report = billing_import.take_in(
                context().database,
                ibc_id,
                entity,
                file,
                name=file.name,
                author_id=BILLING,
                now=now_ms(),
                tell=lambda done, lines: progress.update(bar, completed=done, total=lines),
            )
    except billing_import.FileRefused as fact:
        said = message(fact.reason)
        raise click.ClickException(
            f"{file.name}, line {fact.line}: {said['en']} Nothing was stored."
        ) from fact
    context().ring("books", ibc_id)
    _say(report, ibc_id)
    sys.exit(1 if report["refused"] else 0)


def _say(report: Mapping[str, Any], ibc_id: str) -> None:
    with context().database.read() as connection:
        refused = billing_import.refusals(
            connection, ibc_id, report["id"], after=0, limit=SHOWN_MAX
        )
    for row in refused:
        for column, key in row["errors"].items():
            click.echo(f"line {row['line_no']}  {column}  {message(key)['en']}")
    counts = ("row_count", "stored", "unchanged", "refused", "padded")
    click.echo("  ".join(f"{name} {report[name]:,}" for name in counts))
