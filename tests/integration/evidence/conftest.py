"""The whole web application on the database of the test, and phones that are enrolled and sign."""

import pytest

import api.context
from api.app import create_app
from api.context import EXTENSION, Parts
from auth import tokens
from auth.keys import keys_of
from auth.roles import Role
from auth.tokens import Claims
from infra.settings import Settings
from tests.building import NOW, an_office
from tests.integration.evidence.street import SECRET_KEY, Clock, Wire, enrolled
from tests.integration.office.desk import a_desk


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evidence")
    return create_app(
        Settings(
            database_url=f"sqlite:///{folder}/unused.sqlite",
            redis_url=f"unix://{folder}/nobody-listens",
            data_dir=folder,
            secret_key=SECRET_KEY,
        )
    )


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(NOW)
    monkeypatch.setattr(api.context, "now_ms", lambda: clock.at)
    return clock


@pytest.fixture
def app(application, database, clock, tmp_path):
    parts = application.extensions[EXTENSION]
    application.extensions[EXTENSION] = Parts(parts.settings, database, parts.bell)
    return application


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def wire(client):
    return Wire(client)


@pytest.fixture
def offices(database, ibc):
    """DEF, and CLF beside it."""
    return {"DEF": ibc, "CLF": an_office(database, "CLF", 7)}


@pytest.fixture
def enrol(client, database, offices, clock):
    """An officer's phone that signs: enrol(), enrol(officer=1), enrol("CLF")."""

    def make(code="DEF", officer=0):
        return enrolled(client, database, offices[code], officer, now=clock.at)

    return make


@pytest.fixture
def signer(enrol):
    return enrol()


@pytest.fixture
def desk(client, database):
    keys = keys_of(SECRET_KEY)

    def sit(role, code="DEF"):
        return a_desk(client, database, keys, code, Role(role))

    return sit


@pytest.fixture
def token_of():
    def issue(phone, now=NOW):
        claims = Claims(staff_id=phone.staff_id, device_id=phone.id, ibc_id=phone._kept("ibc"))
        return tokens.issue(keys_of(SECRET_KEY), claims, now=now)

    return issue
