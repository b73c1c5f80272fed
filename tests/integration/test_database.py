"""What a driver refuses reaches us as SQLAlchemy says it, on both databases."""

import pytest
from sqlalchemy.exc import IntegrityError

from infra.database import insert_rows
from models.log import Claim


def test_a_row_that_is_there_already_is_an_integrity_error_of_sqlalchemy(database):
    row = {"ibc_id": "DEF", "kind": "receipt_no", "value": "A0-000001", "record_id": "x"}
    with database.write() as connection:
        insert_rows(connection, Claim.__table__, [row])

    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, Claim.__table__, [row])
