"""A small world on SQLite in a temporary file, or on PostgreSQL by TEST_DATABASE_URL."""

import pytest

from auth.passwords import hash_secret
from infra.database import insert_rows
from models.log import LogHead
from tests.integration.auth.world import PASSWORD, PIN, World


@pytest.fixture(scope="session")
def hashes() -> tuple[str, str]:
    return hash_secret(PIN), hash_secret(PASSWORD)


@pytest.fixture
def world(database, hashes):
    with database.write() as connection:
        heads = [
            {"ibc_id": ibc_id, "epoch": f"epoch-{ibc_id}", "seq": 0, "chain_hash": ""}
            for ibc_id in ("DEF", "GIZ")
        ]
        insert_rows(connection, LogHead.__table__, heads)
    yield World(database, *hashes)
    database.close()
