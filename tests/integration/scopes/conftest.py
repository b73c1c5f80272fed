"""The office over HTTP, with officers who may be given rounds."""

import pytest

from sync.office import Put
from tests.building import office_write
from tests.integration.office.conftest import app, application, books, client, desk, two_ibcs

__all__ = ["app", "application", "books", "client", "desk", "two_ibcs"]


@pytest.fixture
def supervisor(desk, database, ibc):
    cards = [Put("staff", officer, {"roles": ["officer"]}) for officer in ibc.officers]
    office_write(database, "DEF", *cards)
    return desk("supervisor")
