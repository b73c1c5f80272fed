"""The whole web application on the database of the test, with a clock that stands still."""

import pytest

import api.context
from api.app import create_app
from api.context import EXTENSION, Parts
from auth.keys import keys_of
from auth.roles import Role
from infra.settings import Settings
from sync.books import post
from tests.building import NOW, a_bill, a_collection, a_phone, an_office, office_write
from tests.integration.office.desk import a_desk

SECRET_KEY = "a secret of the test, thirty-two bytes and more"
NOBODY = "0900000000009"


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """Made once: it opens nothing until it is asked, and each test gives it a database."""
    folder = tmp_path_factory.mktemp("application")
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
def client(app):
    return app.test_client()


@pytest.fixture
def desk(client, database):
    """Somebody with a role: desk("cashier"), desk("cashier", "CLF"), desk("cashier", name="2")."""
    keys = keys_of(SECRET_KEY)

    def sit(role, code="DEF", name="1"):
        return a_desk(client, database, keys, code, Role(role), name)

    return sit


@pytest.fixture
def books(database, ibc):
    """DEF with bills of Rs 1,000 for three consumers and money taken; everything posted."""
    bills = [
        a_bill(account, f"INV-{n}", current_paisa=100_000, bill_month="2026-03")
        for n, account in enumerate(ibc.accounts[:3])
    ]
    office_write(database, "DEF", *bills)
    phone = a_phone(database, ibc)
    rows = {
        "paid": phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001")),
        "more": phone.put("collection", a_collection(ibc.accounts[1], "Q3-000002")),
        "unknown": phone.put("collection", a_collection(NOBODY, "Q3-000003")),
    }
    phone.push(*rows.values())
    post(database, "DEF", NOW)
    return {name: row["record_id"] for name, row in rows.items()} | {
        f"{name}_mutation": row["id"] for name, row in rows.items()
    }


@pytest.fixture
def two_ibcs(database, books):
    """CLF beside DEF, with a bill, a receipt and an exception of its own."""
    other = an_office(database, "CLF", 7)
    office_write(database, "CLF", a_bill(other.accounts[0], "CLF-1", current_paisa=700_000))
    phone = a_phone(database, other)
    phone.push(
        phone.put("collection", a_collection(other.accounts[0], "Z9-000001")),
        phone.put("collection", a_collection(NOBODY, "Z9-000002")),
    )
    post(database, "CLF", NOW)
    return other
