"""A database made by the migrations is the one that the declarations say, walls included."""

import os

import pytest
from sqlalchemy import create_engine, make_url, text

from infra.database import Database, fetch
from infra.ids import new_token
from models import Base
from models.migrations import commands
from models.migrations.walls import TENANT_TABLES


@pytest.fixture
def empty(tmp_path):
    """A database without a table."""
    server = os.environ.get("TEST_DATABASE_URL")
    if server is None:
        database = Database(f"sqlite:///{tmp_path}/empty.sqlite")
        yield database
        database.close()
        return
    name = f"empty_{new_token(6).lower().replace('-', '_')}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template0'))
    database = Database(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield database
    database.close()
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def test_after_all_migrations_nothing_differs_from_the_declarations(empty):
    with empty.write() as connection:
        commands.upgrade(connection)
    with empty.write() as connection:
        commands.upgrade(connection)  # again, as every start does

    with empty.read() as connection:
        assert commands.is_current(connection)
        assert commands.differences(connection) == []
        if not empty.is_sqlite:
            walled = fetch(
                connection,
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relforcerowsecurity",
            )
            assert sorted(row.relname for row in walled) == TENANT_TABLES
    assert set(TENANT_TABLES) < {table.name for table in Base.metadata.sorted_tables}
