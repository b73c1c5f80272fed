"""RxDB's replication, in the shapes of rxdb-server's client: a page of documents, and a push of rows."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from infra.database import Database
from models import Entity
from schemas.foreign import rxdb_document, rxdb_tombstone
from sync.foreign import Edit, Taken, take_in, touches_others
from sync.foreign_feed import What, bodies, look, news_from
from sync.foreign_position import pack
from sync.intake import Unreadable
from sync.mutation import Author, Op
from sync.parcel import Carried
from sync.pull import Reader

Document = dict[str, Any]
SCHEMA_VERSION = 1
"""The version of the documents of today; an older client is told to update when it pulls."""


class Checkpoint(NamedTuple):
    """How far a client has read one entity: the number of the last document, and its id."""

    lwt: int = 0
    id: str = ""


def pull_documents(
    database: Database, reader: Reader, entity: Entity, after: Checkpoint, limit: int
) -> tuple[list[Document], Checkpoint]:
    """Exactly `limit` documents when as many remain (RxDB takes fewer for the end), then where they end.

    A checkpoint of another life of the database reads as none: everything comes again.
    """
    with database.read() as connection:
        sight = look(connection, reader)
        place = sight.place_of(after.lwt)
        if place is None:
            place, after = sight.beginning, Checkpoint()
        page = [
            news
            for news in news_from(sight, place, entity=entity)
            if (pack(news.place), news.record_id) > after
        ][:limit]
        shown = bodies(sight, {news.record_id for news in page if news.what is What.SHOWN})
    documents = [
        rxdb_document(entity, shown[news.key])
        if news.what is What.SHOWN
        else rxdb_tombstone(entity, news.record_id)
        for news in page
    ]
    end = Checkpoint(pack(page[-1].place), page[-1].record_id) if page else after
    return documents, end


def push_rows(
    database: Database,
    reader: Reader,
    author: Author,
    entity: Entity,
    rows: Any,
    now: int,
    carried: Carried,
) -> tuple[list[Document], bool]:
    """Take the rows in; answers the documents of those that were not, and whether any was new.

    A refused row is answered like a conflict, so that it stops neither its neighbours nor the
    replication. Errors: Unreadable, when the rows as a whole cannot be read.
    """
    edits = [_edit(entity, row) for row in _list_of(rows)]
    taken = take_in(database, reader.ibc_id, author, edits, now, carried)
    doubtful = [one for one in taken if _needs_master(one)]
    with database.read() as connection:
        masters = bodies(look(connection, reader), {one.edit.record_id for one in doubtful})
    conflicts = []
    for one in doubtful:
        master = masters.get((entity.name, one.edit.record_id))
        if master is not None:
            conflicts.append(rxdb_document(entity, master))
        elif one.is_refused and one.edit.op is Op.PUT:
            # The whole of it: a validator refuses a document of which only the id is left.
            conflicts.append({**_said(one.edit), "_deleted": True})
    return conflicts, any(one.outcome is not None for one in taken)


def _needs_master(one: Taken) -> bool:
    return one.is_refused or one.is_held_aside or touches_others(one.edit)


def _said(edit: Edit) -> Document:
    return {name: value for name, value in edit.values.items() if value is not None}


def _list_of(rows: Any) -> Sequence[Any]:
    if type(rows) is not list:
        raise Unreadable({"rows": "invalid"})
    return rows


def _edit(entity: Entity, row: Any) -> Edit:
    wanted = row.get("newDocumentState") if type(row) is dict else None
    if type(wanted) is not dict or type(wanted.get("id")) is not str or not wanted["id"]:
        raise Unreadable({"newDocumentState": "not_an_object"})
    assumed = row.get("assumedMasterState")
    return Edit(
        entity=entity,
        record_id=wanted["id"],
        op=Op.DELETE if wanted.get("_deleted") else Op.PUT,
        values=wanted,
        assumed=assumed if isinstance(assumed, Mapping) and not assumed.get("_deleted") else None,
    )
