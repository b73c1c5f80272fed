"""The office of the ledger's tests, on the database of the test."""

import pytest

from models.migrations.triggers import (
    drop_trigger_statements,
    later_statements,
    trigger_statements,
)
from tests.integration.ledger.office import Office


@pytest.fixture
def office(database):
    return Office(database)


@pytest.fixture(autouse=True)
def triggers_stand_again(owner):
    """A test that plants a fault takes triggers away; PostgreSQL's tables outlive the test."""
    yield
    if owner.is_sqlite:
        return
    with owner.engine.begin() as connection:
        dialect = connection.dialect.name
        for statement in [
            *drop_trigger_statements(dialect),
            *trigger_statements(dialect),
            *later_statements(dialect),
        ]:
            connection.exec_driver_sql(statement)
