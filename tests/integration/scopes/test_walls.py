"""Row-level security: what a forgotten WHERE would show, PostgreSQL does not."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from infra.database import Database, fetch
from infra.tenancy import EVERY, NOBODY, across, within
from models import Base
from models.migrations.walls import ABOVE, APP_ROLE, POLICY, TENANT_TABLES, put_up_walls


@pytest.fixture(autouse=True)
def on_postgresql(database):
    if database.is_sqlite:
        pytest.skip("SQLITE HAS NO ROW-LEVEL SECURITY: the conditions and the lint stand alone")


def ibcs_seen(connection, table):
    """Whose rows a query without any condition shows."""
    return {row.ibc_id for row in fetch(connection, f"SELECT DISTINCT ibc_id FROM {table}")}


def filled(connection):
    """Tables in which both IBCs have rows."""
    return [t for t in TENANT_TABLES if ibcs_seen(connection, t) >= {"DEF", "CLF"}]


def test_every_table_of_an_ibc_has_its_wall_and_no_other_is_left_out(database):
    with database.read() as connection:
        found = fetch(
            connection,
            "SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced, "
            "p.polname AS policy FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_policy p ON p.polrelid = c.oid "
            "WHERE n.nspname = 'public' AND c.relkind = 'r'",
        )

    walled = {row.name for row in found if row.forced and row.policy == POLICY}
    assert walled == set(TENANT_TABLES)
    assert {t.name for t in Base.metadata.sorted_tables} - walled == set(ABOVE)


def test_the_role_of_production_cannot_climb_over_it(database):
    with database.read() as connection:
        [role] = fetch(
            connection,
            "SELECT current_user AS name, rolsuper, rolbypassrls, rolcreaterole, "
            "(SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned "
            "FROM pg_roles r WHERE rolname = current_user",
        )

    assert role == (APP_ROLE, False, False, False, 0)


def test_a_query_without_a_condition_shows_one_ibc(database, two_ibcs):
    with database.read() as connection:
        tables = filled(connection)
    assert len(tables) > 20

    for ibc_id in ("DEF", "CLF"):
        with within(ibc_id), database.read() as connection:
            assert [t for t in tables if ibcs_seen(connection, t) != {ibc_id}] == []


def test_who_has_not_said_for_whom_he_works_sees_nothing(database, two_ibcs):
    with within(NOBODY), database.read() as connection:
        assert [t for t in TENANT_TABLES if ibcs_seen(connection, t)] == []


def test_nobody_writes_into_another_ibc(database, two_ibcs):
    claim = "INSERT INTO claims (ibc_id, kind, value, record_id) VALUES (:ibc, 'k', 'v', 'r')"
    rename = "UPDATE consumers SET name = 'x' WHERE ibc_id = 'CLF'"
    forget = "DELETE FROM members WHERE ibc_id = 'CLF'"
    take = "UPDATE consumers SET ibc_id = 'CLF' WHERE ibc_id = 'DEF'"

    for statement in (claim, take):
        with (
            within("DEF"),
            pytest.raises(ProgrammingError, match="row-level security"),
            database.write() as connection,
        ):
            connection.execute(text(statement), {"ibc": "CLF"} if statement == claim else {})
    with within("DEF"), database.write() as connection:
        for statement in (rename, forget):
            assert connection.execute(text(statement)).rowcount == 0


def test_a_connection_that_worked_for_one_ibc_works_for_the_next(template, two_ibcs):
    one_connection = Database(template, connections_max=1, role=APP_ROLE)
    seen = []
    for ibc_id in ("DEF", "DEF", "CLF", NOBODY, EVERY, "DEF"):
        with within(ibc_id), one_connection.read() as connection:
            seen.append(ibcs_seen(connection, "consumers"))
        with within(ibc_id), one_connection.glance() as connection:
            assert ibcs_seen(connection, "consumers") == seen[-1]
        # What a transaction that fails takes back must not be for whom it worked.
        with pytest.raises(ProgrammingError), within(ibc_id), one_connection.write() as connection:
            connection.execute(text("SELECT no_such_function()"))
    one_connection.close()

    assert seen == [{"DEF"}, {"DEF"}, {"CLF"}, set(), {"DEF", "CLF"}, {"DEF"}]


def test_the_same_ibc_again_costs_no_statement(template, two_ibcs):
    one_connection = Database(template, connections_max=1, role=APP_ROLE)
    with within("DEF"), one_connection.read() as connection:
        raw = connection.connection.dbapi_connection
    told = []
    execute = raw.execute

    def counted(*arguments):
        told.append(arguments)
        return execute(*arguments)

    raw.execute = counted
    for ibc_id in ("DEF", "DEF", "CLF", "CLF"):
        with within(ibc_id), one_connection.write():
            pass
    one_connection.close()

    assert [parameters for _, parameters in told] == [("app.ibc", "CLF")]


def test_a_question_across_the_ibcs_is_over_when_it_is_answered(database, two_ibcs):
    with within("DEF"), database.write() as connection:
        with across(connection):
            during = ibcs_seen(connection, "consumers")
        after = ibcs_seen(connection, "consumers")

    assert (during, after) == ({"DEF", "CLF"}, {"DEF"})


def test_the_walls_go_up_again_without_harm(owner, database, two_ibcs):
    with owner.write() as connection:
        put_up_walls(connection)

    with within("DEF"), database.read() as connection:
        assert ibcs_seen(connection, "consumers") == {"DEF"}


def test_the_owner_who_is_no_superuser_is_held_too(template, owner, two_ibcs):
    """FORCE: a table's owner passes its policies by otherwise."""
    with owner.write() as connection:
        connection.execute(text("CREATE TABLE walled (ibc_id text)"))
        connection.execute(text("INSERT INTO walled VALUES ('DEF'), ('CLF')"))
        connection.execute(text("ALTER TABLE walled ENABLE ROW LEVEL SECURITY"))
        connection.execute(text("ALTER TABLE walled FORCE ROW LEVEL SECURITY"))
        definition = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = :name"
        condition = connection.execute(text(f"{definition} LIMIT 1"), {"name": POLICY}).scalar_one()
        connection.execute(text(f"CREATE POLICY {POLICY} ON walled USING ({condition})"))
        connection.execute(text(f"ALTER TABLE walled OWNER TO {APP_ROLE}"))
    held = Database(template, role=APP_ROLE)
    with within("DEF"), held.read() as connection:
        seen = ibcs_seen(connection, "walled")
    held.close()
    with owner.write() as connection:
        connection.execute(text("DROP TABLE walled"))

    assert seen == {"DEF"}
