"""Fills an empty database with the demonstration IBC, through the same log as everything else."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import islice
from typing import TypeVar

from auth.passwords import HASHES_AT_ONCE_MAX, hash_secret
from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows
from infra.limits import IMPORT_ROWS_MAX
from models.demo import IBC_CODE, DemoCredential, demo, demo_credentials
from models.identity import Credential
from sync.books import post
from sync.office import Put, write
from sync.writing import begin_log

BILLING = "billing"
"""The author of what is imported from billing."""
RECORDS_A_CONSUMER = 3.65
"""Consumer, meter, bills, notices and stops, on average: only for the progress bar."""

Tell = Callable[[float, float, str], None]
Item = TypeVar("Item")


class NotEmpty(Exception):
    """The database already holds an IBC; seed an empty one."""


def seed(
    database: Database,
    *,
    consumers: int,
    seed_number: int,
    business_date: date,
    now: Milliseconds,
    tell: Tell,
) -> None:
    """Write the demonstration profile and bring the books up to it. Errors: NotEmpty."""
    with database.write() as connection:
        if fetch(connection, "SELECT 1 FROM log_heads LIMIT 1"):
            raise NotEmpty("the database already holds an IBC; seed an empty one")
        begin_log(connection, IBC_CODE)
        insert_rows(connection, Credential.__table__, _credentials())
    total = consumers * RECORDS_A_CONSUMER + 200
    done = 0
    for chunk in _in_chunks(demo(consumers, seed_number, business_date), IMPORT_ROWS_MAX):
        puts = [Put(record.entity, record.id, record.fields) for record in chunk]
        with database.write() as connection:
            write(connection, IBC_CODE, author_id=BILLING, puts=puts, now=now)
        done += len(chunk)
        tell(min(done, total), total, f"Importing {chunk[-1].entity}s")
    tell(total, total, "Writing the books")
    post(database, IBC_CODE, now)


def _credentials() -> list[dict[str, object]]:
    """Argon2 is meant to be slow, so as many at once as it allows."""
    with ThreadPoolExecutor(HASHES_AT_ONCE_MAX) as pool:
        return list(pool.map(_credential, demo_credentials()))


def _credential(person: DemoCredential) -> dict[str, object]:
    return {
        "staff_id": person.staff_id,
        "staff_no": person.staff_no,
        "password_hash": hash_secret(person.password) if person.password else None,
        "pin_hash": hash_secret(person.pin) if person.pin else None,
        "failures": 0,
        "locked_until": None,
    }


def _in_chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk
