"""`python -m benchmarks.statements [LINES] [DATABASE_URL]`: lines against as many open slips, in time and memory."""

import random
import resource
import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from infra.clock import from_rfc3339, monotonic
from infra.database import Database, fetch
from infra.files import Files
from infra.ids import derived_id
from infra.tenancy import within
from models import Base
from models.migrations.triggers import later_statements, trigger_statements
from sync import statement_files
from sync.books import post
from sync.office import Put, write
from sync.reconciling import reconcile
from tests.building import CLERK, a_collection, a_phone, a_put, an_office
from tests.integration.statements.sending import BANK_SOURCE

NOW = from_rfc3339("2026-04-08T09:00:00.000Z")
DAYS = [f"2026-03-{day:02d}" for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23)]
BATCH = 1_000
COLLECTION_RS = 9_000_000
NAMED, LIKELY = 90, 97
"""Of a hundred lines: these name their slip, those after them only have its amount, the rest not even that."""


def fill(database: Database, count: int, chance: random.Random) -> list[tuple[str, str, int]]:
    """As many slips at the bank as lines will come; returns (day, number, rupees)."""
    office = an_office(database, "DEF", 4)
    slips = [
        (DAYS[n * len(DAYS) // count], f"{7_000_000 + n}", chance.randint(100, 2_000))
        for n in range(count)
    ]
    phone = a_phone(database, office)
    needed = sum(rupees for _, _, rupees in slips)
    rows = [
        phone.put(
            "collection",
            a_collection(office.accounts[0], f"Q3-{n + 1:06d}", amount_paisa=COLLECTION_RS * 100),
        )
        for n in range(needed // COLLECTION_RS + 1)
    ]
    phone.push(*rows)
    handovers = [
        a_put(
            "handover",
            derived_id("handover", str(n)),
            officer_id=phone.officer_id,
            session_date="2026-04-08",
            purpose="turn_in",
            count_id=None,
            cheque_ids=[],
            counted=None,
            counted_paisa=COLLECTION_RS * 100,
            state="accepted",
        )
        for n in range(len(rows))
    ]
    store(database, handovers)
    store(database, [deposit(*slip) for slip in slips])
    store(
        database,
        [
            a_put(
                "statement_source",
                derived_id("source"),
                **(BANK_SOURCE | {"date_form": "yyyy-mm-dd"}),
            )
        ],
    )
    while post(database, "DEF", NOW).lag:
        pass
    return slips


def deposit(day: str, number: str, rupees: int) -> Put:
    fields = {
        "kind": "cash",
        "bank_account": "HBL-1",
        "slip_no": number,
        "bag_no": None,
        "total_paisa": rupees * 100,
        "denominations": None,
        "cheque_ids": None,
        "photo_sha256": None,
        "deposited_on": day,
        "state": "at_bank",
    }
    return a_put("deposit", derived_id("deposit", number), **fields)


def store(database: Database, puts: list[Put]) -> None:
    for start in range(0, len(puts), BATCH):
        part = puts[start : start + BATCH]
        database.transact(lambda c, part=part: write(c, "DEF", author_id=CLERK, puts=part, now=NOW))


def a_file(slips: list[tuple[str, str, int]], chance: random.Random) -> bytes:
    """The bank's file: a line for each slip, most of which name it."""
    text, balance = BytesIO(), 0
    text.write(b"Date,Particulars,Chq No,Debit,Credit,Balance\n")
    for day, number, rupees in slips:
        kind = chance.randrange(100)
        words = f"CASH DEP SLIP {number} GIZRI" if kind < NAMED else "CASH DEPOSIT"
        amount = rupees if kind < LIKELY else rupees + 5_000
        balance += amount
        text.write(f"{day},{words},,,{amount},{balance}\n".encode())
    return text.getvalue()


def measure(database: Database, folder: Path, count: int) -> dict[str, Any]:
    """Seconds of each step, and what became of the lines."""
    chance = random.Random(1)
    took: dict[str, Any] = {}
    begun = monotonic()

    def lap(name: str) -> None:
        nonlocal begun
        took[name] = round(monotonic() - begun, 1)
        begun = monotonic()

    slips = fill(database, count, chance)
    lap("fill_s")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = Files(folder)
    file = statement_files.take_in(
        database,
        files,
        "DEF",
        source_code="HBL-CSV",
        chunks=[a_file(slips, chance)],
        said={},
        author_id=CLERK,
        now=NOW,
    )
    stored = statement_files.read_one(database, files, "DEF", file["id"], clock=lambda: NOW)
    assert stored["state"] == "stored", stored["faults"]
    lap("import_s")
    done = reconcile(database, "DEF", clock=lambda: NOW)
    lap("match_s")
    again = reconcile(database, "DEF", clock=lambda: NOW)
    lap("match_again_s")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with database.read() as connection:
        [arrived] = fetch(
            connection,
            "SELECT SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) AS paisa "
            "FROM postings WHERE ibc_id = 'DEF' AND account_code = 1210",
        )
        [matched] = fetch(
            connection, "SELECT SUM(amount_paisa) AS paisa FROM matches WHERE state = 'active'"
        )
    assert arrived.paisa == matched.paisa
    return took | {
        "lines": count,
        "matched": done.matched,
        "matched_again": again.matched,
        "suggested": done.suggested,
        "ambiguous": done.ambiguous,
        "unmatched": done.unmatched,
        "more_memory_mb": (after - before) // 1024,
    }


def make_tables(database: Database) -> None:
    Base.metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        for statements in (trigger_statements, later_statements):
            for statement in statements(connection.dialect.name):
                connection.exec_driver_sql(statement)


def main(count: str = "100000", url: str = "") -> None:
    with TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{folder}/bench.sqlite")
        make_tables(database)
        with within("DEF"):
            print(f"{database.name}: {measure(database, Path(folder) / 'files', int(count))}")
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
