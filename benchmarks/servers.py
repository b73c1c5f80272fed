"""What is measured: the web server as `make run` starts it, the books worker, and bare handlers beside them."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.world import SECRET_KEY
from infra import child
from infra.plan import answers
from infra.settings import Settings
from infra.supervisor import processes
from tests.postgres import _free_port
from tests.services import Service, end, wait_until

APP, BARE = "wsgi:app", "benchmarks.bare:app"
READY_PATH = {APP: "/healthz", BARE: "/nothing"}


def settings_of(database: Service, queue: Service, folder: Path) -> Settings:
    return Settings(
        database_url=database.url,
        redis_url=queue.url,
        data_dir=folder,
        secret_key=SECRET_KEY,
        log_level="WARNING",
        demo=False,
    )


@contextmanager
def web(settings: Settings, server: str = "gunicorn", app: str = APP) -> Iterator[int]:
    """A web server with this application; yields its port."""
    settings = replace(settings, port=_free_port())
    command = _granian(settings) if server == "granian" else _command(settings, "web")
    command = tuple(app if word == APP else word for word in command)
    with _running(settings, command, app) as popen:
        ready = answers(settings.host, settings.port, READY_PATH[app])
        wait_until(lambda: ready(0), popen, _log(settings, app))
        yield settings.port


class BooksWorker:
    """The worker and the clock, who can be held still between two rounds."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    def rest(self) -> None:
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for pid in self._pids:
            os.killpg(pid, number)


@contextmanager
def books_worker(settings: Settings) -> Iterator[BooksWorker]:
    with ExitStack() as stack:
        pids = [
            stack.enter_context(_running(settings, _command(settings, name), name)).pid
            for name in ("books", "clock")
        ]
        worker = BooksWorker(pids)
        stack.callback(worker.go_on)
        yield worker


@contextmanager
def _running(settings: Settings, command: tuple[str, ...], name: str) -> Iterator[object]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DATA_DIR": str(settings.data_dir),
        "SECRET_KEY": settings.secret_key,
        "PORT": str(settings.port),
        "FIELDLEDGER_DEMO": "no",
        "FIELDLEDGER_LOG_LEVEL": settings.log_level,
        "BENCHMARK_PAGES": str(settings.data_dir / "pages"),
    }
    with child.open_log(_log(settings, name)) as log:
        popen = child.start(command, log, environment)
    try:
        yield popen
    finally:
        end(popen)
        child.end_session(popen.pid)


def _command(settings: Settings, name: str) -> tuple[str, ...]:
    return next(one.command for one in processes(settings) if one.name == name)


def _granian(settings: Settings) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log"),
        *("--host", settings.host, "--port", str(settings.port)),
        *("--workers", str(settings.web_processes)),
        *("--blocking-threads", str(settings.web_threads)),
        APP,
    )


def _log(settings: Settings, name: str) -> Path:
    return settings.data_dir / "logs" / f"{name.replace(':', '.')}.log"
