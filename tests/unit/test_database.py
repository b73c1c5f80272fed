"""What a driver refuses reaches us as SQLAlchemy says it, on both databases."""

import pytest
from sqlalchemy.exc import IntegrityError

from infra.database import Database, insert_rows
from models.log import Claim


def test_a_row_that_is_there_already_is_an_integrity_error_of_sqlalchemy(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    row = {"ibc_id": "DEF", "kind": "receipt_no", "value": "A0-000001", "record_id": "x"}
    with database.write() as connection:
        Claim.__table__.create(connection)
        insert_rows(connection, Claim.__table__, [row])

    with pytest.raises(IntegrityError), database.write() as connection:
        insert_rows(connection, Claim.__table__, [row])
    database.close()
