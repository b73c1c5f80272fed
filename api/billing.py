"""The operator's commands about billing's files: `import`, and `billing export | answers | tie-out`."""

import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click
import orjson
from flask.cli import AppGroup
from rich.progress import Progress

from api.context import context
from api.upkeep import upkeep
from infra.catalogue import message
from infra.clock import now_ms
from models.demo import IBC_CODE
from sync import billing_answers, billing_export, billing_import, imports, tie_out
from sync.billing_rows import FileRefused, whole_file
from sync.seed import BILLING

billing = AppGroup("billing", help="Billing: what it is told, what it answers, what it holds owed.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
IBC = click.option("--ibc", "ibc_id", default=IBC_CODE, show_default=True, help="Whose books.")
SHOWN_MAX = 50
"""Refused rows that the terminal shows; all of them are kept, and in `/import-files/…/refused`."""


@click.command("import")
@click.argument("kind", type=click.Choice(sorted(imports.BILLING_KEYS)))
@click.argument("file", type=FILE)
@click.option("--ibc", "ibc_id", default=IBC_CODE, show_default=True, help="Whose consumers.")
@upkeep
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
    except FileRefused as fact:
        raise click.ClickException(_refusal(file, fact)) from fact
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


@billing.command("export")
@IBC
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), required=True)
@upkeep
def export_command(ibc_id: str, folder: Path) -> None:
    """Make the files that are due and write every file that FOLDER lacks, the same bytes as ever."""
    billing_export.make(context().database, ibc_id, author_id=BILLING, now=now_ms())
    folder.mkdir(parents=True, exist_ok=True)
    after = 0
    with context().database.read() as connection:
        while rows := billing_export.exports(connection, ibc_id, after=after, limit=SHOWN_MAX):
            for row in rows:
                path = folder / f"{ibc_id}-{row['file_no']:06d}.csv"
                if not path.exists():
                    _write_whole(path, billing_export.content(connection, ibc_id, row["file_no"]))
                    totals = f"{row['row_count']:,} rows  sha256 {row['sha256']}"
                    click.echo(f"{path}  {totals}")
            after = rows[-1]["file_no"]


@billing.command("answers")
@click.argument("file", type=FILE)
@IBC
@upkeep
def answers_command(file: Path, ibc_id: str) -> None:
    """Take in billing's answer FILE; exit 1 when some of its lines answer nothing that was sent."""
    try:
        raw = whole_file(file)
        row = context().database.transact(
            lambda c: billing_answers.take(c, ibc_id, raw, author_id=BILLING, now=now_ms())
        )
    except FileRefused as fact:
        raise click.ClickException(_refusal(file, fact)) from fact
    errors = orjson.loads(row["errors"])
    for line, key in errors.items():
        click.echo(f"line {line}  {message(key)['en']}")
    click.echo(f"accepted {row['accepted']:,}  rejected {row['rejected']:,}")
    sys.exit(1 if errors else 0)


@billing.command("tie-out")
@click.argument("file", type=FILE)
@click.option("--as-of", required=True, help="The date of billing's figures.")
@click.option("--export", "export_number", type=int, required=True, help="Our last file it had.")
@IBC
@upkeep
def tie_out_command(file: Path, as_of: str, export_number: int, ibc_id: str) -> None:
    """Hold billing's dues in FILE against the control account; exit 1 when something differs."""
    day = date.fromisoformat(as_of).isoformat()
    try:
        raw = whole_file(file)
        row = context().database.transact(
            lambda c: tie_out.tie_out(
                c,
                ibc_id,
                raw,
                as_of=day,
                export_number=export_number,
                author_id=BILLING,
                now=now_ms(),
            )
        )
    except FileRefused as fact:
        raise click.ClickException(_refusal(file, fact)) from fact
    with context().database.read() as connection:
        shown = tie_out.differences(connection, ibc_id, row["id"], after="", limit=SHOWN_MAX)
    for line in shown:
        click.echo(f"{line['account_no']}  {line['difference_paisa']:,} paisa  {line['cause']}")
    names = ("account_count", "billing_paisa", "ours_paisa", "unsent_paisa", "difference_count")
    click.echo("  ".join(f"{name} {row[name]:,}" for name in names))
    sys.exit(1 if row["difference_count"] else 0)


def _write_whole(path: Path, content: bytes) -> None:
    """A file is there whole or not at all: whoever watches the folder never takes half of one."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)


def _refusal(file: Path, fact: FileRefused) -> str:
    said = message(fact.reason)["en"]
    return f"{file.name}, line {fact.line}: {said} Nothing was stored."
