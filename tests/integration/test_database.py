"""The database's own promises: retries, and connections that come back clean."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from infra.database import insert_rows
from models.log import Claim

CLAIM = {"ibc_id": "DEF", "kind": "receipt_no", "value": "Q3-000001", "record_id": "x"}


def test_a_second_row_of_one_key_is_an_integrity_error_of_sqlalchemy(database):
    with database.write() as connection:
        insert_rows(connection, Claim.__table__, [CLAIM])

    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, Claim.__table__, [CLAIM])


def test_a_commit_that_fails_leaves_no_open_transaction_behind(database):
    def fail(_connection):
        raise OSError("no space left on device")

    event.listen(database.engine, "commit", fail)
    with pytest.raises(OSError, match="no space left"), database.write() as connection:
        insert_rows(connection, Claim.__table__, [CLAIM])
    event.remove(database.engine, "commit", fail)

    with database.write() as connection:
        count = connection.execute(text("SELECT count(*) FROM claims")).scalar_one()
    assert count == 0
