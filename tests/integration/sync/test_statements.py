"""The number of statements does not grow with the batch, and an empty pull asks one question."""

import pytest

from tests.building import a_collection, a_visit, an_issue
from tests.integration.sync.counting import statements


def a_day(phone, ibc, size):
    """Visits, money and meter issues, a third each."""
    for n in range(size):
        account = ibc.accounts[n % 6]
        match n % 3:
            case 0:
                yield phone.put("visit", a_visit(account))
            case 1:
                yield phone.put("collection", a_collection(account, f"Q3-{n:06d}"))
            case _:
                yield phone.put("meter_issue", an_issue(account))


@pytest.mark.parametrize("size", [100, 500])
def test_a_repeated_push_takes_the_same_few_statements(database, phone, ibc, size):
    batch = list(a_day(phone, ibc, size))
    phone.push(*batch)

    with statements(database) as seen:
        phone.push(*batch)

    assert len(seen) == 10, seen


def test_an_empty_pull_asks_one_question(database, phone):
    phone.pull_all()

    with statements(database) as seen:
        phone.pull()

    assert len(seen) == 1, seen


def test_a_pull_asks_one_question_more_for_each_scope_that_has_moved(
    database, phone, second_phone, ibc
):
    phone.pull_all()
    second_phone.push(second_phone.put("visit", a_visit(ibc.accounts[0])))

    with statements(database) as seen:
        phone.pull()

    assert len(seen) == 2, seen
