import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.migrations.triggers import KEPT, drop_trigger_statements
from tests.integration.ledger.office import IBC

A = "0400000000001"


@pytest.mark.parametrize("table", KEPT)
@pytest.mark.parametrize("statement", ["UPDATE {} SET ibc_id = 'XXX'", "DELETE FROM {}"])
def test_what_is_written_is_never_changed(office, table, statement):
    office.append([office.bill(A, 500), office.collection(A, 500)])
    office.post()

    with (
        pytest.raises(DBAPIError, match="append-only"),
        office.database.write() as connection,
    ):
        connection.execute(text(statement.format(table)))


def test_an_unbalanced_entry_is_refused_by_postgresql(office):
    if office.database.is_sqlite:
        pytest.skip("SQLite has no statement-level trigger; the journal and M1 check it there")
    line = "INSERT INTO postings VALUES (:ibc, 1, 1, 1010, 'o/2026-04-08', 'D', 500)"

    with pytest.raises(DBAPIError, match="does not balance"), office.database.write() as connection:
        connection.execute(text(line), {"ibc": IBC})


@pytest.mark.owner
def test_the_triggers_go_away_again(office):
    office.append([office.bill(A, 500)])
    office.post()

    with office.database.write() as connection:
        for statement in drop_trigger_statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
        connection.execute(text("DELETE FROM allocations"))
        connection.execute(text("DELETE FROM postings"))

    assert office.balances() == {}
