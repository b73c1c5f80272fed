"""The unmodified npm packages against our server: WatermelonDB, RxDB 17, rxdb-server's client, and tus-js-client."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from infra.database import Database
from infra.settings import CHECKOUT
from models import Base
from tests.clients.world import World

HERE = Path(__file__).parent
CACHE = CHECKOUT / ".cache" / "npm"
NODE_LEAST = 20
INSTALL_SECONDS_MAX = 300
PLAY_SECONDS_MAX = 60
PLAYS = (
    HERE / "watermelon.test.mjs",
    HERE / "rxdb.test.mjs",
    HERE / "wire" / "wire.test.mjs",
    HERE / "tus.test.mjs",
)
SCENARIOS = [
    (play, name)
    for play in PLAYS
    for name in re.findall(r"^test\('(.+?)',", play.read_text(encoding="utf-8"), re.MULTILINE)
]


@cache
def node_is_missing() -> str | None:
    """Why the packages cannot be run here, or None."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return "Node.js and npm are not installed"
    version = subprocess.run((node, "--version"), capture_output=True, text=True, check=True)
    found = int(version.stdout.strip().removeprefix("v").split(".")[0])
    return None if found >= NODE_LEAST else f"Node.js {found} is older than {NODE_LEAST}"


@pytest.fixture(scope="session")
def packages():
    """The exact packages of the locks, installed once."""
    missing = node_is_missing()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"{missing}: the foreign clients were NOT tested, which CI may not do without")
    if missing:
        pytest.skip(f"{missing}: the foreign clients were NOT tested")
    for folder in (HERE, HERE / "wire"):
        lock = (folder / "package-lock.json").read_bytes()
        stamp = folder / "node_modules" / ".installed-lock"
        if not stamp.exists() or stamp.read_bytes() != lock:
            command = ("npm", "ci", "--cache", str(CACHE), "--loglevel", "error")
            subprocess.run(command, cwd=folder, check=True, timeout=INSTALL_SECONDS_MAX)
            stamp.write_bytes(lock)


@pytest.fixture(scope="session", params=["SQLite", "PostgreSQL"])
def world(request, packages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    if request.param == "SQLite":
        url = f"sqlite:///{folder}/world.sqlite"
        make_tables(url)
        with World(folder, url) as made:
            yield made
        return
    server = os.environ.get("TEST_DATABASE_URL")
    if server is None:
        pytest.skip("TEST_DATABASE_URL names no PostgreSQL")
    name = f"clients_{os.getpid()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    make_tables(url)
    with World(folder, url) as made:
        yield made
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def played(world):
    """The plays of one world; each file is played once, when its first scenario is asked for."""
    return cache(lambda play: play_through(play, world))


@pytest.mark.parametrize(
    ("play", "name"), SCENARIOS, ids=[f"{play.stem}-{name}" for play, name in SCENARIOS]
)
def test_a_foreign_client(play, name, played):
    verdicts, said = played(play)

    assert name in verdicts, said
    assert verdicts[name] is None, verdicts[name]


def make_tables(url: str) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    database.close()


def play_through(play: Path, world: World) -> tuple[dict[str, str | None], str]:
    """Each scenario of a file with what went wrong in it, None when nothing did.

    Read line by line from TAP: what was not said by the time the file ended or hung has failed.
    """
    command = ("node", "--test-reporter=tap", "--test-timeout=40000", str(play))
    environment = {**os.environ, "WORLD": world.address, "NODE_ENV": "test"}
    try:
        ran = subprocess.run(
            command,
            cwd=play.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PLAY_SECONDS_MAX,
            check=False,
        )
        output = ran.stdout
    except subprocess.TimeoutExpired as hung:
        output = hung.stdout or b""
    said = output.decode(errors="replace")
    verdicts: dict[str, str | None] = {}
    for scenario in said.split("# Subtest: ")[1:]:
        if found := re.search(r"^(not )?ok \d+ - (.+)$", scenario, re.MULTILINE):
            verdicts[found[2].strip()] = scenario if found[1] else None
    return verdicts, said
