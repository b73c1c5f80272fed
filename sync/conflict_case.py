"""What a conflict case keeps: base, server and device values side by side, and the versions then."""

from collections.abc import Collection
from typing import Any

import orjson

from infra.database import fetch
from models.declaration import Policy
from sync.merge import Changes, base_of
from sync.mutation import Mutation, Op
from sync.records import Record
from sync.writing import Writing

DELETED = "deleted"
"""The field by which a case speaks of a deletion."""


def seen_by(writing: Writing, record: Record, base_version: int | None) -> dict[str, Any] | None:
    """The record as it was at the version that the author had seen; None when nobody knows."""
    if base_version is None or base_version > record.version:
        return None
    since = _versions_since(writing, record, base_version)
    return base_of(record.fields, record.version, since, base_version)


def side_by_side(
    writing: Writing,
    mutation: Mutation,
    record: Record | None,
    between: Collection[str] | None = None,
) -> dict[str, Any]:
    """The two sides of a conflict; `between` names the fields when they are not all of the edit's."""
    base, server = _base(writing, mutation, record), record.fields if record else {}
    device = {DELETED: True} if mutation.op == Op.DELETE else mutation.fields
    server = {**server, DELETED: record is not None and record.deleted_at is not None}
    return {
        "base_version": mutation.base_version,
        "version": record.version if record else None,
        "server_author_id": record.author_id if record else None,
        "server_received_at": record.received_at if record else None,
        "base_known": base is not None,
        "fields": {
            name: {
                "base": base.get(name) if base else None,
                "server": server.get(name),
                "device": value,
            }
            for name, value in device.items()
            if (between is None and server.get(name) != value)
            or (between is not None and name in between)
        },
    }


def _base(writing: Writing, mutation: Mutation, record: Record | None) -> dict[str, Any] | None:
    if record is None or record.entity.sync.policy is not Policy.MERGE:
        return None
    return seen_by(writing, record, mutation.base_version)


def _versions_since(
    writing: Writing, record: Record, base_version: int
) -> list[tuple[int, Changes]]:
    """The changes of a MERGE record after `base_version`, from the log and from this transaction."""
    rows = fetch(
        writing.connection,
        "SELECT version, changes FROM mutations WHERE ibc_id = :ibc_id "
        "AND record_id = :record_id AND version > :base AND changes IS NOT NULL",
        ibc_id=writing.ibc_id,
        record_id=record.id,
        base=base_version,
    )
    found = {row.version: row.changes for row in rows}
    found |= {v: c for v, c in writing.version_changes[record.id].items() if v > base_version}
    return [(version, orjson.loads(changes)) for version, changes in found.items()]
