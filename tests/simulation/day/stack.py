"""The running stack as the day finds it: whether it answers, whom it runs, and how it is hurt."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import redis

from infra import child
from infra.clock import monotonic, pause
from infra.leftovers import STATE_FILE
from infra.plan import answers
from infra.settings import CHECKOUT, Settings

LOOK_SECONDS = 0.1
AGAIN_SECONDS_MAX = 30.0
VERIFY_SECONDS_MAX = 120


class NotRunning(Exception):
    """The stack does not answer; the message says what to do."""


class TooLate(Exception):
    """What had to happen did not happen in time."""


class Stack:
    """One installation that is supervised on this machine."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        host = {"0.0.0.0": "127.0.0.1"}.get(settings.host, settings.host)
        self.address = (host, settings.port)
        self.hurt: list[str] = []
        if not answers(host, settings.port, "/healthz")(0):
            raise NotRunning(
                f"Nothing answers at http://{host}:{settings.port}/healthz; start it with "
                "`make run` in another terminal, with the same PORT and DATA_DIR."
            )
        if not self._state_file.exists():
            raise NotRunning(
                f"There is no {self._state_file}; run the day with the DATA_DIR of the running "
                "installation, because it kills one of its workers."
            )

    @property
    def _state_file(self) -> Any:
        return self.settings.data_dir / STATE_FILE

    def process(self, name: str) -> child.Identity | None:
        """Who runs under this name, when it is still the one that the supervisor started."""
        one = json.loads(self._state_file.read_text())["identities"].get(name)
        if one is None:
            return None
        known = child.Identity(pid=one["pid"], ticks=one["ticks"], command=tuple(one["command"]))
        return known if child.identity(known.pid) == known else None

    def kill_the_books(self) -> None:
        """kill -9 of the books' worker, and nobody else."""
        worker = self.process("books")
        if worker is None:
            raise TooLate("the books' worker was not running when it was to be killed")
        os.kill(worker.pid, signal.SIGKILL)
        self.hurt.append(f"kill -9 of the books' worker, process {worker.pid}")

        def again() -> bool:
            now = self.process("books")
            return now is not None and now.pid != worker.pid

        wait_for(again, AGAIN_SECONDS_MAX, "the books' worker did not come back")

    def empty_the_queue(self) -> None:
        """FLUSHALL, when the queue is this installation's own."""
        if self.settings.redis_url != f"unix://{self.settings.data_dir / 'valkey.sock'}":
            self.hurt.append("the queue was not flushed: REDIS_URL belongs to somebody else")
            return
        with redis.Redis.from_url(self.settings.redis_url) as connection:
            connection.flushall()
        self.hurt.append("FLUSHALL of Valkey")

    def verify_the_books(self) -> tuple[int, str]:
        """`books verify`, as an operator runs it: its exit code and what it said."""
        said = subprocess.run(
            (sys.executable, "-m", "flask", "--app", "wsgi", "books", "verify"),
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=VERIFY_SECONDS_MAX,
            check=False,
        )
        return said.returncode, (said.stdout + said.stderr).strip()


def wait_for(happened: Callable[[], bool], seconds_max: float, otherwise: str) -> None:
    """Look until it has happened. Errors: TooLate, with the words of `otherwise`."""
    until = monotonic() + seconds_max
    while not happened():
        if monotonic() > until:
            raise TooLate(f"{otherwise} within {seconds_max:.0f} s")
        pause(LOOK_SECONDS)
