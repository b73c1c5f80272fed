"""A small world on SQLite in a temporary file, or on PostgreSQL by TEST_DATABASE_URL."""

import os

import pytest

from auth.passwords import hash_secret
from infra.database import Database, insert_rows
from models import Base
from models.log import LogHead
from tests.integration.auth.world import PASSWORD, PIN, World


@pytest.fixture(scope="session")
def hashes() -> tuple[str, str]:
    return hash_secret(PIN), hash_secret(PASSWORD)


@pytest.fixture(scope="session")
def postgres_url():
    """A server's tables are made anew once: an earlier run may have left tables of an older shape."""
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        database = Database(url)
        Base.metadata.drop_all(database.engine)
        database.close()
    return url


@pytest.fixture
def world(tmp_path, hashes, postgres_url):
    database = Database(postgres_url or f"sqlite:///{tmp_path}/test.db")
    Base.metadata.create_all(database.engine)
    with database.write() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        heads = [
            {"ibc_id": ibc_id, "epoch": f"epoch-{ibc_id}", "seq": 0, "chain_hash": ""}
            for ibc_id in ("DEF", "GIZ")
        ]
        insert_rows(connection, LogHead.__table__, heads)
    yield World(database, *hashes)
    database.close()
