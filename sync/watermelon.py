"""A pull of WatermelonDB's synchronize(): changes by table, as its backend page has them.

Its pull comes before its push, and what a pull deletes is deleted with the work that was not sent. So
nothing that a phone may write is deleted while the phone says, by `pending`, that it has something to
send, and a scope that was taken away is marked first (`leaving`) and deleted in a later pull.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from infra.database import Database, fetch
from infra.limits import PAGE_CHANGES_MAX
from models import ENTITIES
from models.declaration import Owner
from schemas.foreign import LEAVING_COLUMN, watermelon_row
from sync.foreign_feed import News, RecordKey, Sight, What, bodies, look, news_from
from sync.foreign_position import Place, pack
from sync.pull import Reader

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
