"""The operator's commands: `flask --app wsgi …`."""

import sys
from datetime import date
from pathlib import Path

import click
import orjson
from flask import Flask
from flask.cli import AppGroup
from rich.progress import Progress

from api.backups import backup_command, restore_command
from api.billing import billing, import_command
from api.context import context
from api.demo import demo_token, sign_in_lines
from api.evidence import evidence_command
from api.generated import write_generated
from api.statement_commands import statement
from api.upkeep import upkeep
from infra.clock import local_date, now_ms
from infra.database import fetch
from ledger.chain_checks import log_chain_verifies
from ledger.checks import verify
from models.migrations import commands as migrations
from sync.seed import seed
from sync.witness import contradictions

books = AppGroup("books", help="The books: check them, post what waits.")
log_group = AppGroup("log", help="The log: hold it against what devices have witnessed.")
demo = AppGroup("demo", help="The demonstration's people and tokens.")


def register(app: Flask) -> None:
    """Hang the commands on the application."""
    for command in (*DATA, billing, books, log_group, statement, demo, docs):
        app.cli.add_command(command)


@click.command()
@upkeep
def migrate() -> None:
    """Bring the database to the newest schema."""
    with context().parts.owners_database.write() as connection:
        migrations.upgrade(connection)


@click.command()
@click.option("-m", "message", required=True, help="What the revision does.")
@upkeep
def revision(message: str) -> None:
    """Write a new schema revision from the declarations."""
    with context().parts.owners_database.write() as connection:
        migrations.revise(connection, message)


@click.command("seed")
@click.option("--consumers", default=80_000, show_default=True, help="How many consumers.")
@click.option("--seed", "seed_number", default=1, show_default=True, help="Same seed, same data.")
@click.option("--date", "day", default=None, help="The day of the rounds; today when not given.")
@upkeep
def seed_command(consumers: int, seed_number: int, day: str | None) -> None:
    """Fill an empty database with the demonstration IBC."""
    now = now_ms()
    business_date = date.fromisoformat(day) if day else local_date(now, "Asia/Karachi")
    with Progress() as progress:
        bar = progress.add_task(f"Seeding {consumers:,} consumers", total=None)
        seed(
            context().database,
            consumers=consumers,
            seed_number=seed_number,
            business_date=business_date,
            now=now,
            tell=lambda done, total, what: progress.update(
                bar, completed=done, total=total, description=what
            ),
        )


@click.command()
@upkeep
def seeded() -> None:
    """Exit 0 when the database holds an IBC, else 1."""
    with context().database.read() as connection:
        sys.exit(0 if fetch(connection, "SELECT 1 FROM log_heads LIMIT 1") else 1)


@books.command("verify")
@click.option("--ibc", "ibc_id", default=None, help="One IBC; all when not given.")
@upkeep
def verify_command(ibc_id: str | None) -> None:
    """Check every invariant of the books; exit 1 and say what is wrong, and where."""
    wrong = 0
    with context().database.read() as connection:
        ids = [row.ibc_id for row in fetch(connection, "SELECT ibc_id FROM log_heads")]
        for one in [ibc_id] if ibc_id else ids:
            findings = verify(connection, one)
            for finding in findings:
                click.echo(f"{one}  {finding.check}  {finding.where}  {finding.what}")
            wrong += len(findings)
            click.echo(f"{one}  {'clean' if not findings else f'{len(findings)} findings'}")
    sys.exit(1 if wrong else 0)


@log_group.command("verify")
@click.option("--witness", "path", type=click.Path(exists=True, dir_okay=False), required=True)
@upkeep
def verify_log(path: str) -> None:
    """Hold the log against witnesses that devices kept (JSON, one a line); exit 1 when it differs."""
    lines = Path(path).read_text("utf-8").splitlines()
    kept = [orjson.loads(line) for line in lines if line.strip()]
    public_key = context().parts.witnesses.public_key
    with context().database.read() as connection:
        findings = list(contradictions(connection, public_key, kept))
        for code in sorted({str(one.get("ibc")) for one in kept}):
            findings += log_chain_verifies(connection, code)
    for finding in findings:
        click.echo(f"{finding.check}  {finding.where}  {finding.what}")
    click.echo(f"{len(kept)} witnesses, {len(findings)} findings")
    sys.exit(1 if findings else 0)


@demo.command("sign-ins")
@upkeep
def sign_ins() -> None:
    """Print how to sign in to the demonstration."""
    for line in sign_in_lines():
        click.echo(line)


@demo.command("token")
@click.option("--staff-no", default=None, help="Whose token, by staff number.")
@click.option("--role", default=None, help="The first person with this role.")
@upkeep
def token(staff_no: str | None, role: str | None) -> None:
    """Print one JSON object with an access token; for an officer, of a device enrolled for it."""
    if (staff_no is None) == (role is None):
        raise click.UsageError("say either --staff-no or --role")
    click.echo(orjson.dumps(demo_token(staff_no, role)).decode())


@click.command()
@upkeep
def docs() -> None:
    """Write the generated pages of docs/."""
    for path in write_generated():
        click.echo(path)


DATA = (
    migrate,
    revision,
    seed_command,
    seeded,
    import_command,
    evidence_command,
    backup_command,
    restore_command,
)
