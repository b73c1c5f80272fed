"""What must stay secret stays out of the text of errors, because errors end up in logs."""

import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError

from auth.blocks import SECRETS
from infra.database import fetch, insert_rows

SECRET = "do-not-show-this"
ROW = {"ibc_id": "DEF", "device_id": "d-1", "receipt_secret": SECRET}


def test_a_failed_insert_does_not_show_what_it_would_have_written(world):
    with pytest.raises((DBAPIError, sqlite3.IntegrityError)) as failed:
        world.transact(insert_rows, SECRETS, [ROW, ROW])

    assert SECRET not in str(failed.value)


def test_a_failed_statement_does_not_show_its_parameters(world):
    with pytest.raises(DBAPIError) as failed:
        world.transact(fetch, "SELECT :secret FROM no_such_table", secret=SECRET)

    assert SECRET not in str(failed.value)
