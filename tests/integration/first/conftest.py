"""The whole web application on the database of the test, and phones that reach it without a network."""

import pytest

import api.context
from api.app import create_app
from api.context import EXTENSION, Parts
from infra.files import Files
from infra.settings import Settings
from sync import snapshot
from tests.building import NOW
from tests.integration.first.phones import SECRET_KEY, Wire, a_device


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """Made once: it opens nothing until it is asked, and each test gives it a database."""
    folder = tmp_path_factory.mktemp("first")
    return create_app(
        Settings(
            database_url=f"sqlite:///{folder}/unused.sqlite",
            redis_url=f"unix://{folder}/nobody-listens",
            data_dir=folder,
            secret_key=SECRET_KEY,
        )
    )


@pytest.fixture
def app(application, database, monkeypatch):
    monkeypatch.setattr(api.context, "now_ms", lambda: NOW)
    parts = application.extensions[EXTENSION]
    application.extensions[EXTENSION] = Parts(parts.settings, database, parts.bell)
    return application


@pytest.fixture
def wire(app):
    return Wire(app.test_client())


@pytest.fixture
def files(app):
    return Files(app.extensions[EXTENSION].settings.files_dir)


@pytest.fixture
def small(monkeypatch):
    """Scopes of three rows are large, and a part holds four."""
    monkeypatch.setattr(snapshot, "SNAPSHOT_ROWS_MIN", 3)
    monkeypatch.setattr(snapshot, "PART_ROWS_MAX", 4)


@pytest.fixture
def renew(database, files, small):
    """Make the snapshots that are due."""
    return lambda code="DEF", now=NOW: snapshot.renew(database, files, code, now)


@pytest.fixture
def device(database, ibc, wire):
    """A phone of the officer who has the round."""
    return a_device(database, ibc, wire)
