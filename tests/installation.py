"""The whole stack in a folder of its own, as `make run` starts it: started, killed and started again."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra import child
from infra.leftovers import STATE_FILE
from infra.settings import CHECKOUT
from tests.services import end, wait_until

START_SECONDS_MAX = 90.0
RUN_SECONDS_MAX = 180.0
READY = "B9501"
"""The last of the sign-ins that the supervisor prints once everything runs."""


class Installation:
    """One installation with the demonstration's 2,000 consumers."""

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
            "PORT": str(free_port()),
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
            timeout=RUN_SECONDS_MAX,
            check=False,
        )


@contextmanager
def installation_on(database_url: str | None) -> Iterator[Installation]:
    """An installation that is stopped and removed afterwards; None is the embedded SQLite."""
    # Directly in the temporary folder: a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="day-"))
    made = Installation(folder, database_url)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
