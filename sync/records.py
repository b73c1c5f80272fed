"""Records in memory: read from their tables, turned into rows for tables and rows for the wire."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds, rfc3339
from infra.database import any_of, listed
from models import Entity
from models.declaration import Members, Scope
from schemas.wire import table_values, wire_values


class Record(NamedTuple):
    """One record of an entity, its fields spelled as the wire spells them."""

    entity: Entity
    id: str
    version: int
    author_id: str
    occurred_at: Milliseconds
    received_at: Milliseconds
    fields: Mapping[str, Any]
    """The fields of the declaration that say something, stamped ones included."""
    deleted_at: Milliseconds | None = None

    def table_row(self, ibc_id: str) -> dict[str, Any]:
        """The row of the entity's own table; what it does not name is null."""
        row = table_values(self.entity, self.fields)
        row["ibc_id"] = ibc_id
        row["id"] = self.id
        row["version"] = self.version
        row["author_id"] = self.author_id
        row["occurred_at"] = self.occurred_at
        row["received_at"] = self.received_at
        row["deleted_at"] = self.deleted_at
        return row

    def wire_row(self) -> str:
        """The row of the feed: a JSON array in the order of the entity's header."""
        values: list[Any] = [self.id, self.version]
        if self.entity.has_time:
            values.append(rfc3339(self.occurred_at))
        values += map(self.fields.get, self.entity.wire_names)
        return orjson.dumps(values).decode()

    def own_scope(self, ibc_id: str) -> str | None:
        """The scope that its declaration names by a column; None for members and unsent entities."""
        scope = self.entity.sync.scope
        while isinstance(scope, Scope):
            value = self.fields.get(scope.by)
            if value is None:
                value = {"id": self.id, "ibc_id": ibc_id}.get(scope.by)
            if value is not None:
                return f"{scope.kind}:{value}"
            scope = scope.otherwise
        return None

    @property
    def member_account(self) -> str | None:
        """The account by whose membership it is seen, for entities that travel so."""
        scope = self.entity.sync.scope
        return self.fields[scope.by] if type(scope) is Members else None


def load_by_id(
    connection: Connection, ibc_id: str, entity: Entity, ids: Iterable[str]
) -> dict[str, Record]:
    """The records that exist among `ids`."""
    return {record.id: record for record in _load(connection, ibc_id, entity, "id", list(ids))}


def load_by_account(
    connection: Connection, ibc_id: str, entity: Entity, accounts: Iterable[str]
) -> list[Record]:
    """The records of these accounts that are not deleted."""
    found = _load(connection, ibc_id, entity, "account_no", list(accounts))
    return [record for record in found if record.deleted_at is None]


def existing_ids(
    connection: Connection, ibc_id: str, entity: Entity, ids: Iterable[str]
) -> set[str]:
    """Which of `ids` are taken."""
    wanted = list(ids)
    if not wanted:
        return set()
    statement = text(
        f"SELECT id FROM {entity.table.name} WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'id', 'ids')}"
    )
    parameters = {"ibc_id": ibc_id, "ids": listed(connection, wanted)}
    return set(connection.execute(statement, parameters).scalars())


def _load(
    connection: Connection, ibc_id: str, entity: Entity, column: str, values: Sequence[str]
) -> list[Record]:
    if not values:
        return []
    statement = text(
        f"SELECT * FROM {entity.table.name} WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, column, 'wanted')}"
    )
    parameters = {"ibc_id": ibc_id, "wanted": listed(connection, values)}
    rows = connection.execute(statement, parameters).mappings()
    # Sorted here: asked to sort, SQLite walks the whole key instead of the account's index.
    return sorted((_record_of(entity, row) for row in rows), key=lambda record: record.id)


def _record_of(entity: Entity, row: Mapping[Any, Any]) -> Record:
    return Record(
        entity=entity,
        id=row["id"],
        version=row["version"],
        author_id=row["author_id"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        deleted_at=row["deleted_at"],
        fields=wire_values(entity, row),
    )
