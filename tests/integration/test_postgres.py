"""The PostgreSQL of the tests is one on which a promise about a crash means something."""

import psycopg
import pytest

from tests.postgres import postgresql


@pytest.fixture(scope="module")
def connection():
    with postgresql() as service:
        address = service.url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(address) as connection:
            yield connection


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_what_is_committed_is_on_the_disk(connection, setting):
    assert connection.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_its_version_is_one_that_we_support(connection):
    assert connection.info.server_version >= 150_000
