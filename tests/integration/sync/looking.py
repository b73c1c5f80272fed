"""What stands in the tables, asked with plain SQL."""

from typing import Any

from sqlalchemy import text

from infra.database import Database


def rows(database: Database, statement: str, **parameters: Any) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(text(statement), parameters).all())


def one(database: Database, statement: str, **parameters: Any) -> Any:
    (row,) = rows(database, statement, **parameters)
    return row[0] if len(row) == 1 else row


def count(database: Database, table: str) -> int:
    return one(database, f"SELECT count(*) FROM {table}")


def everything(database: Database, *, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """All rows of all tables, to compare two states."""
    from models import Base  # noqa: PLC0415  # only the names of the tables

    return {
        table.name: sorted(map(repr, rows(database, f"SELECT * FROM {table.name}")))
        for table in Base.metadata.sorted_tables
        if table.name not in without
    }
