"""A day of five officers on the whole stack, kill -9 of everything, and another day on what is left."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.ids import new_token
from infra.settings import CHECKOUT
from models.migrations.walls import APP_ROLE
from tests.installation import RUN_SECONDS_MAX, Installation, free_port, installation_on
from tests.postgres import postgresql

SMALL_DAY = ("--officers", "5", "--facts", "30")


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def installation(request) -> Iterator[Installation]:
    with _database(request.param) as url, installation_on(url) as made:
        if url is not None:
            # As in production: behind the wall of row-level security.
            made.environment["FIELDLEDGER_DATABASE_ROLE"] = APP_ROLE
        yield made


def test_two_days_with_a_power_cut_between_them_lose_no_rupee_and_no_fact(installation):
    installation.start()
    first = installation.run("tests.simulation.day", *SMALL_DAY)
    assert first.returncode == 0, first.stdout

    installation.kill_everything()
    installation.start()
    verified = installation.run("flask", "--app", "wsgi", "books", "verify")
    second = installation.run("tests.simulation.day", *SMALL_DAY, "--seed", "2")

    assert verified.returncode == 0, verified.stdout
    assert second.returncode == 0, second.stdout


def test_without_a_stack_the_day_says_in_one_sentence_what_to_do(tmp_path):
    here = {"PYTHONPATH": str(CHECKOUT), "DATA_DIR": str(tmp_path), "PORT": str(free_port())}

    said = subprocess.run(
        (sys.executable, "-m", "tests.simulation.day"),
        cwd=CHECKOUT,
        env=os.environ | here,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )

    assert said.returncode == 2
    assert "start it with `make run`" in said.stdout


@contextmanager
def _database(name: str) -> Iterator[str | None]:
    """None for the embedded SQLite; else the address of a database of our own, removed afterwards."""
    if name == "SQLite":
        yield None
        return
    with postgresql() as service:
        server, ours = service.url, f"day_{new_token(6).lower().replace('-', '_')}"
        with _connected(server) as connection:
            connection.execute(f'CREATE DATABASE "{ours}"')
        try:
            yield f"{server.rsplit('/', 1)[0]}/{ours}"
        finally:
            with _connected(server) as connection:
                connection.execute(f'DROP DATABASE "{ours}" WITH (FORCE)')


def _connected(url: str) -> psycopg.Connection:
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    return psycopg.connect(plain, autocommit=True, connect_timeout=5)
