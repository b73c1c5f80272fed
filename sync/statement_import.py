"""One statement file into the tables: read to its end first, then stored in parts that count only together."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from infra.files import Files
from infra.ids import derived_id
from infra.limits import IMPORT_ROWS_MAX, STATEMENT_FAULTS_MAX
from ledger.statements.parts import Fault, Layout, Line
from ledger.statements.reading import Whole, read_statements
from models.reconciliation import StatementLine
from sync.office import Put, write
from sync.statement_gaps import note_gaps
from sync.statement_sources import Source, layout_of, source_of

BEAT_LINES = 5_000
"""Lines after which the reader says how far it has come."""


Tell = Callable[[int, int], None]
"""Is told how many lines of how many are stored."""


def in_silence(_done: int, _total: int) -> None:
    """Tell nobody."""


class Superseded(Exception):
    """Somebody else has begun to read this file, because we were silent too long."""


@dataclass(kw_only=True)
class _Import:
    """One reader's work on one file."""

    database: Database
    ibc_id: str
    file_id: str
    source: Source
    layout: Layout
    attempt: int
    clock: Callable[[], Milliseconds]
    tell: Tell
    sent_by: str
    read_count: int = 0
    wholes: list[Whole] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    """Statement by statement: how many of its lines are new."""
    first_fresh: list[int] = field(default_factory=list)
    """And the line of the file where the first of them stands."""
    hashes: list[Any] = field(default_factory=list)


def read_into_tables(
    database: Database,
    files: Files,
    ibc_id: str,
    file_id: str,
    *,
    attempt: int,
    clock: Callable[[], Milliseconds],
    tell: Tell,
) -> None:
    """Store the file's statements, or refuse the file with everything that is wrong with it."""
    with database.read() as connection:
        row = fetch(
            connection,
            "SELECT * FROM statement_files WHERE ibc_id = :ibc_id AND id = :id",
            ibc_id=ibc_id,
            id=file_id,
        )[0]
        source = source_of(connection, ibc_id, row.source_id)
    work = _Import(
        database=database,
        ibc_id=ibc_id,
        file_id=file_id,
        source=source,
        layout=layout_of(source, orjson.loads(row.said)),
        attempt=attempt,
        clock=clock,
        tell=tell,
        sent_by=row.sent_by,
    )
    path = files.find(row.sha256)
    if path is None:
        _end(work, [Fault(1, "file_is_lost")])
        return
    try:
        # 1 Read it to the end: nothing is stored of a file that cannot stand.
        with path.open("rb") as stream:
            faults = _faults(work, read_statements(stream, work.layout))
        if faults:
            _end(work, faults)
            return
        # 2 Store its lines, which count only when their statement is there.
        _clear(work)
        with path.open("rb") as stream:
            _store_lines(work, read_statements(stream, work.layout))
        # 3 Make the statements, all at once.
        if faults := _differing(work):
            _clear(work)
            _end(work, faults)
            return
        database.transact(lambda connection: _make_statements(connection, work))
    except Superseded:
        return


def _faults(work: _Import, parts: Iterator[Line | Whole | Fault]) -> list[Fault]:
    faults: list[Fault] = []
    for part in parts:
        if isinstance(part, Fault):
            faults.append(part)
            if len(faults) == STATEMENT_FAULTS_MAX:
                break
        elif isinstance(part, Line):
            work.read_count += 1
            if work.read_count % BEAT_LINES == 0:
                _beat(work, lines_read=work.read_count)
        else:
            work.wholes.append(part)
    if not faults:
        _beat(work, lines_read=work.read_count)
    return faults


def _store_lines(work: _Import, parts: Iterator[Line | Whole | Fault]) -> None:
    """A thousand lines to a transaction, so that a phone's push waits only for one of them."""
    rows = _rows(work, parts)
    stored = repeated = 0
    while chunk := list(islice(rows, IMPORT_ROWS_MAX)):
        new = _stored(work, chunk)
        stored += new
        repeated += len(chunk) - new
        _beat(work, lines_stored=stored, lines_repeated=repeated)
        work.tell(stored + repeated, work.read_count)


def _stored(work: _Import, chunk: Sequence[tuple[int, dict[str, Any]]]) -> int:
    return work.database.transact(lambda connection: _store_chunk(connection, work, chunk))


def _rows(
    work: _Import, parts: Iterator[Line | Whole | Fault]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """(which statement, row of a line), and a digest over each statement's lines."""
    seen: dict[bytes, int] = {}
    ordinal = 0
    statement = 0
    for part in parts:
        if isinstance(part, Whole):
            statement, ordinal = statement + 1, 0
            continue
        assert isinstance(part, Line), f"a file that was read without fault has {part}"
        if ordinal == 0:
            work.fresh.append(0)
            work.first_fresh.append(0)
            work.hashes.append(hashlib.sha256())
        ordinal += 1
        key = _key(work.source.id, part)
        seen[key] = seen.get(key, 0) + 1
        line_id = derived_id("statement_line", work.ibc_id, key.hex(), str(seen[key]))
        work.hashes[statement].update(line_id.encode())
        yield statement, _row(work, part, line_id, statement, ordinal)


def _key(source_id: str, line: Line) -> bytes:
    """What makes a line the same line in another file; equal ones of a file are counted."""
    said = [
        source_id,
        line.booked_on,
        line.value_on,
        line.amount_paisa,
        line.fee_paisa,
        line.reference,
        line.narration,
        line.account_no,
        line.txn_id,
    ]
    return hashlib.sha256(orjson.dumps(said)).digest()[:16]


def _row(work: _Import, line: Line, line_id: str, statement: int, ordinal: int) -> dict[str, Any]:
    return {
        "ibc_id": work.ibc_id,
        "id": line_id,
        "source_id": work.source.id,
        "file_id": work.file_id,
        "statement_id": _statement_id(work, statement),
        "ordinal": ordinal,
        "file_line": line.file_line,
        "booked_on": line.booked_on,
        "value_on": line.value_on,
        "amount_paisa": line.amount_paisa,
        "fee_paisa": line.fee_paisa,
        "reference": line.reference,
        "narration": line.narration,
        "account_no": line.account_no,
        "txn_id": line.txn_id,
        "returned": int(line.returned),
        "match_id": None,
        "barred": 0,
    }


def _statement_id(work: _Import, statement: int) -> str:
    return derived_id("statement", work.ibc_id, work.file_id, str(statement))


def _store_chunk(
    connection: Connection, work: _Import, chunk: Sequence[tuple[int, dict[str, Any]]]
) -> int:
    """Store the lines that no earlier file has brought; returns how many."""
    _still_ours(connection, work)
    ids = [row["id"] for _, row in chunk]
    known = {
        row.id
        for row in fetch(
            connection,
            f"SELECT id FROM statement_lines WHERE ibc_id = :ibc_id "
            f"AND {any_of(connection, 'id', 'ids')}",
            ibc_id=work.ibc_id,
            ids=listed(connection, ids),
        )
    }
    new = [(statement, row) for statement, row in chunk if row["id"] not in known]
    insert_rows(connection, StatementLine.__table__, [row for _, row in new])
    for statement, row in new:
        work.fresh[statement] += 1
        work.first_fresh[statement] = work.first_fresh[statement] or row["file_line"]
    return len(new)


def _clear(work: _Import) -> None:
    """Take away lines of this source whose file never came to its end; ours is the only reader."""

    def clear(connection: Connection) -> None:
        _still_ours(connection, work)
        connection.execute(
            text(
                "DELETE FROM statement_lines WHERE ibc_id = :ibc_id AND file_id IN "
                "(SELECT id FROM statement_files WHERE ibc_id = :ibc_id "
                "AND source_id = :source_id AND state <> 'stored')"
            ),
            {"ibc_id": work.ibc_id, "source_id": work.source.id},
        )

    work.database.transact(clear)


def _differing(work: _Import) -> list[Fault]:
    """Statements that we have under the same number and date, with other lines."""
    with work.database.read() as connection:
        return [
            Fault(work.first_fresh[n], f"statement_differs {whole.number} {whole.from_on}")
            for n, whole in enumerate(work.wholes)
            if whole.number and work.fresh[n] and _numbered(connection, work, whole)
        ]


def _numbered(connection: Connection, work: _Import, whole: Whole) -> bool:
    found = fetch(
        connection,
        "SELECT 1 FROM statements WHERE ibc_id = :ibc_id AND source_id = :source_id "
        "AND statement_no = :number AND from_on = :from_on LIMIT 1",
        ibc_id=work.ibc_id,
        source_id=work.source.id,
        number=whole.number,
        from_on=whole.from_on,
    )
    return bool(found)


def _make_statements(connection: Connection, work: _Import) -> None:
    """The moment from which the lines count: statements, gaps and the file's end, or nothing."""
    now = work.clock()
    puts = [
        Put("statement", _statement_id(work, n), _fields(work, n, whole))
        for n, whole in enumerate(work.wholes)
        if work.fresh[n]
    ]
    if puts:
        write(connection, work.ibc_id, author_id=work.sent_by, puts=puts, now=now)
        if not work.layout.is_agency:
            note_gaps(connection, work.ibc_id, work.source.id, [put.record_id for put in puts], now)
    _still_ours(connection, work)
    _set(
        connection,
        work,
        state="stored",
        statement_ids=orjson.dumps(_statements_of_lines(connection, work)).decode(),
        ended_at=now,
    )


def _fields(work: _Import, n: int, whole: Whole) -> dict[str, Any]:
    return {
        "source_id": work.source.id,
        "file_id": work.file_id,
        "statement_no": whole.number or None,
        "from_on": whole.from_on,
        "to_on": whole.to_on,
        "opening_paisa": whole.opening_paisa,
        "closing_paisa": whole.closing_paisa,
        "total_paisa": whole.total_paisa,
        "fee_paisa": whole.fee_paisa,
        "line_count": work.fresh[n],
        "repeated_count": whole.line_count - work.fresh[n],
        "lines_sha256": work.hashes[n].hexdigest(),
    }


def _statements_of_lines(connection: Connection, work: _Import) -> list[str]:
    """Ours, and those of earlier files that have the lines which ours repeats, by number or days."""
    ours = [_statement_id(work, n) for n in range(len(work.wholes)) if work.fresh[n]]
    repeated = [whole for n, whole in enumerate(work.wholes) if whole.line_count > work.fresh[n]]
    found = [
        row.id
        for whole in repeated
        for row in fetch(
            connection,
            "SELECT DISTINCT s.to_on, s.id FROM statements s WHERE s.ibc_id = :ibc_id "
            "AND s.source_id = :source_id AND s.from_on <= :to_on AND s.to_on >= :from_on "
            "ORDER BY s.to_on, s.id",
            ibc_id=work.ibc_id,
            source_id=work.source.id,
            from_on=whole.from_on,
            to_on=whole.to_on,
        )
    ]
    return list(dict.fromkeys([*ours, *found]))


def _end(work: _Import, faults: Sequence[Fault]) -> None:
    """Refuse the file: it says why, and nothing of it is stored."""

    def refuse(connection: Connection) -> None:
        _still_ours(connection, work)
        told = orjson.dumps([fault.wire() for fault in faults]).decode()
        _set(connection, work, state="refused", faults=told, lines_stored=0, ended_at=work.clock())

    work.database.transact(refuse)


def _beat(work: _Import, **counts: int) -> None:
    """Say that we live, and how far we are."""

    def say(connection: Connection) -> None:
        _still_ours(connection, work)
        _set(connection, work, beat_at=work.clock(), **counts)

    work.database.transact(say)


def _still_ours(connection: Connection, work: _Import) -> None:
    """Errors: Superseded when another reader has begun."""
    ours = connection.execute(
        text(
            "UPDATE statement_files SET attempt = attempt WHERE ibc_id = :ibc_id AND id = :id "
            "AND state = 'reading' AND attempt = :attempt"
        ),
        {"ibc_id": work.ibc_id, "id": work.file_id, "attempt": work.attempt},
    ).rowcount
    if not ours:
        raise Superseded(f"another reader has begun with file {work.file_id}")


def _set(connection: Connection, work: _Import, **columns: Any) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in columns)
    connection.execute(
        text(f"UPDATE statement_files SET {assignments} WHERE ibc_id = :ibc_id AND id = :id"),
        {**columns, "ibc_id": work.ibc_id, "id": work.file_id},
    )
