"""The web application on the database of the test, which need not survive a crash here."""

import pytest
from sqlalchemy import event

from tests.integration.office.conftest import app, application, client

__all__ = ["app", "application", "client"]


@pytest.fixture
def hasty(database):
    """Nothing crashes here: the database need not wait for the disk, which takes half of the time."""

    def settle(connection, _record):
        off = "PRAGMA synchronous = OFF" if database.is_sqlite else "SET synchronous_commit = off"
        connection.execute(off)
        if not database.is_sqlite:
            connection.commit()

    event.listen(database.engine, "connect", settle)
    return database
