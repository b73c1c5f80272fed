"""Push: 8 phones, batches of 100 facts, against raw psycopg with the same bytes as one JSON parameter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import orjson
import psycopg

from benchmarks import client
from benchmarks.crew import Contender, Crew, Load
from benchmarks.facts import BATCH, Outbox
from benchmarks.result import Result, compare, interleave
from benchmarks.servers import BooksWorker
from benchmarks.world import Phone
from infra.clock import monotonic, pause
from infra.database import Database, fetch

FLOOR_ONE, FLOOR_FOUR = 0.15, 0.18
READY_BATCHES = 60
"""Made before the clock starts; a client that runs out makes the next one as it goes."""
LAG_LOOK_SECONDS = 0.2
CATCH_UP_SECONDS_MAX = 120.0
RAW_TABLE = """
CREATE TABLE IF NOT EXISTS raw_facts (
  pass bigint, id text COLLATE "C", seq bigint, entity text, op text, record_id text,
  base_version bigint, occurred_at text, fields text, PRIMARY KEY (pass, id))
"""
RAW_INSERT = """
INSERT INTO raw_facts
SELECT %s, r.* FROM json_to_recordset(%s::json) AS r
  (id text, seq bigint, entity text, op text, record_id text, base_version bigint,
   occurred_at text, fields text)
"""


class Ours:
    """A phone that pushes its chain to our server."""

    def __init__(self, port: int, phone: Phone, *, packed: bool) -> None:
        self.client = client.Client(port)
        self.outbox = Outbox(phone, packed=packed)
        self.token = ""

    def prepare(self) -> None:
        self.client.close()
        self.token = self.outbox.phone.token()
        self.outbox.fill(READY_BATCHES)

    def once(self) -> int:
        body = self.outbox.bodies.pop(0) if self.outbox.bodies else self.outbox.body()
        request = client.post("/api/v1/sync/push", self.token, body, packed=self.outbox.packed)
        answer = self.client.ask(request)
        applied = answer.count(b'"outcome":"applied"')
        if applied != BATCH:
            raise client.Refused(answer[:2000].decode())
        return applied


class Raw:
    """The limit: the same facts as one JSON parameter into one table, durable, without HTTP."""

    def __init__(self, url: str, phone: Phone) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        outbox = Outbox(phone)
        outbox.fill(READY_BATCHES)
        self.bodies = [
            orjson.dumps(orjson.loads(body)["mutations"]).decode() for body in outbox.bodies
        ]
        self.passes = phone.number << 32
        self.at = 0

    def prepare(self) -> None:
        return

    def once(self) -> int:
        if self.at == len(self.bodies):
            self.at, self.passes = 0, self.passes + 1
        self.connection.execute(RAW_INSERT, (self.passes, self.bodies[self.at]))
        self.at += 1
        return BATCH


@dataclass
class Books:
    """How the books kept up while phones pushed."""

    database: Database
    worker: BooksWorker
    share: list[float] = field(default_factory=list)
    """Rows that the books read ÷ rows that the phones pushed, each round."""
    lag_seconds: list[float] = field(default_factory=list)
    """How long the books needed after the last push."""

    def heads(self) -> tuple[int, int]:
        with self.database.read() as connection:
            row = fetch(
                connection,
                "SELECT SUM(l.seq) AS log, SUM(COALESCE(b.log_seq, 0)) AS books FROM log_heads l "
                "LEFT JOIN books_offsets b ON b.ibc_id = l.ibc_id",
            )[0]
        return int(row.log), int(row.books)

    def catch_up(self) -> float:
        """Wait until the books have read the log; returns how long it took."""
        self.worker.go_on()
        start = monotonic()
        while (waited := monotonic() - start) < CATCH_UP_SECONDS_MAX:
            log, books = self.heads()
            if log == books:
                return waited
            pause(LAG_LOOK_SECONDS)
        raise RuntimeError(f"the books are still {log - books} rows behind")

    def watch(self, run: Callable[[], Load]) -> Load:
        """Run beside the worker, and note how it kept up."""
        log_before, books_before = self.heads()
        load = run()
        log, books = self.heads()
        self.share.append((books - books_before) / max(log - log_before, 1))
        self.lag_seconds.append(self.catch_up())
        return load


def measure(
    database: Database,
    raw_url: str,
    port: int,
    phones: Mapping[str, Sequence[Phone]],
    worker: BooksWorker,
    *,
    rounds: int,
    seconds: float,
    packed: bool,
) -> Iterator[Result]:
    """One IBC, four IBCs, and one IBC beside the books; `phones` holds a phone a client for each."""
    with psycopg.connect(raw_url, autocommit=True) as connection:
        connection.execute(RAW_TABLE)

    def make(number: int) -> Mapping[str, Contender]:
        contenders: dict[str, Contender] = {
            name: Ours(port, own[number], packed=packed) for name, own in phones.items()
        }
        return contenders | {"raw": Raw(raw_url, phones["one"][number])}

    books = Books(database, worker)
    books.catch_up()
    worker.rest()

    def alone(crew: Crew, name: str) -> Load:
        """Without the books beside it; they catch up before the next contender."""
        load = crew.run(name, seconds)
        books.catch_up()
        worker.rest()
        return load

    def beside(crew: Crew) -> Load:
        worker.go_on()
        load = books.watch(lambda: crew.run("one", seconds))
        worker.rest()
        return load

    with Crew(make) as crew:
        runs = {
            "raw": lambda: crew.run("raw", seconds),
            "one": lambda: alone(crew, "one"),
            "four": lambda: alone(crew, "four"),
            "books": lambda: beside(crew),
        }
        loads = interleave(rounds, runs)
    worker.go_on()
    yield compare("push, one IBC", "records", loads["one"], loads["raw"], FLOOR_ONE)
    yield compare("push, four IBCs", "records", loads["four"], loads["raw"], FLOOR_FOUR)
    yield compare(
        "push beside the books",
        "records",
        loads["books"],
        loads["raw"],
        0.0,
        posted_share=round(median(books.share), 2),
        lag_seconds=round(median(books.lag_seconds), 1),
    )
