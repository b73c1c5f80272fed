import os
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.database import Database
from models import Base
from models.migrations.triggers import trigger_statements
from tests.integration.ledger.office import Office

URLS = ["sqlite"] + (["postgresql"] if os.environ.get("TEST_DATABASE_URL") else [])


@pytest.fixture(params=URLS)
def database(request, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/books.db"
    if request.param == "postgresql":
        url = os.environ["TEST_DATABASE_URL"]
    database = Database(url)
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        Base.metadata.create_all(connection)
        for statement in trigger_statements(connection.dialect.name):
            connection.exec_driver_sql(statement)
    yield database
    database.close()


@pytest.fixture
def office(database):
    return Office(database)
