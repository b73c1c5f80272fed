"""The supervisor over small stand-in commands: it starts, restarts, ends, and ends only its own."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from infra import child
from infra.leftovers import STATE_FILE, remember

WAIT_SECONDS_MAX = 20
SHELL = shutil.which("sh")
IMPATIENT = {"back_off_seconds": 0.05, "back_off_seconds_max": 0.1, "stop_seconds_max": 3}


class Supervised:
    """A supervisor as a process of its own, with its terminal and its state file."""

    def __init__(self, folder: Path, plan: dict[str, Any]) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.supervised", folder, json.dumps(plan)],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def reads(self, words: str) -> None:
        """Wait until its terminal shows the words."""
        while line := self._line():
            if words in line:
                return
        raise AssertionError(f"{words!r} was not said, but {self.said}")

    def pid(self, name: str) -> int:
        return json.loads((self.folder / STATE_FILE).read_text())["processes"][name]

    def stops(self) -> int:
        self.popen.terminate()
        return self.ends()

    def ends(self) -> int:
        while self._line():
            pass
        return self.popen.wait(WAIT_SECONDS_MAX)

    def closes(self) -> None:
        if self.popen.stdout:
            self.popen.stdout.close()

    def _line(self) -> str:
        """The next line; every line is flushed, so what the pipe shows is whole."""
        stream = self.popen.stdout
        assert stream is not None
        assert select.select([stream], [], [], WAIT_SECONDS_MAX)[0], f"silence after {self.said}"
        line = b""
        while not line.endswith(b"\n") and (byte := os.read(stream.fileno(), 1)):
            line += byte
        self.said.append(line.decode())
        return self.said[-1]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    started: list[Supervised] = []

    def start(*processes: dict[str, Any], **more: Any) -> Supervised:
        plan = {"processes": processes, "limits": IMPATIENT, **more}
        started.append(Supervised(tmp_path, plan))
        return started[-1]

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.stops()
        one.closes()


@pytest.fixture
def living(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """A process that writes its name to a file when it is told to end."""

    def process(name: str) -> dict[str, Any]:
        ready, order = tmp_path / f"{name}.ready", tmp_path / "order"
        first = (
            f"def end(*_): open('{order}', 'a').write('{name} '); sys.exit(0)\n"
            f"signal.signal(signal.SIGTERM, end); pathlib.Path('{ready}').touch()"
        )
        return {"name": name, "command": _forever(first), "ready": str(ready)}

    return process


def test_everything_is_ready_then_stops_in_order(supervise, living, tmp_path):
    queue = living("queue") | {"before_steps": True}
    supervisor = supervise(queue, living("web"), living("books"))
    supervisor.reads("books: ready")

    assert supervisor.stops() == 0

    assert (tmp_path / "order").read_text().split() == ["web", "books", "queue"]
    assert not (tmp_path / STATE_FILE).exists()


def test_a_killed_process_is_started_again(supervise, living):
    supervisor = supervise(living("web"))
    supervisor.reads("web: ready")
    before = supervisor.pid("web")

    os.kill(before, signal.SIGKILL)
    supervisor.reads("web: ended by SIGKILL; starts again in 0.05 s")
    supervisor.reads("web: ready")

    assert supervisor.pid("web") != before


def test_each_early_death_doubles_the_wait(supervise, living):
    supervisor = supervise(living("web"))
    supervisor.reads("web: ready")
    os.kill(supervisor.pid("web"), signal.SIGKILL)
    supervisor.reads("starts again in 0.05 s")
    supervisor.reads("web: ready")

    os.kill(supervisor.pid("web"), signal.SIGKILL)

    supervisor.reads("starts again in 0.1 s")


def test_what_a_killed_process_left_running_is_ended_with_it(supervise, tmp_path):
    ready = tmp_path / "ready"
    # The horse leaves the process group, as RQ's does, and writes its number in one go.
    first = (
        f"horse = subprocess.Popen({_forever()}, process_group=0)\n"
        f"draft = pathlib.Path('{ready}.draft'); draft.write_text(str(horse.pid))\n"
        f"draft.rename('{ready}')"
    )
    supervisor = supervise({"name": "books", "command": _forever(first), "ready": str(ready)})
    supervisor.reads("books: ready")
    horse = os.pidfd_open(int(ready.read_text()))

    os.kill(supervisor.pid("books"), signal.SIGKILL)

    assert _ends(horse)


def test_killing_the_supervisor_takes_its_processes_along(supervise, living):
    supervisor = supervise(living("web"), living("books"))
    supervisor.reads("ready")
    supervisor.reads("ready")
    processes = [os.pidfd_open(supervisor.pid(name)) for name in ("web", "books")]

    supervisor.popen.kill()

    assert all(_ends(one) for one in processes)


def test_a_second_start_is_refused(supervise, living):
    first = supervise(living("web"))
    first.reads("web: ready")

    second = supervise(living("web"))

    assert second.ends() == 1
    assert f"It runs already, as process {first.popen.pid}" in second.said[0]
    assert first.stops() == 0


def test_a_start_after_a_kill_goes_on(supervise, living):
    first = supervise(living("web"))
    first.reads("web: ready")
    first.popen.kill()
    first.popen.wait()

    second = supervise(living("web"))
    second.reads("web: ready")

    assert second.stops() == 0


def test_a_leftover_of_ours_is_ended(supervise, living, stranger, tmp_path):
    remember(tmp_path, {"web": stranger}, "2026-11-24T00:00:00.000Z")

    supervise(living("web")).reads("web: ready")

    assert stranger.wait(WAIT_SECONDS_MAX) == -signal.SIGTERM


@pytest.mark.parametrize("wrong", [{"ticks": 1}, {"command": ["gunicorn"]}])
def test_a_stranger_with_the_number_of_a_leftover_is_left_alone(
    supervise, living, stranger, tmp_path, wrong
):
    remember(tmp_path, {"web": stranger}, "2026-11-24T00:00:00.000Z")
    state = json.loads((tmp_path / STATE_FILE).read_text())
    state["identities"]["web"].update(wrong)
    (tmp_path / STATE_FILE).write_text(json.dumps(state))

    supervise(living("web")).reads("web: ready")

    assert stranger.poll() is None


def test_a_process_that_never_works_ends_the_whole_with_its_last_words(supervise, living, tmp_path):
    broken = {
        "name": "web",
        "command": [SHELL, "-c", "echo no module named wsgi; exit 3"],
        "ready": str(tmp_path / "never"),
    }
    supervisor = supervise(living("books"), broken)

    assert supervisor.ends() == 1

    said = "".join(supervisor.said)
    assert said.count("web: ended with code 3") == 4
    assert "web: ended 5 times before it was ever ready; everything is stopped." in said
    assert "no module named wsgi" in said
    assert "books: stopped" in said


def test_a_process_that_is_never_ready_ends_the_whole(supervise, tmp_path):
    mute = {"name": "web", "command": _forever(), "ready": str(tmp_path / "never")}
    supervisor = supervise(mute, limits=IMPATIENT | {"ready_seconds_max": 0.2})

    assert supervisor.ends() == 1

    assert "web: was not ready within" in "".join(supervisor.said)


def test_a_process_that_ignores_term_is_killed_in_time(supervise, tmp_path):
    ready = tmp_path / "ready"
    deaf = _forever(
        f"signal.signal(signal.SIGTERM, signal.SIG_IGN); pathlib.Path('{ready}').touch()"
    )
    supervisor = supervise(
        {"name": "web", "command": deaf, "ready": str(ready)},
        limits=IMPATIENT | {"stop_seconds_max": 0.2},
    )
    supervisor.reads("web: ready")

    assert supervisor.stops() == 0

    assert "web: killed, it did not stop in time\n" in supervisor.said


def test_a_step_runs_between_the_queue_and_the_rest(supervise, living, tmp_path):
    order = tmp_path / "started"
    migrate = {"name": "migrate", "command": [SHELL, "-c", f"ls {tmp_path} >{order}"]}
    queue = living("queue") | {"before_steps": True}

    supervise(queue, living("web"), steps=[migrate]).reads("web: ready")

    names = order.read_text().split()
    assert "queue.ready" in names
    assert "web.ready" not in names


def test_a_step_is_left_out_when_it_has_been_done(supervise, living, tmp_path):
    seed = {
        "name": "seed",
        "command": [SHELL, "-c", f"touch {tmp_path}/seeded"],
        "unless": ["true"],
    }

    supervise(living("web"), steps=[seed]).reads("web: ready")

    assert not (tmp_path / "seeded").exists()


def test_a_step_whose_question_fails_ends_the_whole(supervise, living):
    seed = {"name": "seed", "command": ["true"], "unless": [SHELL, "-c", "echo no wsgi; exit 2"]}
    supervisor = supervise(living("web"), steps=[seed])

    assert supervisor.ends() == 1

    assert "no wsgi\n" in supervisor.said


def test_a_step_that_fails_ends_the_whole_with_its_last_words(supervise, living):
    migrate = {"name": "migrate", "command": [SHELL, "-c", "echo no such table; exit 2"]}
    supervisor = supervise(living("web"), steps=[migrate])

    assert supervisor.ends() == 1

    assert "migrate: ended with code 2; everything is stopped." in "".join(supervisor.said)
    assert "no such table\n" in supervisor.said


def test_a_stop_during_a_step_is_obeyed(supervise, living, tmp_path):
    migrate = {"name": "migrate", "command": _forever()}
    supervisor = supervise(living("queue") | {"before_steps": True}, steps=[migrate])
    supervisor.reads("migrate ...")

    assert supervisor.stops() == 0

    assert not (tmp_path / STATE_FILE).exists()


def test_a_log_that_has_grown_too_long_is_put_aside(tmp_path):
    path = tmp_path / "logs" / "web.log"
    path.parent.mkdir()
    path.write_bytes(b"x" * (child.LOG_BYTES_MAX + 1))

    child.open_log(path).close()

    assert path.stat().st_size == 0
    assert path.with_suffix(".log.1").stat().st_size == child.LOG_BYTES_MAX + 1


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    popen = subprocess.Popen(_forever(), start_new_session=True)
    yield popen
    with suppress(ProcessLookupError):
        popen.kill()
    popen.wait()


def _forever(first: str = "") -> list[str]:
    """A program that does something first, and then waits for a signal for ever."""
    code = f"import os, pathlib, signal, subprocess, sys\n{first}\nwhile True: signal.pause()"
    return [sys.executable, "-ISc", code]


def _ends(pidfd: int) -> bool:
    """Whether that process ends within the time; the kernel tells."""
    try:
        return bool(select.select([pidfd], [], [], WAIT_SECONDS_MAX)[0])
    finally:
        os.close(pidfd)
