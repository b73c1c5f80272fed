"""A consumer who may lawfully be cut, and the people who decide about it."""

import pytest

from infra.clock import from_rfc3339
from sync.books import post
from tests.building import a_bill, a_notice, a_put, office_write
from tests.integration.office.conftest import app, application, client, desk

__all__ = ["app", "application", "client", "desk"]

LAST_WEEK = from_rfc3339("2026-04-01T05:00:00.000Z")
"""NOW is Wednesday the 8th of April, two in the afternoon in Karachi."""
WEEK = [{"weekday": day, "from_minute": 480, "until_minute": 15 * 60} for day in range(1, 6)]
RULE = {
    "rule_no": "cut-2021",
    "effective_from": "2021-01-01",
    "effective_until": None,
    "clear_days": 7,
    "months_least": 2,
    "promise_days": 7,
    "data_hours": 12,
    "week": WEEK,
    "eve_until_minute": None,
    "protecting_flags": ["life_support"],
}


@pytest.fixture
def debtor(database, ibc):
    """Two months unpaid, the notice served on the 25th of March, everything in the books."""
    account_no = ibc.accounts[0]
    consumer = a_put("consumer", ibc.consumers[0], account_no=account_no, area_id=ibc.areas[0])
    consumer.fields.update(flags=[], supply_state="connected", walk_order=0)
    office_write(
        database,
        ibc.code,
        a_put("cut_rule", ibc.round_id, **RULE),
        a_put("area", ibc.areas[0], safety_level="normal"),
        consumer,
        a_bill(account_no, "B-2", bill_month="2026-02", due_date="2026-03-05", current_paisa=100),
        a_bill(account_no, "B-3", bill_month="2026-03", due_date="2026-04-02", current_paisa=100),
        a_notice(
            account_no, "N-1", state="served", served_on="2026-03-25", second_due_date="2026-04-02"
        ),
        now=LAST_WEEK,
    )
    post(database, ibc.code, LAST_WEEK)
    return account_no


@pytest.fixture
def supervisor(desk, ibc):
    return desk("supervisor")


@pytest.fixture
def manager(desk, ibc):
    return desk("ibc_manager")


@pytest.fixture
def clerk(desk, ibc):
    return desk("cashier")


@pytest.fixture
def codes(supervisor):
    """The codes of the reasons why an account may not be cut now."""

    def of(account_no):
        answer = supervisor.get(f"/consumers/{account_no}/gate")
        assert answer.status_code == 200, answer.text
        assert answer.json["is_open"] == (answer.json["reasons"] == [])
        return [reason["code"] for reason in answer.json["reasons"]]

    return of
