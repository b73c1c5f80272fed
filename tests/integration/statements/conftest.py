"""A reconciler at the desk, and sources whose mappings are saved."""

import pytest

from tests.integration.office.conftest import app, application, client, desk
from tests.integration.statements.sending import AGENCY_SOURCE, BANK_SOURCE, MT940_SOURCE, save

__all__ = ["app", "application", "client", "desk"]


@pytest.fixture
def reconciler(desk, ibc):
    return desk("reconciler")


@pytest.fixture
def bank(reconciler):
    """A bank that sends CSV with a balance beside each line."""
    return save(reconciler, BANK_SOURCE)


@pytest.fixture
def swift(reconciler):
    """The same bank's account in MT940."""
    return save(reconciler, MT940_SOURCE)


@pytest.fixture
def agency(reconciler):
    """A wallet that sends what it took, with fees."""
    return save(reconciler, AGENCY_SOURCE)
