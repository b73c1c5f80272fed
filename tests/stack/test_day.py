"""A day of five officers on the whole stack, kill -9 of everything, and another day on what is left."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from infra import child
from infra.ids import new_token
from infra.leftovers import STATE_FILE
from infra.settings import CHECKOUT
from tests.postgres import postgresql
from tests.services import end, wait_until

START_SECONDS_MAX = 90.0
DAY_SECONDS_MAX = 120.0
SMALL_DAY = ("--officers", "5", "--facts", "30")
READY = "B9501"
"""The last of the sign-ins that the supervisor prints once everything runs."""


class Installation:
    """The stack in a folder of its own, started, killed and started again."""

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        self.data_dir = folder / "d"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
        }
        self.environment |= {
            "DATA_DIR": str(self.data_dir),
            "PORT": str(_free_port()),
            "PYTHONPATH": str(CHECKOUT),
        }
        if database_url:
            self.environment["DATABASE_URL"] = database_url
        self.starts = 0
        self.supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        path = self.folder / f"supervisor-{self.starts}.log"
        with path.open("wb") as log:
            self.supervisor = child.start(
                (sys.executable, "-m", "infra.supervisor"), log, self.environment
            )
        wait_until(
            lambda: READY in path.read_text(errors="replace"),
            self.supervisor,
            path,
            START_SECONDS_MAX,
        )

    def kill_everything(self) -> None:
        """As a power cut: the supervisor first, so that it starts nobody again."""
        state = json.loads((self.data_dir / STATE_FILE).read_text())
        os.kill(self.supervisor.pid, signal.SIGKILL)
        for pid in state["processes"].values():
            child.end_session(pid)
        self.supervisor.wait()
        self.supervisor = None

    def stop(self) -> None:
        if self.supervisor is not None:
            end(self.supervisor)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", *arguments),
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DAY_SECONDS_MAX,
            check=False,
        )


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def installation(request) -> Iterator[Installation]:
    # Directly in the temporary folder: a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="day-"))
    with _database(request.param) as url:
        made = Installation(folder, url)
        try:
            yield made
        finally:
            made.stop()
    shutil.rmtree(folder)


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
    environment = {"DATA_DIR": str(tmp_path), "PORT": str(_free_port())}

    said = _day_alone(environment)

    assert said.returncode == 2
    assert "start it with `make run`" in said.stdout


def _day_alone(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "tests.simulation.day"),
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), **environment},
        capture_output=True,
        text=True,
        timeout=DAY_SECONDS_MAX,
        check=False,
    )


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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
