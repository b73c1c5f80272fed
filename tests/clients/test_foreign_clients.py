"""The unmodified npm packages against our server: WatermelonDB, RxDB 17, rxdb-server's client, and tus-js-client."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from infra.database import Database
from infra.settings import CHECKOUT
from models import Base
from tests.clients.world import World
from tests.node import node_or_skip

HERE = Path(__file__).parent
CACHE = CHECKOUT / ".cache" / "npm"
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


@pytest.fixture(scope="session")
def packages():
    """The exact packages of the locks, installed once."""
    node_or_skip("the foreign clients were")
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
