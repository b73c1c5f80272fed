"""What the lists ask stays fast when the books are large: plans, by SQLite's own word."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

LARGE = frozenset("epmscxr")
"""By these letters the readings name entries, postings, mutations, stops, collections, …"""
PATHS = (
    "/consumers/{account}/position",
    "/consumers?q=04",
    "/rounds",
    "/rounds/{round}/stops",
    "/balances",
    "/balances?code=1100",
    "/entries",
    "/entries?account=1100",
    "/entries?account=1100&of={account}",
    "/entries?source_id={collection}",
    "/exceptions",
    "/mutations/{mutation}",
    "/decisions",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_reading_walks_over_everything(path, books, ibc, database, desk):
    parts = {
        "account": ibc.accounts[0],
        "round": ibc.round_id,
        "collection": books["paid"],
        "mutation": books["paid_mutation"],
    }
    manager = desk("ibc_manager")
    plans = []

    with planned(database, plans):
        assert manager.get(path.format(**parts)).status_code == 200

    assert [step for step in plans if walks_over_everything(step)] == []
    assert not database.is_sqlite or plans


def test_a_page_of_balances_sums_no_account_that_it_does_not_show(books, database, desk):
    auditor = desk("auditor")
    plans = []

    with planned(database, plans):
        auditor.get("/balances")
        auditor.get("/balances?code=1100")

    assert not [step for step in plans if "FOR GROUP BY" in step]


def test_entries_of_an_account_do_not_walk_its_index_for_each_entry(books, database, desk):
    auditor = desk("auditor")
    plans = []

    with planned(database, plans):
        auditor.get("/entries?account=1100")

    assert not [step for step in plans if "CORRELATED" not in step and "COVERING" in step]


def walks_over_everything(step):
    words = step.split()
    return words[0] == "SCAN" and words[1] in LARGE


@contextmanager
def planned(database, plans):
    """Collect SQLite's plan of every statement asked meanwhile."""

    def explain(connection, _cursor, statement, parameters, *_):
        if statement.lstrip().startswith("SELECT"):
            other = connection.connection.cursor()
            rows = other.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.extend(row[3] for row in rows)
            other.close()

    if not database.is_sqlite:
        yield
        return
    event.listen(database.engine, "before_cursor_execute", explain)
    yield
    event.remove(database.engine, "before_cursor_execute", explain)
