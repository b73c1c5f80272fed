"""The whole web application on the database of the test, with a folder for its files, and phones that speak tus."""

import pytest

import api.context
import workers.attachments
from api.app import create_app
from api.context import EXTENSION, Parts
from auth import tokens
from auth.keys import keys_of
from auth.roles import Role
from auth.tokens import Claims
from infra.part_files import PartFiles
from infra.settings import Settings
from infra.store import store_of
from tests.building import NOW, a_phone, a_put, office_write
from tests.integration.attachments.sending import SECRET_KEY, Camera
from tests.integration.office.desk import a_desk


@pytest.fixture(scope="session")
def application(tmp_path_factory):
    """Made once: it opens nothing until it is asked, and each test gives it a database and a folder."""
    folder = tmp_path_factory.mktemp("attachments")
    return create_app(plain_settings(folder))


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until a test moves it."""
    standing = [NOW]
    monkeypatch.setattr(api.context, "now_ms", lambda: standing[0])
    monkeypatch.setattr(workers.attachments, "now", lambda: standing[0])
    return standing


@pytest.fixture
def settings(tmp_path):
    return plain_settings(tmp_path)


@pytest.fixture
def app(application, database, settings, clock):
    parts = application.extensions[EXTENSION]
    application.extensions[EXTENSION] = Parts(settings, database, parts.bell)
    return application


@pytest.fixture
def parts(settings):
    return PartFiles(settings.uploads_dir)


@pytest.fixture
def store(settings):
    return store_of(settings)


@pytest.fixture
def camera_of(app, database):
    """camera_of(ibc): an enrolled phone of one of its officers, that takes and sends photographs."""

    def enrol(ibc, officer=0, name="1"):
        phone = a_phone(database, ibc, officer, name)
        card = a_put(
            "staff", phone.officer_id, staff_no=f"O{ibc.code}{officer}", roles=["officer"],
            active=True,
        )  # fmt: skip
        device = a_put("device", phone.device_id, staff_id=phone.officer_id, state="active")
        office_write(database, ibc.code, card, device)
        claims = Claims(staff_id=phone.officer_id, device_id=phone.device_id, ibc_id=ibc.code)
        token = tokens.issue(keys_of(SECRET_KEY), claims, now=NOW)
        return Camera(app.test_client(), phone, token)

    return enrol


@pytest.fixture
def camera(camera_of, ibc):
    return camera_of(ibc)


@pytest.fixture
def work(database, parts, store, ibc):
    """The worker's job; returns how many files were settled."""
    return lambda code=ibc.code: workers.attachments.clean_all(database, parts, store, code)


@pytest.fixture
def desk(app, database):
    def sit(role="supervisor", code="DEF"):
        return a_desk(app.test_client(), database, keys_of(SECRET_KEY), code, Role(role))

    return sit


def plain_settings(folder, **more):
    return Settings(
        database_url=f"sqlite:///{folder}/unused.sqlite",
        redis_url=f"unix://{folder}/nobody-listens",
        data_dir=folder,
        secret_key=SECRET_KEY,
        **more,
    )
