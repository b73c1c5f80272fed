"""Whose rows a piece of work may touch: PostgreSQL's row-level security, the second wall behind every `WHERE ibc_id`.

Whoever works says for which IBC, once, at the edge: a request, a job, a command. A connection that
is taken from the pool is told so before its first statement (infra/database.py), and what has not
said anything sees nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, text

SETTING = "app.ibc"
"""The setting of a PostgreSQL session that the policies read (models/migrations/walls.py)."""
NOBODY = ""
EVERY = "*"
"""For the directories above the IBCs (ruling 7: who signs in, whose phone is this) and for upkeep."""

_within: ContextVar[str] = ContextVar("within", default=NOBODY)


@contextmanager
def within(ibc_id: str) -> Iterator[None]:
    """Work for this IBC alone, or for EVERY; connections taken inside see no other's rows."""
    token = _within.set(ibc_id)
    try:
        yield
    finally:
        _within.reset(token)


def here() -> str:
    """The IBC for which this thread works now."""
    return _within.get()


@contextmanager
def across(connection: Connection) -> Iterator[None]:
    """In a transaction of one IBC, one question about all of them, such as "whose account is this?"."""
    if connection.dialect.name == "sqlite":
        yield
        return
    _tell(connection, EVERY)
    yield
    # Not in a `finally`: after an error the transaction takes no statement, and ends with it.
    _tell(connection, here())


def _tell(connection: Connection, ibc_id: str) -> None:
    """Until the transaction ends."""
    statement = text("SELECT set_config(:setting, :ibc_id, true)")
    connection.execute(statement, {"setting": SETTING, "ibc_id": ibc_id})
