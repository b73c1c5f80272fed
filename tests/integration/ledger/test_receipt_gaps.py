"""M10: a number that was skipped is found, unless something says what became of it."""

import pytest

from infra.ids import derived_id
from ledger.checks import CHECKS
from ledger.receipt_checks import blocks_have_no_gap
from models import ENTITIES
from models.declaration import Owner
from schemas.samples import sample_put
from sync.office import Put
from tests.building import a_collection, office_write, words


def found(database):
    with database.read() as connection:
        return [finding.where for finding in blocks_have_no_gap(connection, "DEF")]


@pytest.fixture
def skipping(database, ibc, phone):
    """A phone that printed 1, 2 and 5: what became of 3 and 4?"""
    for serial in (1, 2, 5):
        taken = phone.put("collection", a_collection(ibc.accounts[0], f"Q3-{serial:06d}"))
        assert words(phone.push(taken).outcomes) == ["applied"]
    return phone


def test_numbers_that_were_skipped_are_named(database, skipping):
    assert found(database) == ["receipt Q3-000003", "receipt Q3-000004"]
    assert blocks_have_no_gap in CHECKS["M10 receipt numbers are unique and without gaps"]


def test_what_the_office_has_explained_is_no_gap(database, skipping):
    explained = sample_put(ENTITIES["receipt_gap"], Owner.OFFICE) | {
        "device_id": skipping.device_id,
        "prefix": "Q3",
        "first_serial": 4,
        "last_serial": 4,
    }

    office_write(database, "DEF", Put("receipt_gap", derived_id("gap"), explained))

    assert found(database) == ["receipt Q3-000003"]


def test_what_came_and_was_held_or_refused_is_no_gap(database, ibc, skipping):
    held = skipping.put("collection", a_collection(ibc.accounts[0], "Q3-000003", tender="barter"))
    refused = skipping.put("collection", a_collection(ibc.accounts[0], "Q3-000004", amount_paisa=0))

    pushed = skipping.push(held, refused)

    assert words(pushed.outcomes) == ["held MALFORMED", "rejected"]
    assert found(database) == []


def test_while_something_of_the_chain_is_missing_it_may_be_these(database, ibc, skipping):
    skipping.put("collection", a_collection(ibc.accounts[0], "Q3-000003"))  # not sent
    skipping.push(skipping.put("collection", a_collection(ibc.accounts[0], "Q3-000006")))

    assert found(database) == []
