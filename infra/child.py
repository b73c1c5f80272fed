"""One child process: how it is started, known again, and ended with all that it started."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LOG_BYTES_MAX = 5 * 1024 * 1024
LAST_LINES = 20
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What tells a process from a later one that was given the same number."""

    pid: int
    ticks: int
    command: tuple[str, ...]


def start(
    command: Sequence[str], log: IO[bytes] | None, environment: Mapping[str, str] = os.environ
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own; it is told to end when we die.

    Its own session, so that Ctrl-C reaches only us and we choose the order of ending, and so that
    grandchildren in other process groups (an RQ worker's work horse) can still be found.
    """
    return subprocess.Popen(  # noqa: S603  # the commands come from a table in the code
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log and subprocess.STDOUT,
        env={**environment, "PYTHONUNBUFFERED": "1"},
        start_new_session=True,
        preexec_fn=ends_with(os.getpid()),  # noqa: PLW1509  # the supervisor has no threads
    )


def ends_with(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec, so that it does not outlive `parent`.

    TERM and not KILL: gunicorn and RQ then take their own children along.
    """

    def in_child() -> None:
        if _libc is None:
            return
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # It died before the line above: no signal would come.
            os._exit(1)

    return in_child


def open_log(path: Path) -> IO[bytes]:
    """Open a log to append to; one that has grown too long is first put aside, as `.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def last_lines(path: Path) -> str:
    """The end of a log, for the terminal."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-LAST_LINES:])


def born(popen: subprocess.Popen[bytes]) -> Identity | None:
    """Who a child of ours is, by the command we gave: /proc shows it only a moment later."""
    try:
        ticks = int(_stat(popen.pid)[START_TICKS])
    except OSError:  # A system without /proc.
        return None
    command: tuple[str, ...] = tuple(popen.args)  # type: ignore[arg-type]  # start() gave words
    return Identity(pid=popen.pid, ticks=ticks, command=command)


def identity(pid: int) -> Identity | None:
    """Who runs under this number now; None when nobody does or the system has no /proc."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
        fields = _stat(pid)
    except OSError:
        return None
    if fields[STATE] == "Z":
        return None
    return Identity(pid=pid, ticks=int(fields[START_TICKS]), command=tuple(command.split("\0")))


def ask_to_end(pid: int) -> None:
    """Send TERM; one that is gone already is what we wanted."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


def end_session(leader: int) -> None:
    """Kill the leader, if it still lives, and whatever it left running."""
    for pid in (leader, *_session_members(leader)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def manner_of_end(code: int) -> str:
    """Say an exit code of Popen in words."""
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with code {code}"


def _session_members(leader: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It ended while we were looking.
            if int(_stat(int(folder.name))[SESSION]) == leader:
                yield int(folder.name)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()


STATE, SESSION, START_TICKS = 0, 3, 19
