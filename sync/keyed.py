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


def made_before(
    connection: Connection,
    ibc_id: str,
    key: str,
    *,
    author_id: str,
    record: tuple[str, str],
    said: Mapping[str, Any],
) -> bool:
    """Whether this key has made its record (entity, id) already, by a request that said the same.

    For records whose other fields depend on when they were made. Ask under the IBC's lock.
    Errors: KeyReused.
    """
    found = fetch(
        connection,
        "SELECT author_id, entity, record_id, body FROM mutations "
        "WHERE ibc_id = :ibc_id AND id = :id ORDER BY seq LIMIT 1",
        ibc_id=ibc_id,
        id=key,
    )
    if not found:
        return False
    row = found[0]
    fields = orjson.loads(row.body).get("fields") or {}
    same = all(fields.get(name) == value for name, value in said.items())
    if (row.author_id, row.entity, row.record_id) != (author_id, *record) or not same:
        raise KeyReused(f"the key {key} has named another request; make a new key")
    return True
