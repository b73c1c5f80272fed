"""How many statements the hot paths take, and that each finds its rows by its index on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event

import infra.database
from infra.database import Database, fetch, insert_rows
from infra.ids import derived_id
from models import ENTITIES
from sync.pull import quiet_page
from tests.building import a_collection, a_visit, an_issue

PUSH_QUESTIONS_MAX = 5
"""The accounts, the lock, the chain with what waits, and what these facts may meet: issues of the
accounts for issues, cuts for money."""
DOORS = 2_000


class Said(NamedTuple):
    """A statement as the driver was given it."""

    statement: str
    parameters: Any


@contextmanager
def listening(database: Database) -> Iterator[list[Said]]:
    """Every question that is asked meanwhile; what is written goes another way to the driver."""
    said: list[Said] = []
    straight = infra.database._driver_fetch

    def hear(_connection, _cursor, statement, parameters, _context, _many):
        said.append(Said(statement, parameters))

    def heard(connection, statement, parameters):
        said.append(Said(statement, parameters))
        return straight(connection, statement, parameters)

    event.listen(database.engine, "before_cursor_execute", hear)
    infra.database._driver_fetch = heard
    try:
        yield said
    finally:
        infra.database._driver_fetch = straight
        event.remove(database.engine, "before_cursor_execute", hear)


def facts(phone, ibc, count):
    """As many facts as that, of three kinds, at doors that exist."""
    made = []
    for n in range(count):
        account = ibc.accounts[n % len(ibc.accounts)]
        match n % 3:
            case 0:
                receipt = f"Q3-{phone.seq + 1:06d}"
                made.append(phone.put("collection", a_collection(account, receipt)))
            case 1:
                made.append(phone.put("visit", a_visit(account)))
            case _:
                made.append(phone.put("meter_issue", an_issue(account)))
    return made


def test_a_push_takes_the_same_few_statements_whatever_its_size(database, ibc, phone):
    with listening(database) as small:
        pushed = phone.push(*facts(phone, ibc, 100))
    with listening(database) as large:
        phone.push(*facts(phone, ibc, 500))

    assert {outcome.outcome for outcome in pushed.outcomes} == {"applied"}
    reads = [said for said in small if said.statement != "BEGIN IMMEDIATE"]
    assert len(reads) <= PUSH_QUESTIONS_MAX
    assert [said.statement for said in small] == [said.statement for said in large]


def test_an_empty_poll_is_one_statement(database, phone):
    phone.pull_all()

    with listening(database) as said, database.glance() as connection:
        page = quiet_page(connection, phone.reader, phone.cursor)

    assert page is not None
    assert page.cursor == phone.cursor
    assert len(said) == 1


def test_a_quiet_page_says_what_a_pull_says(database, phone):
    phone.pull_all()
    with database.glance() as connection:
        quiet = quiet_page(connection, phone.reader, phone.cursor)

    pulled = phone.pull()

    assert quiet.json(0) == pulled.json(0)


def test_who_has_something_to_hear_gets_no_quiet_page(database, ibc, phone, second_phone):
    second_phone.pull_all()
    phone.push(*facts(phone, ibc, 1))

    with database.glance() as connection:
        page = quiet_page(connection, second_phone.reader, second_phone.cursor)

    assert page is None


def test_a_page_is_two_statements_however_many_scopes_have_moved(database, phone):
    with listening(database) as said:
        page = phone.pull()

    asked = [one for one in said if one.statement != "BEGIN"]
    assert page.count > 0
    assert len(asked) == 2


@pytest.fixture
def many_doors(database, owner, ibc):  # its consumers must be there
    """Doors enough that the planner must choose the right one of several indexes."""
    with database.write() as connection:
        (row,) = fetch(connection, "SELECT * FROM consumers LIMIT 1")
        doors = [
            row._asdict() | {"id": derived_id("door", str(n)), "account_no": f"99{n:011d}"}
            for n in range(DOORS)
        ]
        insert_rows(connection, ENTITIES["consumer"].table, doors)
    if not database.is_sqlite:
        # Only the owner gathers statistics; without them the planner guesses.
        with owner.glance() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE consumers")


HOT = {
    "FROM log_heads WHERE": ("log_heads", "ibc_id=?"),
    "FROM device_chains c LEFT JOIN": ("device_chains", "ibc_id=? AND device_id=?"),
    "FROM receipt_blocks b WHERE": ("ix_receipt_blocks_device", "ibc_id=? AND device_id=?"),
    "FROM consumers WHERE": ("ix_consumers_ibc_id_account_no", "ibc_id=? AND account_no=?"),
    "FROM waiting WHERE": ("waiting", "ibc_id=?"),
    "FROM claims WHERE": ("claims", "ibc_id=? AND kind=? AND value=?"),
    "body_hash, outcome": ("uq_mutations_id", "ibc_id=? AND id=?"),
    "LEFT JOIN grants": ("grants", "ibc_id=? AND holder=?"),
    "FROM feed": ("ix_feed_position", "ibc_id=? AND scope=? AND (seq,n)>(?,?)"),
}
"""A word of the statement → its index (or the table whose own key it uses) and the columns sought."""


@pytest.mark.parametrize("word", HOT)
@pytest.mark.usefixtures("many_doors")
def test_a_hot_statement_finds_its_rows_by_its_index(database, ibc, phone, word):
    sent = facts(phone, ibc, 3)
    with listening(database) as heard:
        phone.push(*sent)
        phone.push(*sent)  # a repeat looks up what it has seen and who holds a claim
        phone.pull()
    index, sought = HOT[word]

    plans = [plan(database, said) for said in heard if word in said.statement]

    assert plans
    for found in plans:
        assert uses_index(database, found, index, sought), found


def plan(database, said):
    """The plan as text; what is small PostgreSQL would read whole if it were left the choice."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            rows = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {said.statement}", said.parameters
            )
            return "\n".join(row.detail for row in rows)
        for method in ("seqscan", "bitmapscan"):
            connection.exec_driver_sql(f"SET LOCAL enable_{method} = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {said.statement}", said.parameters)
        return "\n".join(row[0] for row in rows)


def uses_index(database, plan_text, index, sought):
    if not database.is_sqlite:
        # An account names nearly one consumer in all IBCs: the index by account alone is as good.
        index = index.replace("ix_consumers_ibc_id_account_no", "ix_consumers_")
        return f" using {index}" in plan_text or f" using pk_{index}" in plan_text
    return any(
        line.startswith("SEARCH")
        and (f"INDEX {index} " in line or f"sqlite_autoindex_{index}_1 " in line)
        and sought in line
        for line in plan_text.splitlines()
    )
