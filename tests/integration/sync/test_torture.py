"""Many writers at once, and readers that must miss nothing; two planted cursors show that we would see it."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from random import Random

import pytest
from sqlalchemy import text

from infra.clock import monotonic
from infra.database import Database
from infra.ids import derived_id
from models.migrations.walls import APP_ROLE
from sync.office import Put
from tests.building import (
    Phone,
    a_collection,
    a_phone,
    a_visit,
    an_issue,
    changes_of,
    office_write,
)
from tests.integration.sync.looking import count, rows
from tests.integration.sync.seeing import held_by, visible_to

WRITERS, READERS = 16, 4
PUSHES, BATCH = 6, 6
PLANTED_ROWS = 60
"""For each of the 16 writers of the planted table."""
TO_THE_HEAD = 1_000
"""A reader that lags behind the writers passes nothing over: this one reads all there is."""
SECONDS_MAX = 20.0

only_postgresql = pytest.mark.skipif(
    "TEST_DATABASE_URL" not in os.environ,
    reason="SQLITE HAS ONE WRITER AT A TIME: 16 threads prove nothing there; see the 2 processes",
)


@dataclass
class Delivered:
    """What one reader was brought: every version of every record, as often as it came."""

    versions: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def take(self, page) -> None:
        for entity, changes in changes_of(page).items():
            for row in changes["put"]:
                self.versions.setdefault((entity, row[0]), []).append(row[1])

    def missed(self, final: dict[tuple[str, str], int]) -> set:
        """Records whose newest version never came."""
        return {key for key, version in final.items() if version not in self.versions.get(key, ())}

    def doubled(self) -> set:
        """Records of which one version came twice."""
        return {key for key, seen in self.versions.items() if len(seen) != len(set(seen))}


def run_all(*works: Callable[[], None]) -> None:
    """Run each in a thread of its own, all beginning together; the first failure is raised."""
    failures: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        try:
            gate.wait()
            work()
        except BaseException as failure:  # noqa: BLE001  # raised again by the one who waits
            failures.append(failure)

    threads = [threading.Thread(target=copy_context().run, args=(run, work)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@only_postgresql
def test_sixteen_writers_and_four_readers_lose_and_double_nothing(database, ibc):
    began = monotonic()
    readers = [a_phone(database, ibc, name=f"reader {n}") for n in range(READERS)]
    writers = [a_phone(database, ibc, name=f"writer {n}") for n in range(WRITERS - 2)]
    shared = [derived_id("shared", str(n)) for n in range(8)]
    writers[0].push(
        *(writers[0].put("meter_issue", an_issue(ibc.accounts[0]), record_id=r) for r in shared)
    )
    delivered = [Delivered() for _ in readers]
    done = threading.Event()

    def push(writer: Phone, nth: int) -> None:
        dice = Random(nth)
        for round_no in range(PUSHES):
            batch = []
            for n in range(BATCH):
                account = ibc.accounts[dice.randrange(3)]
                receipt = f"W{nth}-{round_no * BATCH + n:06d}"
                batch += [
                    writer.put("visit", a_visit(account)),
                    writer.put("collection", a_collection(account, receipt)),
                    writer.put("meter_issue", {"reading_kwh": dice.randrange(10**6)},
                               record_id=dice.choice(shared), base_version=1),
                    writer.put("stop", {"state": "visited"}, record_id=dice.choice(ibc.stops),
                               base_version=1),
                ]  # fmt: skip
            writer.push(*(reversed(batch) if nth % 2 else batch))

    def manage(nth: int) -> None:
        for n in range(PUSHES * 3):
            order = list(ibc.consumers[:3])
            if nth:
                order.reverse()
            office_write(
                database, ibc.code, *(Put("consumer", c, {"name": f"{nth} {n}"}) for c in order)
            )

    def read(reader: Phone, seen: Delivered) -> None:
        while not done.is_set():
            seen.take(reader.pull(limit=7))

    def write_all() -> None:
        try:
            run_all(
                *(lambda w=w, n=n: push(w, n) for n, w in enumerate(writers)),
                *(lambda n=n: manage(n) for n in range(2)),
            )
        finally:
            done.set()

    run_all(
        write_all, *(lambda r=r, s=s: read(r, s) for r, s in zip(readers, delivered, strict=True))
    )

    for reader, seen in zip(readers, delivered, strict=True):
        for page in reader.pull_all(limit=7):
            seen.take(page)
        visible = visible_to(reader)
        final = {key: record["version"] for key, record in visible.items()}
        assert seen.missed(final) == set()
        assert seen.doubled() == set()
        assert held_by(reader) == visible
    log = [row.seq for row in rows(database, "SELECT seq FROM mutations ORDER BY seq")]
    assert log == list(range(1, len(log) + 1))
    assert count(database, "visits") == len(writers) * PUSHES * BATCH
    assert monotonic() - began < SECONDS_MAX


@only_postgresql
@pytest.mark.usefixtures("planted_table")
@pytest.mark.parametrize(
    ("cursor", "page"),
    [
        ("written_at", "written_at > :after OR (written_at = :after AND id > :id)"),
        ("seq", "seq > :after"),
    ],
    ids=["a timestamp", "a plain sequence"],
)
def test_the_same_checker_catches_a_cursor_that_loses_rows(database, cursor, page):
    """The way of `updated_at > cursor`: rows that commit late are passed over for ever."""
    delivered, done = Delivered(), threading.Event()
    at = {"after": -1, "id": ""}

    def plant(nth: int) -> None:
        for n in range(PLANTED_ROWS):
            with database.write() as connection:
                connection.execute(
                    text(
                        "INSERT INTO planted (id, written_at) VALUES "
                        "(:id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)"
                    ),
                    {"id": f"{nth}-{n}"},
                )
                # Work between a row and its commit, as every real transaction has.
                connection.execute(text("SELECT pg_sleep(0.003)"))

    def take_page() -> bool:
        found = rows(
            database,
            f"SELECT id, seq, written_at FROM planted WHERE {page} ORDER BY {cursor}, id LIMIT {TO_THE_HEAD}",
            **at,
        )
        for row in found:
            delivered.versions.setdefault(("planted", row.id), []).append(1)
            at["after"], at["id"] = row._asdict()[cursor], row.id
        return bool(found)

    def read() -> None:
        while not done.is_set():
            take_page()

    def plant_all() -> None:
        try:
            run_all(*(lambda n=n: plant(n) for n in range(WRITERS)))
        finally:
            done.set()

    run_all(plant_all, read)
    while take_page():
        pass

    final = {("planted", row.id): 1 for row in rows(database, "SELECT id FROM planted")}
    assert len(final) == WRITERS * PLANTED_ROWS
    assert delivered.missed(final)


@pytest.fixture
def planted_table(owner):
    with owner.write() as connection:
        connection.execute(
            text("CREATE TABLE planted (id text PRIMARY KEY, seq bigserial, written_at bigint)")
        )
        connection.execute(text(f"GRANT ALL ON planted, planted_seq_seq TO {APP_ROLE}"))
    yield
    with owner.write() as connection:
        connection.execute(text("DROP TABLE planted"))


def push_from_a_process(url: str, device_id: str, officer_id: str, account: str, nth: int) -> None:
    """One of two processes that write one SQLite file."""
    database = Database(url)
    writer = Phone(database=database, code="DEF", device_id=device_id, officer_id=officer_id)
    for n in range(25):
        batch = [
            writer.put("visit", a_visit(account)),
            writer.put("collection", a_collection(account, f"P{nth}-{n:06d}")),
        ]
        writer.push(*batch)
    database.close()


@pytest.mark.skipif(
    "TEST_DATABASE_URL" in os.environ,
    reason="POSTGRESQL HAS 16 WRITERS IN ITS OWN TEST: two processes are SQLite's measure",
)
def test_two_processes_write_one_sqlite_file_and_a_reader_misses_nothing(database, ibc):
    reader = a_phone(database, ibc, name="reader")
    writers = [a_phone(database, ibc, name=f"writer {n}") for n in range(2)]
    seen = Delivered()
    url = str(database.engine.url)
    spawn = multiprocessing.get_context("spawn")
    processes = [
        spawn.Process(
            target=push_from_a_process,
            args=(url, writer.device_id, writer.officer_id, ibc.accounts[n], n),
        )
        for n, writer in enumerate(writers)
    ]

    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        seen.take(reader.pull(limit=3))
    for process in processes:
        process.join()
    for page in reader.pull_all(limit=3):
        seen.take(page)

    assert [process.exitcode for process in processes] == [0, 0]
    final = {key: record["version"] for key, record in visible_to(reader).items()}
    assert seen.missed(final) == seen.doubled() == set()
    assert count(database, "collections") == 50
