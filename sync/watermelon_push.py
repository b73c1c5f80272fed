"""A push of WatermelonDB's synchronize(): whole rows with the columns that changed, made into edits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from infra.database import Database, any_of, fetch, listed
from models import Entity
from schemas.foreign import watermelon_values
from sync.foreign import Edit, Taken, take_in
from sync.foreign_feed import bodies, look
from sync.intake import Unreadable
from sync.mutation import Author, Op
from sync.parcel import Carried
from sync.pull import Reader
from sync.watermelon import TABLES


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
