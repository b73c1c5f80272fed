"""The office's people at the desk, and an issue that two phones of one officer edit."""

import pytest

from tests.integration.desk.cases import CaseDesk, edit
from tests.integration.office.conftest import app, application, client, desk
from tests.integration.sync.looking import one

__all__ = ["app", "application", "client", "desk"]


@pytest.fixture
def issue(phone, second_phone, ibc, database):
    """A meter issue that both phones of the officer know at version 1."""
    row = phone.put(
        "meter_issue",
        {
            "account_no": ibc.accounts[0],
            "fault_code": "stuck",
            "severity": "normal",
            "safety": False,
            "reading_kwh": 100,
        },
    )
    phone.push(row)
    phone.pull_all()
    second_phone.pull_all()
    return row["record_id"]


@pytest.fixture
def conflict(phone, second_phone, issue):
    """The first phone says slow, the second fast: the outcome that the second was told."""
    phone.push_one(edit(phone, issue, fault_code="slow"))
    return second_phone.push_one(edit(second_phone, issue, fault_code="fast", severity="high"))


@pytest.fixture
def clerk(desk, ibc):
    return CaseDesk(desk("cashier"))


@pytest.fixture
def other_clerk(desk, ibc):
    return CaseDesk(desk("reconciler"))


@pytest.fixture
def supervisor(desk, ibc):
    return CaseDesk(desk("supervisor"))


@pytest.fixture
def stored(database):
    def value(field, issue):
        return one(database, f"SELECT {field} FROM meter_issues WHERE id = :id", id=issue)

    return value
