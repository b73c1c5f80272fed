"""An `Idempotency-Key` is the mutation's id: the same request again gets the same answer (ruling 22)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from infra.database import fetch
from sync.mutation import Origin
from sync.office import Put


class KeyReused(Exception):
    """This Idempotency-Key has named another request; make a new key for a new request."""


class Repeated(NamedTuple):
    """What a key has already done."""

    version: int
    fields: Mapping[str, Any]


def repeated(
    connection: Connection, ibc_id: str, key: str, *, author_id: str, put: Put
) -> Repeated | None:
    """What the key did when it came before; ask under the IBC's lock. Errors: KeyReused.

    Requests are compared by value: the stored bytes also hold the time of the first one.
    """
    found = fetch(
        connection,
        "SELECT origin, author_id, entity, record_id, base_version, version, body FROM mutations "
        "WHERE ibc_id = :ibc_id AND id = :id ORDER BY seq LIMIT 1",
        ibc_id=ibc_id,
        id=key,
    )
    if not found:
        return None
    row = found[0]
    said = (row.origin, row.author_id, row.entity, row.record_id, row.base_version)
    asked = (Origin.OFFICE.value, author_id, put.entity, put.record_id, put.base_version)
    if said != asked or orjson.loads(row.body)["fields"] != put.fields:
        raise KeyReused(f"the key {key} has named another request; make a new key")
    return Repeated(row.version, put.fields)


def must_be_new(connection: Connection, ibc_id: str, key: str) -> None:
    """Errors: KeyReused when a mutation has this id, whatever it did."""
    statement = "SELECT 1 FROM mutations WHERE ibc_id = :ibc_id AND id = :id LIMIT 1"
    if fetch(connection, statement, ibc_id=ibc_id, id=key):
        raise KeyReused(f"the key {key} has named another request; make a new key")
