"""The supervisor's memory: that it runs, and which processes are its own, also after a kill -9."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from subprocess import Popen
from typing import Any

from infra import child
from infra.clock import monotonic, now_ms, rfc3339

STATE_FILE = "supervisor.json"
LOCK_FILE = "supervisor.lock"
LEFTOVER_SECONDS_MAX = 5.0
LOOK_SECONDS = 0.05


class AlreadyRunning(Exception):
    """Another supervisor keeps the same data folder."""


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the data folder for this supervisor; the kernel lets go of it however we end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK_FILE).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _read(data_dir).get("pid", "unknown")
            raise AlreadyRunning(
                f"It runs already, as process {pid} on {data_dir}. "
                "Stop that one first, or choose another DATA_DIR and PORT."
            ) from None
        yield


def remember(data_dir: Path, running: Mapping[str, Popen[bytes]], started: str) -> None:
    """Write who we are and whom we keep; a reader sees the old file or the new one, never half."""
    whom = {name: child.born(popen) for name, popen in running.items()}
    state = {
        "pid": os.getpid(),
        "started": started,
        "processes": {name: popen.pid for name, popen in running.items()},
        "identities": {name: asdict(one) for name, one in whom.items() if one},
    }
    path = data_dir / STATE_FILE
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(state, indent=2))
    draft.replace(path)


def forget(data_dir: Path) -> None:
    """Nothing of ours runs any more."""
    (data_dir / STATE_FILE).unlink(missing_ok=True)


def end_leftovers(
    data_dir: Path, wait: Callable[[float], None], say: Callable[[str], None]
) -> None:
    """End what a killed supervisor left running, and nothing else.

    A number alone proves nothing: it may have been given to a stranger since. Only a process with
    the recorded command line and start time is ended.
    """
    ours = {
        name: child.Identity(pid=one["pid"], ticks=one["ticks"], command=tuple(one["command"]))
        for name, one in _read(data_dir).get("identities", {}).items()
    }
    left = {name: one for name, one in ours.items() if child.identity(one.pid) == one}
    for name, one in left.items():
        say(f"{name}: ends process {one.pid}, left over from a killed supervisor")
        child.ask_to_end(one.pid)

    until = monotonic() + LEFTOVER_SECONDS_MAX
    while any(child.identity(one.pid) == one for one in left.values()) and monotonic() < until:
        wait(LOOK_SECONDS)
    for one in left.values():
        if child.identity(one.pid) == one:
            child.end_session(one.pid)


def _read(data_dir: Path) -> dict[str, Any]:  # Any: it is JSON.
    try:
        state: dict[str, Any] = json.loads((data_dir / STATE_FILE).read_text())
    except FileNotFoundError:
        return {}
    return state


def moment() -> str:
    """Now, as the state file writes it."""
    return rfc3339(now_ms())
