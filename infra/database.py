"""The database, SQLite or PostgreSQL: begin, commit, and the few statements that differ between the two."""

import fcntl
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import orjson
import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import (
    Connection,
    Engine,
    FromClause,
    Table,
    TextClause,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import DBAPIError

from infra.postgres_rows import Shape, parameters_of, statement_of
from infra.tenancy import NOBODY, SETTING, here

ATTEMPTS_MAX = 5
"""Serialization failures, deadlocks and a busy SQLite are tried this often before they are said."""
BUSY_TIMEOUT_MS = 20_000
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
TRY_AGAIN_STATES = frozenset({"40001", "40P01", "55P03"})
"""serialization_failure, deadlock_detected, lock_not_available (PostgreSQL manual, appendix A)."""

NAMED_PARAMETER = re.compile(r"(?<![:\w]):(\w+)")
"""`:name`, and not the second colon of a cast."""

Result = TypeVar("Result")
Row = Mapping[str, Any]
OnConflict = Literal["fail", "ignore", "replace"]


class Database:
    """One database; `read` gives one snapshot, `write` one transaction that queues behind its like."""

    def __init__(self, url: str, *, connections_max: int = 16, role: str = "") -> None:
        """`role`: PostgreSQL only, the role to work as when it is not the one that signs in."""
        self.is_sqlite = url.startswith("sqlite")
        self.engine = (
            _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url, connections_max, role)
        )
        # SQLite's driver begins nothing by itself (see _settle), so there every look is one.
        self._glances = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._queue_path = f"{self.engine.url.database}.writers" if self.is_sqlite else None

    @property
    def name(self) -> str:
        return "SQLite" if self.is_sqlite else "PostgreSQL"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only look at one moment: all statements inside see the same snapshot."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """A look of one statement, which is a snapshot by itself: no BEGIN and no ROLLBACK."""
        with self._glances.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; commits at the end, rolls back when anything is raised."""
        with self._writers_queue(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            try:
                connection.commit()
            except BaseException:
                # SQLAlchemy takes the transaction for ended and would pool it still open.
                connection.invalidate()
                raise

    def transact(self, work: Callable[[Connection], Result]) -> Result:
        """Run `work` in one write transaction; the whole of it again when the database says so.

        Errors: whatever `work` raises, after a rollback; DBAPIError after ATTEMPTS_MAX tries.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == ATTEMPTS_MAX or not _worth_another_try(error):
                    raise
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _writers_queue(self) -> Iterator[None]:
        """SQLite's own busy handler is unfair; a file lock around the transaction queues writers.

        Measured with two processes: p99 49 ms with it, 196 ms without.
        """
        if self._queue_path is None or ":memory:" in self._queue_path:
            yield
            return
        with Path(self._queue_path).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def any_of(connection: Connection, column: str, parameter: str) -> str:
    """SQL for "column is one of the list given as `parameter`"; give the list through `listed`."""
    if connection.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:{parameter}))"
    return f"{column} = ANY(:{parameter})"


def listed(connection: Connection, values: Sequence[Any]) -> Any:
    """A list as one parameter, for `any_of`."""
    if connection.dialect.name == "sqlite":
        return orjson.dumps(list(values)).decode()
    return list(values)


def element(connection: Connection, column: str, index: int) -> str:
    """SQL for the whole number at a place of the JSON array in a column."""
    if connection.dialect.name == "sqlite":
        return f"json_extract({column}, '$[{index}]')"
    return f"({column}::json ->> {index})::bigint"


class Insert(NamedTuple):
    """Rows for one table. A column that a row does not name is null.

    `ignore` leaves rows that exist, `replace` sets every column that is not in `key` (the primary
    key when not given).
    """

    table: FromClause
    rows: Sequence[Row]
    on_conflict: OnConflict = "fail"
    key: tuple[str, ...] = ()


class Update(NamedTuple):
    """New values for rows of one table, each found by the columns of `key`."""

    table: FromClause
    rows: Sequence[Row]
    key: tuple[str, ...]


def write_all(connection: Connection, writes: Iterable[Insert | Update]) -> int:
    """Write to several tables at once; returns how many rows the last one wrote.

    No row may be written twice, nor any write depend on another: on PostgreSQL they are one
    statement. Under load a round trip costs as much as fifty rows, and the IBC's lock is held
    meanwhile.
    """
    wanted = [write for write in writes if write.rows]
    if not wanted:
        return 0
    if connection.dialect.name == "sqlite":
        return [_write_many(connection, write) for write in wanted][-1]
    shapes: list[Shape] = []
    parameters: list[str] = []
    for write in wanted:
        names = _names(write.rows)
        given, lines = parameters_of(write.rows, names)
        shapes.append(_shape(write, names, lines=lines))
        parameters += given
    return _driver_execute(connection, statement_of(tuple(shapes)), parameters)


def insert_rows(
    connection: Connection,
    table: FromClause,
    rows: Sequence[Row],
    *,
    on_conflict: OnConflict = "fail",
    key: Sequence[str] = (),
) -> int:
    """Insert many rows with one statement (see Insert); returns how many were written."""
    return write_all(connection, [Insert(table, rows, on_conflict, tuple(key))])


def update_rows(
    connection: Connection, table: FromClause, rows: Sequence[Row], *, key: Sequence[str]
) -> int:
    """Set the columns of many rows, each found by the columns of `key`; returns how many."""
    return write_all(connection, [Update(table, rows, tuple(key))])


def fetch(connection: Connection, statement: str, /, **parameters: Any) -> Sequence[Any]:
    """All rows of a query, as named tuples."""
    if connection.dialect.name == "sqlite":
        return connection.execute(_parsed(statement), parameters).all()
    return _driver_fetch(connection, _driver_sql(statement), parameters)


@lru_cache(maxsize=512)
def _parsed(statement: str) -> TextClause:
    """Reading the parameters' names out of a statement costs as much as a look-up by key."""
    return text(statement)


@lru_cache(maxsize=512)
def _driver_sql(statement: str) -> str:
    """The same with `%(name)s` for `:name`, as PostgreSQL's driver wants it."""
    return NAMED_PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))


def _names(rows: Sequence[Row]) -> tuple[str, ...]:
    """Every column that some row names; most rows name the same in the same order."""
    return tuple(dict.fromkeys(chain.from_iterable(dict.fromkeys(map(tuple, rows)))))


def _shape(write: Insert | Update, names: tuple[str, ...], *, lines: bool) -> Shape:
    assert isinstance(write.table, Table)
    if isinstance(write, Update):
        return Shape(write.table, names, "", write.key, lines)
    tail = _conflict_tail(write.table, names, write.on_conflict, write.key)
    return Shape(write.table, names, tail, (), lines)


def _write_many(connection: Connection, write: Insert | Update) -> int:
    """The same on SQLite: `executemany`, which measured faster there than reading JSON."""
    names = _names(write.rows)
    assert isinstance(write.table, Table)
    if isinstance(write, Update):
        wanted = [name for name in names if name not in write.key]
        assignments = ", ".join(f"{name} = ?" for name in wanted)
        where = " AND ".join(f"{name} = ?" for name in write.key)
        statement = f"UPDATE {write.table.name} SET {assignments} WHERE {where}"
        names = (*wanted, *write.key)
    else:
        holes = ", ".join("?" for _ in names)
        tail = _conflict_tail(write.table, names, write.on_conflict, write.key)
        statement = f"INSERT INTO {write.table.name} ({', '.join(names)}) VALUES ({holes}){tail}"
    return _driver_many(connection, statement, [tuple(map(row.get, names)) for row in write.rows])


def _conflict_tail(
    table: Table, names: Sequence[str], on_conflict: OnConflict, key: Sequence[str]
) -> str:
    if on_conflict == "fail":
        return ""
    if on_conflict == "ignore":
        return " ON CONFLICT DO NOTHING"
    key = key or [column.name for column in table.primary_key]
    assignments = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {assignments}"


def _driver_many(connection: Connection, statement: str, values: list[tuple[Any, ...]]) -> int:
    """`executemany` of the driver itself: SQLAlchemy's own loop costs three times as much."""
    with _raising_as_sqlalchemy(connection, statement, sqlite3.Error):
        cursor = connection.connection.cursor()
        cursor.executemany(statement, values)
        return cursor.rowcount


def _driver_execute(connection: Connection, statement: str, parameters: list[str]) -> int:
    """One statement with `$1` placeholders: looking for names in ten thousand characters, as both
    SQLAlchemy and the driver's own cursor would, costs as much as writing fifty rows.
    """
    with (
        _raising_as_sqlalchemy(connection, statement, psycopg.Error),
        psycopg.RawCursor(_driver(connection)) as cursor,
    ):
        cursor.execute(statement, parameters)
        return cursor.rowcount


def _driver_fetch(
    connection: Connection, statement: str, parameters: dict[str, Any]
) -> Sequence[Any]:
    """A query of PostgreSQL by its driver: SQLAlchemy's way to it costs as much again."""
    with (
        _raising_as_sqlalchemy(connection, statement, psycopg.Error),
        _driver(connection).cursor(row_factory=namedtuple_row) as cursor,
    ):
        cursor.execute(statement, parameters)
        rows: Sequence[Any] = cursor.fetchall()
        return rows


def _driver(connection: Connection) -> Any:
    """The driver's connection, after SQLAlchemy has been told that a transaction begins."""
    if not connection.in_transaction():
        connection.begin()
    return connection.connection.driver_connection


@contextmanager
def _raising_as_sqlalchemy(
    connection: Connection, statement: str, base: type[Exception]
) -> Iterator[None]:
    """Errors of a driver as SQLAlchemy's, or who catches those (a batch that was seen before, a
    database that is locked) would not see them.
    """
    try:
        yield
    except base as error:
        is_gone = bool(getattr(connection.connection.driver_connection, "broken", False))
        if is_gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement, None, error, base, hide_parameters=True, connection_invalidated=is_gone
        ) from error


def _worth_another_try(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    # A connection that died may have committed: everything written here is safe to write again.
    return (
        error.connection_invalidated
        or state in TRY_AGAIN_STATES
        or "database is locked" in str(error.orig)
    )


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(
        url,
        # Parameters are receipt secrets, hashes and people's names; errors end up in logs.
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: object) -> None:
        # We begin transactions ourselves: the driver would begin them late, and DEFERRED.
        connection.isolation_level = None
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgres_engine(url: str, connections_max: int, role: str) -> Engine:
    # force_custom_plan: a plan made on an empty table and kept fell from 23,000 to 2,800 rows/s.
    options = " ".join(
        f"-c {name}={value}"
        for name, value in {
            "jit": "off",
            "plan_cache_mode": "force_custom_plan",
            "statement_timeout": STATEMENT_TIMEOUT_MS,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
            "timezone": "UTC",
            **({"role": role} if role else {}),
        }.items()
    )
    engine = create_engine(
        url,
        pool_size=connections_max,
        max_overflow=0,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 5},
    )
    event.listen(engine, "checkout", _enter)
    return engine


def _enter(connection: Any, record: Any, _proxy: object) -> None:
    """Tell a connection for whom it is taken; it remembers, and is mostly taken for the same one."""
    wanted = here()
    if record.info.get(SETTING, NOBODY) == wanted:
        return
    # Outside of any transaction, or the pool's ROLLBACK would take it back.
    connection.autocommit = True
    connection.execute("SELECT set_config(%s, %s, false)", (SETTING, wanted))
    connection.autocommit = False
    record.info[SETTING] = wanted
