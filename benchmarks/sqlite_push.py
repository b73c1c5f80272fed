"""Push on SQLite in one process, everything but HTTP, against `executemany` of ready tuples into one table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from benchmarks.crew import Load
from benchmarks.facts import BATCH, Outbox
from benchmarks.result import Result, compare, interleave
from benchmarks.world import IBCS, Phone, enrol, make_offices
from infra.clock import monotonic, now_ms
from infra.database import Database
from sync.intake import read_exchange
from sync.mutation import Author, Origin
from sync.push import push

FLOOR = 0.12
BATCHES = 60
CONSUMERS = 1_000
COLUMNS = ("id", "seq", "entity", "op", "record_id", "base_version", "occurred_at", "fields")


def measure(folder: Path, *, rounds: int) -> Iterator[Result]:
    database = Database(f"sqlite:///{folder / 'push.db'}")
    make_offices(database, IBCS[:1], CONSUMERS)
    outbox = Outbox(enrol(database, IBCS[0], 0, 900))
    raw = Database(f"sqlite:///{folder / 'raw.db'}")
    with raw.write() as connection:
        connection.exec_driver_sql(
            f"CREATE TABLE raw_facts ({', '.join(f'{name} ANY' for name in COLUMNS)}, "
            "PRIMARY KEY (id)) STRICT"
        )
    loads = interleave(
        rounds, {"raw": lambda: _raw(raw, outbox.phone), "ours": lambda: _ours(database, outbox)}
    )
    database.close()
    raw.close()
    yield compare("push on SQLite, one process", "records", loads["ours"], loads["raw"], FLOOR)


def _ours(database: Database, outbox: Outbox) -> Load:
    phone = outbox.phone
    author = Author(id=phone.device_id, origin=Origin.DEVICE, officer_id=phone.staff_id)
    outbox.fill(BATCHES)
    waits_ms = []
    start = last = monotonic()
    for body in outbox.bodies:
        asked = read_exchange(body, now_ms())
        pushed = push(database, phone.ibc_id, author, asked.mutations, now_ms())
        answer = orjson.dumps([outcome.wire() for outcome in pushed.outcomes])
        assert answer.count(b'"applied"') == BATCH
        now = monotonic()
        waits_ms.append((now - last) * 1000)
        last = now
    outbox.bodies.clear()
    return Load(BATCHES * BATCH / (last - start), waits_ms, BATCHES * BATCH)


def _raw(database: Database, phone: Phone) -> Load:
    outbox = Outbox(phone)
    batches = []
    for _ in range(BATCHES):
        mutations: list[dict[str, Any]] = orjson.loads(outbox.body())["mutations"]
        for mutation in mutations:
            mutation["fields"] = orjson.dumps(mutation["fields"]).decode()
        batches.append([tuple(map(mutation.get, COLUMNS)) for mutation in mutations])
    insert = f"INSERT INTO raw_facts VALUES ({', '.join('?' for _ in COLUMNS)})"
    start = monotonic()
    for batch in batches:
        with database.write() as connection:
            connection.connection.cursor().executemany(insert, batch)
    return Load(BATCHES * BATCH / (monotonic() - start), [0.0], BATCHES * BATCH)
