"""The log's hash chain, computed again by a test that imports nothing of it."""

import hashlib
import json

import pytest

from tests.building import a_collection, a_consumer, office_write
from tests.integration.sync.looking import one, rows

GENESIS = "0" * 64


def first_broken_link(database, code):
    """Recompute every link: SHA-256 over [previous, first seq, [[body hash, outcome, author] …]]."""
    log = rows(
        database,
        "SELECT seq, body, body_hash, outcome, author_id FROM mutations "
        "WHERE ibc_id = :ibc ORDER BY seq",
        ibc=code,
    )
    assert [row.seq for row in log] == list(range(1, len(log) + 1))
    previous, reached = GENESIS, 0
    for link in rows(
        database, "SELECT * FROM chain_links WHERE ibc_id = :ibc ORDER BY first_seq", ibc=code
    ):
        assert link.first_seq == reached + 1
        reached = link.last_seq
        part = log[link.first_seq - 1 : link.last_seq]
        for row in part:
            if hashlib.sha256(row.body.encode()).hexdigest() != row.body_hash:
                return link.first_seq
        items = [[row.body_hash, row.outcome, row.author_id] for row in part]
        text = json.dumps([previous, link.first_seq, items], separators=(",", ":"))
        previous = hashlib.sha256(text.encode()).hexdigest()
        if previous != link.hash:
            return link.first_seq
    head = one(database, "SELECT seq, chain_hash FROM log_heads WHERE ibc_id = :ibc", ibc=code)
    return None if (reached, previous) == tuple(head) else reached + 1


@pytest.fixture
def busy(database, phone, ibc):
    for n in range(5):
        taken = [phone.put("collection", a_collection(ibc.accounts[0], f"Q3-{n}0000{m}"))
                 for m in range(3)]  # fmt: skip
        phone.push(*taken)
        office_write(database, ibc.code, a_consumer(ibc.accounts[0], name=f"Name {n}"))


@pytest.mark.usefixtures("busy")
def test_the_chain_of_the_log_verifies(database, ibc, other_ibc):
    assert first_broken_link(database, ibc.code) is None
    assert first_broken_link(database, other_ibc.code) is None


@pytest.mark.usefixtures("busy", "tampering")
@pytest.mark.parametrize(
    "changing",
    [
        "UPDATE mutations SET outcome = 'held' WHERE seq = 17 AND ibc_id = 'DEF'",
        "UPDATE mutations SET author_id = 'somebody' WHERE seq = 17 AND ibc_id = 'DEF'",
        "UPDATE mutations SET body = replace(body, '500', '501') WHERE seq = 17 AND ibc_id = 'DEF'",
    ],
)
def test_a_changed_entry_breaks_its_link(database, ibc, changing):
    with database.write() as connection:
        connection.exec_driver_sql(changing)

    assert first_broken_link(database, ibc.code) == 16


@pytest.mark.usefixtures("busy", "tampering")
def test_a_tail_that_was_cut_off_is_seen_at_the_head(database, ibc):
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM mutations WHERE seq = 35")
        connection.exec_driver_sql("DELETE FROM chain_links WHERE last_seq = 35")

    assert first_broken_link(database, ibc.code) == 35
