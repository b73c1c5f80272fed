"""Statements on their way to the database: counted, or stopped at the n-th as a kill would."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

import infra.database
from infra.database import Database

STRAIGHT_TO_THE_DRIVER = ("_driver_many", "_driver_execute", "_driver_fetch")
TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK")


class Killed(BaseException):
    """The process ends here: no handler of ours may catch it."""


@contextmanager
def before_each_statement(database: Database, see: Callable[[str], None]) -> Iterator[None]:
    """Call `see` before every statement, those that go straight to the driver included."""
    straight = {name: getattr(infra.database, name) for name in STRAIGHT_TO_THE_DRIVER}

    def on_execute(_connection, _cursor, statement, *_rest):
        see(statement)

    def on_commit(_connection):
        see("COMMIT")

    def seen(run):
        def and_run(connection, statement, parameters):
            see(statement)
            return run(connection, statement, parameters)

        return and_run

    event.listen(database.engine, "before_cursor_execute", on_execute)
    event.listen(database.engine, "commit", on_commit)
    for name, run in straight.items():
        setattr(infra.database, name, seen(run))
    try:
        yield
    finally:
        for name, run in straight.items():
            setattr(infra.database, name, run)
        event.remove(database.engine, "before_cursor_execute", on_execute)
        event.remove(database.engine, "commit", on_commit)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that are run inside, without those that begin and end transactions."""
    seen: list[str] = []

    def see(statement: str) -> None:
        if not statement.startswith(TRANSACTION_WORDS):
            seen.append(statement)

    with before_each_statement(database, see):
        yield seen


@contextmanager
def killed_at(database: Database, nth: int) -> Iterator[None]:
    """The n-th statement, counted from 1, is not run any more."""
    left = nth

    def see(statement: str) -> None:
        nonlocal left
        if statement.startswith("ROLLBACK"):
            return
        left -= 1
        if left == 0:
            raise Killed(f"before {statement[:60]!r}")

    with before_each_statement(database, see):
        yield
