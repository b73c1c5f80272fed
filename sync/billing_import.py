"""Takes a file of billing's in: looked through first, then a thousand rows a transaction, from where it stopped."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows, update_rows
from infra.ids import derived_id
from infra.limits import IMPORT_FILE_BYTES_MAX, IMPORT_FILE_ROWS_MAX, IMPORT_ROWS_MAX
from models import Entity
from models.exchange import ImportFile, ImportRefusal
from sync.billing_rows import (
    ACCOUNT_DIGITS,
    CellRefused,
    FileRefused,
    Head,
    Line,
    Read,
    account_of,
    head_of,
    is_end,
    lines_of,
    promised,
    readers_of,
    values_of,
    whole_of,
)
from sync.imports import BILLING_KEYS, store
from sync.writing import lock_head

AREA = "area"
"""Billing names an area in words; this column stands for `area_id`."""
TOTALLED = ("bill", "current_paisa")
"""The kind, and its column, whose sum the last line may promise."""
READING, DONE = "reading", "done"
KEY_BYTES = 8
"""Of a hash: enough to tell a million numbers apart, and small enough to remember them all."""

Report = dict[str, Any]
Tell = Callable[[int, int], None]
"""Called behind each commit with the lines taken in and the lines there are."""


class Again(NamedTuple):
    """A row whose number an earlier row of the same file has."""

    first_line: int


@dataclass
class Looked:
    """What a first look through the whole file found, before anything is written."""

    head: Head
    sha256: str
    byte_count: int
    row_count: int = 0
    last_line: int = 1
    again: dict[int, Again] = field(default_factory=dict)


def take_in(
    database: Database,
    ibc_id: str,
    entity: Entity,
    path: Path,
    *,
    name: str,
    author_id: str,
    now: Milliseconds,
    tell: Tell = lambda _done, _lines: None,
) -> Report:
    """Take a file in, or go on with it where it stopped; the same file again changes nothing.

    Errors: FileRefused (nothing of it was stored), UnknownIbc.
    """
    # 1 Look through all of it: a file that is cut off or not ours must not be half stored.
    looked = look(entity, path)
    file_id = derived_id("import", ibc_id, entity.name, looked.sha256)

    # 2 Seen before? Go on behind its last line.
    database.transact(
        lambda c: _begin(c, ibc_id, entity, file_id, looked, name=name, by=author_id, now=now)
    )
    report = file_report(database, ibc_id, file_id)

    # 3 A thousand rows a transaction; between two of them phones push.
    areas = _areas(database, ibc_id) if AREA in looked.head.columns else {}
    with path.open("rb") as file:
        rows = _rows_after(file, report["lines_done"])
        while chunk := list(islice(rows, IMPORT_ROWS_MAX)):
            taking = Taking(ibc_id, entity, file_id, looked, areas, author_id, now)
            database.transact(partial(taking.take, lines=chunk))
            tell(chunk[-1].number, looked.last_line)
    database.transact(lambda c: _end(c, ibc_id, file_id, looked, now))
    return file_report(database, ibc_id, file_id)


def look(entity: Entity, path: Path) -> Looked:
    """Read the whole file once, storing nothing. Errors: FileRefused."""
    size = path.stat().st_size
    if size > IMPORT_FILE_BYTES_MAX:
        raise FileRefused(0, f"file_too_large {IMPORT_FILE_BYTES_MAX}")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        lines = lines_of(file)
        first = next(lines, None)
        if first is None:
            raise FileRefused(1, "file_empty")
        looked = Looked(head_of(first, *_columns(entity)), sha256, size)
        _look_at_rows(entity, lines, looked)
    return looked


def _look_at_rows(entity: Entity, lines: Iterator[Line], looked: Looked) -> None:
    columns = looked.head.columns
    key_at = columns.index(BILLING_KEYS[entity.name])
    kind, total_of = TOTALLED
    total_at = columns.index(total_of) if entity.name == kind and total_of in columns else None
    seen: dict[bytes, int] = {}
    total, ended = 0, False
    for line in lines:
        if ended and line.text.strip():
            raise FileRefused(line.number, "after_the_end")
        if is_end(line):
            ended = True
            _check_promise(line, looked.row_count, total, has_total=total_at is not None)
            continue
        looked.last_line = line.number
        if not line.text.strip():
            continue
        looked.row_count += 1
        if looked.row_count > IMPORT_FILE_ROWS_MAX:
            raise FileRefused(line.number, f"too_many_rows {IMPORT_FILE_ROWS_MAX}")
        try:
            cells = looked.head.cells(line)
        except CellRefused:
            continue
        first = seen.setdefault(_key(entity, cells[key_at]), line.number)
        if first != line.number:
            looked.again[line.number] = Again(first)
        if total_at is not None:
            total += _as_total(cells[total_at])


def _check_promise(line: Line, row_count: int, total: int, *, has_total: bool) -> None:
    rows, promised_total = promised(line)
    if rows != row_count:
        raise FileRefused(line.number, f"rows_do_not_add_up {rows} {row_count}")
    if promised_total is not None and has_total and promised_total != total:
        raise FileRefused(line.number, f"total_does_not_add_up {promised_total} {total}")


def _key(entity: Entity, cell: str) -> bytes:
    text = cell.strip()
    if BILLING_KEYS[entity.name] == "account_no":
        try:
            text = account_of(text)
        except CellRefused:
            text = cell
    return hashlib.blake2b(text.encode(), digest_size=KEY_BYTES).digest()


def _as_total(cell: str) -> int:
    try:
        return whole_of(cell.strip())
    except CellRefused:
        return 0


@dataclass(frozen=True)
class Taking:
    """One transaction's worth of a file."""

    ibc_id: str
    entity: Entity
    file_id: str
    looked: Looked
    areas: Mapping[str, str]
    author_id: str
    now: Milliseconds

    def take(self, connection: Connection, lines: list[Line]) -> None:
        """Store these lines and say so in the same transaction: after a kill nothing is twice."""
        lock_head(connection, self.ibc_id)
        at = _file_row(connection, self.ibc_id, self.file_id)
        ahead = [line for line in lines if line.number > at["lines_done"]]
        if not ahead:
            return
        texts = {line.number: line.text for line in ahead}
        fields, errors, padded = self._read(ahead)
        stored, unchanged = 0, 0
        if fields:
            imported = store(
                connection,
                self.ibc_id,
                self.entity,
                fields,
                author_id=self.author_id,
                now=self.now,
            )
            stored, unchanged = imported.stored, imported.unchanged
            errors |= imported.errors
        refusals = [
            {
                "ibc_id": self.ibc_id,
                "file_id": self.file_id,
                "line_no": number,
                "errors": orjson.dumps(said).decode(),
                "text": texts[number],
            }
            for number, said in sorted(errors.items())
        ]
        insert_rows(connection, ImportRefusal.__table__, refusals)
        moved = {
            "ibc_id": self.ibc_id,
            "id": self.file_id,
            "lines_done": ahead[-1].number,
            "stored": at["stored"] + stored,
            "unchanged": at["unchanged"] + unchanged,
            "refused": at["refused"] + len(refusals),
            "padded": at["padded"] + padded,
            "moved_at": self.now,
        }
        update_rows(connection, ImportFile.__table__, [moved], key=("ibc_id", "id"))

    def _read(
        self, lines: list[Line]
    ) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, str]], int]:
        """Line → fields, line → why not, and how many accounts got their zeros back."""
        fields: dict[int, dict[str, Any]] = {}
        errors: dict[int, dict[str, str]] = {}
        padded = 0
        head, readers = self.looked.head, self._readers()
        account_at = head.columns.index("account_no")
        for line in lines:
            if (again := self.looked.again.get(line.number)) is not None:
                key = BILLING_KEYS[self.entity.name]
                errors[line.number] = {key: f"twice_in_file {again.first_line}"}
                continue
            try:
                cells = head.cells(line)
            except CellRefused as refusal:
                errors[line.number] = {"line": str(refusal)}
                continue
            values, said = values_of(head.columns, readers, cells)
            if said:
                errors[line.number] = said
                continue
            if AREA in values:
                values["area_id"] = values.pop(AREA)
            fields[line.number] = values
            padded += len(cells[account_at].strip()) < ACCOUNT_DIGITS
        return fields, errors, padded

    def _readers(self) -> list[Read]:
        names = [name for name in self.looked.head.columns if name != AREA]
        by_name = dict(zip(names, readers_of(self.entity, names), strict=True))
        return [by_name.get(name, self._area_id) for name in self.looked.head.columns]

    def _area_id(self, text: str) -> str:
        if text.lower() not in self.areas:
            raise CellRefused("unknown_area")
        return self.areas[text.lower()]


def file_report(database: Database, ibc_id: str, file_id: str) -> Report:
    """How far a file is, with the columns of its row."""
    with database.read() as connection:
        return _file_row(connection, ibc_id, file_id)


def files(
    connection: Connection, ibc_id: str, *, after: tuple[Milliseconds, str], limit: int
) -> list[Report]:
    """Files in the order in which they were begun."""
    found = fetch(
        connection,
        "SELECT * FROM import_files WHERE ibc_id = :ibc_id "
        "AND (begun_at, id) > (:at, :id) ORDER BY begun_at, id LIMIT :limit",
        ibc_id=ibc_id,
        at=after[0],
        id=after[1],
        limit=limit,
    )
    return [row._asdict() for row in found]


def refusals(
    connection: Connection, ibc_id: str, file_id: str, *, after: int, limit: int
) -> list[Report]:
    """Rows that were refused, by line, with their reasons and their text."""
    found = fetch(
        connection,
        "SELECT line_no, errors, text FROM import_refusals WHERE ibc_id = :ibc_id "
        "AND file_id = :file_id AND line_no > :after ORDER BY line_no LIMIT :limit",
        ibc_id=ibc_id,
        file_id=file_id,
        after=after,
        limit=limit,
    )
    return [{**row._asdict(), "errors": orjson.loads(row.errors)} for row in found]


def _columns(entity: Entity) -> tuple[frozenset[str], frozenset[str]]:
    """Columns that a file of this kind may have, and those that it must have."""
    extra = {AREA} if "area_id" in entity.names else set()
    return frozenset({*entity.names, *extra}), frozenset({"account_no", BILLING_KEYS[entity.name]})


def _rows_after(file: BinaryIO, lines_done: int) -> Iterator[Line]:
    """The rows behind a line; the head, empty lines and the last line's promise are none."""
    for line in lines_of(file):
        if line.number > max(lines_done, 1) and line.text.strip() and not is_end(line):
            yield line


def _begin(
    connection: Connection,
    ibc_id: str,
    entity: Entity,
    file_id: str,
    looked: Looked,
    *,
    name: str,
    by: str,
    now: Milliseconds,
) -> None:
    lock_head(connection, ibc_id)
    row = {
        "ibc_id": ibc_id,
        "id": file_id,
        "kind": entity.name,
        "name": name,
        "sha256": looked.sha256,
        "byte_count": looked.byte_count,
        "row_count": looked.row_count,
        **dict.fromkeys(("lines_done", "stored", "unchanged", "refused", "padded"), 0),
        "state": READING,
        "author_id": by,
        "begun_at": now,
        "moved_at": now,
    }
    insert_rows(connection, ImportFile.__table__, [row], on_conflict="ignore")


def _end(
    connection: Connection, ibc_id: str, file_id: str, looked: Looked, now: Milliseconds
) -> None:
    at = _file_row(connection, ibc_id, file_id)
    taken = at["stored"] + at["unchanged"] + at["refused"]
    assert taken == looked.row_count, f"{taken} rows of {looked.row_count} were taken in"
    if at["state"] != DONE:
        row = {"ibc_id": ibc_id, "id": file_id, "state": DONE, "moved_at": now}
        update_rows(connection, ImportFile.__table__, [row], key=("ibc_id", "id"))


def _file_row(connection: Connection, ibc_id: str, file_id: str) -> Report:
    found = fetch(
        connection,
        "SELECT * FROM import_files WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=file_id,
    )
    if not found:
        raise UnknownFile(f"there is no import {file_id}")
    row: Report = found[0]._asdict()
    return row


def _areas(database: Database, ibc_id: str) -> dict[str, str]:
    """An area's name or alias in lower case → its id."""
    with database.read() as connection:
        found = fetch(
            connection, "SELECT id, name, aliases FROM areas WHERE ibc_id = :ibc_id", ibc_id=ibc_id
        )
    named: dict[str, str] = {}
    for row in found:
        for word in (*orjson.loads(row.aliases or "[]"), row.name):
            named[word.lower()] = row.id
    return named


class UnknownFile(LookupError):
    """No import of this IBC has that id."""
