"""WatermelonDB's synchronize(): a pull of changes by table, a push of whole rows, as its backend page has them.

Its pull comes before its push, and what a pull deletes is deleted with the work that was not sent. So
nothing that a phone may write is deleted while the phone says, by `pending`, that it has something to
send, and a scope that was taken away is marked first (`leaving`) and deleted in a later pull.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from infra.database import Database, any_of, fetch, listed
from infra.limits import PAGE_CHANGES_MAX
from models import ENTITIES, Entity
from models.declaration import Owner
from schemas.foreign import LEAVING_COLUMN, watermelon_row, watermelon_values
from sync.foreign import Edit, Taken, take_in
from sync.foreign_feed import News, RecordKey, Sight, What, bodies, look, news_from
from sync.foreign_position import Place, pack
from sync.intake import Unreadable
from sync.mutation import Author, Op
from sync.pull import Reader
from sync.push import Carried

Row = dict[str, Any]
Tables = dict[str, dict[str, list[Any]]]
TABLES = {name: entity for name, entity in ENTITIES.items() if entity.sync.scope is not None}
WRITABLE = frozenset(name for name, entity in TABLES.items() if entity.owned_by(Owner.DEVICE))


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a pull asks for."""

    last_pulled_at: int = 0
    pending: int = 1
    """What the phone has not sent yet; whoever does not say may have something."""
    tables: Collection[str] = ()
    """Tables that a newer app has and the older had not: all their rows are wanted."""
    columns: Mapping[str, Collection[str]] | None = None
    """Columns that are new likewise: all rows that say something there are wanted."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A slice of changes."""

    changes: Tables
    timestamp: int
    more: bool
    replaces: bool
    """Whether it takes the place of all that the phone has: its number was of another life."""
    epoch: str

    def wire(self) -> Row:
        said: Row = {
            "changes": self.changes,
            "timestamp": self.timestamp,
            "has_more": self.more,
            "epoch": self.epoch,
        }
        return said | ({"experimentalStrategy": "replacement"} if self.replaces else {})


def pull_tables(
    database: Database, reader: Reader, asked: Asked, *, limit: int = PAGE_CHANGES_MAX
) -> Pulled:
    """What changed since `last_pulled_at`. Errors: NotACursor."""
    with database.read() as connection:
        sight = look(connection, reader)
        after = sight.place_of(asked.last_pulled_at)
        if after is None:
            return _anew(sight, asked)
        news = [one for one in news_from(sight, after, marks=True) if one.place > after]
        page = news[: _fitting(news, limit, asked.pending)]
        more = len(page) < len(news)
        end = sight.end if not more else (page[-1].place if page else after)
        changes = _changes(sight, page)
        if after != sight.beginning:
            _put_right(sight, after, changes)
        _add_new_columns(sight, asked, changes)
        # What waits for the phone's own push is not worth another call before it.
        return Pulled(changes, pack(end), more and bool(page), False, sight.epoch)


def push_tables(
    database: Database,
    reader: Reader,
    author: Author,
    changes: Any,
    last_pulled_at: int,
    now: int,
    carried: Carried,
) -> tuple[dict[str, list[str]], list[Taken]]:
    """Take the rows in; answers the ids of refused new rows by table, and every row's fate.

    Those stay unsent on the phone until its next pull deletes them; any other refused row is
    taken for sent, and the next pull brings what stands here. Errors: Unreadable.
    """
    edits = _with_versions(database, reader, list(_edits(changes)), last_pulled_at)
    taken = take_in(database, reader.ibc_id, author, edits, now, carried)
    refused = [
        one
        for one in taken
        if one.is_refused and one.edit.op is Op.PUT and one.edit.assumed is None
    ]
    with database.read() as connection:
        shown = bodies(look(connection, reader), {one.edit.record_id for one in refused})
    rejected: dict[str, list[str]] = {}
    for one in refused:
        name = one.edit.entity.name
        if (name, one.edit.record_id) not in shown:
            rejected.setdefault(name, []).append(one.edit.record_id)
    return rejected, taken


def _anew(sight: Sight, asked: Asked) -> Pulled:
    """Everything in place of what the phone has, once it has sent what it had."""
    if asked.pending:
        return Pulled({}, asked.last_pulled_at, False, False, sight.epoch)
    changes = _changes(sight, news_from(sight, sight.beginning))
    # A table that is not named is left as it is, so every one is.
    for name in TABLES:
        _table(changes, name)
    return Pulled(changes, pack(sight.end), False, True, sight.epoch)


def _fitting(news: Sequence[News], limit: int, pending: int) -> int:
    """How many fit: up to the limit, and not past what may destroy unsent work. Never half a place."""
    marked = False
    for count, one in enumerate(news):
        marked = marked or one.what is What.LEAVING
        ends = one.what is What.DROPPED or (one.what is What.GONE and one.entity in WRITABLE)
        if (pending and ends) or (marked and one.what is What.DROPPED):
            return count
        if count >= limit and one.place != news[count - 1].place:
            return count
    return len(news)


def _changes(sight: Sight, page: Sequence[News]) -> Tables:
    shown = bodies(sight, {one.record_id for one in page if one.what is What.SHOWN})
    changes: Tables = {}
    for one in sorted(page, key=lambda one: list(ENTITIES).index(one.entity)):
        table = _table(changes, one.entity)
        match one.what:
            case What.SHOWN:
                table["updated"].append(watermelon_row(ENTITIES[one.entity], shown[one.key]))
            case What.LEAVING:
                table["updated"].append({"id": one.record_id, LEAVING_COLUMN: True})
            case What.GONE | What.DROPPED:
                table["deleted"].append(one.record_id)
    return changes


def _table(changes: Tables, name: str) -> dict[str, list[Any]]:
    return changes.setdefault(name, {"created": [], "updated": [], "deleted": []})


def _put_right(sight: Sight, after: Place, changes: Tables) -> None:
    """What the phone wrote since and was refused: the row as it stands here, or its end."""
    rows = fetch(
        sight.connection,
        "SELECT outcome, body FROM mutations WHERE ibc_id = :ibc_id AND seq > :since "
        "AND author_id = :device_id AND outcome IN ('rejected', 'conflict', 'held')",
        ibc_id=sight.reader.ibc_id,
        since=after.delivered,
        device_id=sight.reader.device_id,
    )
    said = {(body["entity"], body["record_id"]): row for row in rows if (body := _edit_in(row))}
    shown = bodies(sight, {record_id for _, record_id in said})
    for key, row in said.items():
        if key in shown or row.outcome != "held":
            _put_one_right(changes, key, shown.get(key))


def _edit_in(row: Any) -> Mapping[str, Any] | None:
    body = orjson.loads(row.body)
    return body if type(body) is dict and body.get("entity") in TABLES else None


def _put_one_right(changes: Tables, key: RecordKey, shown: Mapping[str, Any] | None) -> None:
    name, record_id = key
    table = _table(changes, name)
    table["updated"] = [row for row in table["updated"] if row["id"] != record_id]
    if shown is not None:
        table["updated"].append(watermelon_row(ENTITIES[name], shown))
    elif record_id not in table["deleted"]:
        table["deleted"].append(record_id)


def _add_new_columns(sight: Sight, asked: Asked, changes: Tables) -> None:
    """Rows that an older app had no place for, in tables and columns of the newer one."""
    columns = asked.columns or {}
    for name in sorted({*asked.tables, *columns} & TABLES.keys()):
        rows = news_from(sight, sight.beginning, entity=ENTITIES[name])
        shown = bodies(sight, {one.record_id for one in rows})
        table = _table(changes, name)
        known = {row["id"] for row in table["updated"]}
        table["updated"] += [
            watermelon_row(ENTITIES[name], values)
            for (entity, record_id), values in shown.items()
            if entity == name
            and record_id not in known
            and (name in asked.tables or any(values.get(column) for column in columns[name]))
        ]


def _with_versions(
    database: Database, reader: Reader, edits: Sequence[Edit], last_pulled_at: int
) -> list[Edit]:
    """Edits that name no version stand on the one that the phone's last pull gave it."""
    with database.read() as connection:
        place = look(connection, reader).place_of(last_pulled_at)
        rows = fetch(
            connection,
            "SELECT record_id, MAX(version) AS version FROM mutations WHERE ibc_id = :ibc_id "
            "AND changes IS NOT NULL AND seq <= :until "
            f"AND {any_of(connection, 'record_id', 'ids')} GROUP BY record_id",
            ibc_id=reader.ibc_id,
            until=place.delivered if place else 0,
            ids=listed(connection, [e.record_id for e in edits if e.assumed is None]),
        )
    seen = {row.record_id: {"version": row.version} for row in rows}
    return [replace(edit, assumed=edit.assumed or seen.get(edit.record_id)) for edit in edits]


def _edits(changes: Any) -> Iterable[Edit]:
    if type(changes) is not dict:
        raise Unreadable({"changes": "not_an_object"})
    # Parents first, whatever the order in which the tables came.
    for name, entity in TABLES.items():
        table = changes.get(name)
        for row in [*_listed(table, name, "created"), *_listed(table, name, "updated")]:
            yield _edit(entity, row)
        for record_id in _listed(table, name, "deleted"):
            yield Edit(
                entity=entity,
                record_id=str(record_id),
                op=Op.DELETE,
                values={},
                assumed=None,
            )


def _listed(table: Any, name: str, part: str) -> Sequence[Any]:
    """One of a table's three lists; a table or a list that is left out is empty."""
    found = {} if table is None else table
    rows = found.get(part, []) if type(found) is dict else None
    if type(rows) is not list:
        raise Unreadable({f"{name}.{part}": "invalid"})
    return rows


def _edit(entity: Entity, row: Any) -> Edit:
    if type(row) is not dict or type(row.get("id")) is not str or not row["id"]:
        raise Unreadable({entity.name: "not_an_object"})
    values = watermelon_values(entity, row)
    changed = [name for name in str(row.get("_changed") or "").split(",") if name]
    version = values.get("version")
    return Edit(
        entity=entity,
        record_id=row["id"],
        op=Op.PUT,
        values=values,
        # A row says which version it stands on; one that was never pulled says 0 or nothing.
        assumed={"version": version} if type(version) is int and version > 0 else None,
        changed=changed or None,
    )
