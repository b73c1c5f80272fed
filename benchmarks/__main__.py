"""`make bench`: each measure as a ratio to its limit in the same interleaved run."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks import exchange, polls, pull, push, sqlite_push
from benchmarks.crew import CLIENTS
from benchmarks.result import Result
from benchmarks.servers import BARE, books_worker, settings_of, web
from benchmarks.world import IBCS, Phone, enrol, make_offices, open_round
from infra.database import Database
from tests.postgres import postgresql
from tests.services import Service, valkey

REPORTS = Path(__file__).resolve().parent.parent / ".cache" / "bench"
MEASURES = ("push", "pull", "polls", "exchange", "sqlite")
CONSUMERS, CONSUMERS_ELSEWHERE = 2_000, 200
ROUND_OFFICER = 29
"""The last of the demonstration's officers; the others push."""

console = Console()


def main() -> int:
    """Measure what was asked for; 1 when something stays below its floor."""
    asked = _arguments()
    console.print(
        f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    results = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for result in _measure(asked, Path(folder)):
            results.append(result)
            console.print(
                f"{result.measure}: {result.ratio:.2f} ({result.rate:,.0f} {result.unit}/s)"
            )
    console.print(_table(results))
    _keep(results, asked)
    return int(any(result.ratio < result.floor for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", help="all when none is named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of load, each contender a round"
    )
    parser.add_argument("--server", choices=("gunicorn", "granian"), default="gunicorn")
    parser.add_argument("--gzip", action="store_true", help="phones pack what they push")
    return parser.parse_args()


def _measure(asked: argparse.Namespace, folder: Path) -> Iterator[Result]:
    measures = asked.measures or MEASURES
    if set(measures) - {"sqlite"}:
        with postgresql() as server, valkey() as queue:
            console.print(f"{server.found}; {queue.found}; {asked.server}, 2 processes × 8 threads")
            yield from _on_postgresql(asked, measures, folder, server, queue)
    if "sqlite" in measures:
        yield from sqlite_push.measure(folder, rounds=asked.rounds)


def _on_postgresql(
    asked: argparse.Namespace,
    measures: tuple[str, ...],
    folder: Path,
    server: Service,
    queue: Service,
) -> Iterator[Result]:
    settings = settings_of(server, queue, folder)
    times = {"rounds": asked.rounds, "seconds": asked.seconds}
    database = Database(server.url)
    make_offices(database, IBCS[:1], CONSUMERS)
    make_offices(database, IBCS[1:], CONSUMERS_ELSEWHERE)
    reader = enrol(database, IBCS[0], ROUND_OFFICER, 0)
    open_round(database, reader)
    phones = _phones(database)
    # What was written at once is analysed at once, as autovacuum would have done within a minute.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    # Clients are forked: they must not inherit an open connection.
    database.close()
    with web(settings, asked.server) as port, web(settings, asked.server, BARE) as bare_port:
        if "pull" in measures:
            yield from pull.measure(port, bare_port, reader, folder / "pages", **times)
        if "polls" in measures:
            yield from polls.measure(port, bare_port, phones["one"], **times)
        if "exchange" in measures:
            yield from exchange.measure(port, phones["exchange"][0])
        if "push" in measures:
            raw_url = server.url.replace("postgresql+psycopg://", "postgresql://")
            with books_worker(settings) as worker:
                yield from push.measure(
                    database,
                    raw_url,
                    port,
                    {name: phones[name] for name in ("one", "four")},
                    worker,
                    packed=asked.gzip,
                    **times,
                )
    database.close()


def _phones(database: Database) -> dict[str, list[Phone]]:
    """A phone a client: all at one IBC, and spread over the four."""
    return {
        "one": [enrol(database, IBCS[0], number, 1 + number) for number in range(CLIENTS)],
        "four": [
            enrol(database, IBCS[number % len(IBCS)], CLIENTS + number, 1 + CLIENTS + number)
            for number in range(CLIENTS)
        ],
        "exchange": [enrol(database, IBCS[0], 2 * CLIENTS, 1 + 2 * CLIENTS)],
    }


def _table(results: list[Result]) -> Table:
    table = Table(title="Ratios to the limit measured in the same run")
    table.add_column("measure")
    for name in ("ours/s", "limit/s", "ratio", "least–most", "floor", "p50/p99 ms"):
        table.add_column(name, justify="right")
    table.add_column("more")
    for one in results:
        colour = "red" if one.ratio < one.floor else "green"
        table.add_row(
            one.measure,
            f"{one.rate:,.0f}",
            f"{one.limit_rate:,.0f}",
            f"[{colour}]{one.ratio:.2f}[/]",
            f"{one.spread[0]:.2f}–{one.spread[1]:.2f}",
            f"{one.floor:.2f}",
            f"{one.p50_ms:.0f}/{one.p99_ms:.0f}" if one.p99_ms else "",
            ", ".join(f"{name} {value}" for name, value in one.more.items()),
        )
    return table


def _keep(results: list[Result], asked: argparse.Namespace) -> None:
    """One line of JSON per measure, so that runs can be compared later."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    head = {"at": at, "server": asked.server, "rounds": asked.rounds, "seconds": asked.seconds}
    lines = [orjson.dumps(head | one.line()) + b"\n" for one in results]
    (REPORTS / f"{at}.jsonl").write_bytes(b"".join(lines))


if __name__ == "__main__":
    sys.exit(main())
