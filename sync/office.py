"""What the office, billing and the books write: mutations too, in the same log and the same feed."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds, rfc3339
from infra.ids import digest, new_id
from infra.strict_json import canonical
from models import ENTITIES, Entity
from models.declaration import Owner, Policy
from schemas.checks import row_check
from schemas.records import errors_of, write_schema
from sync.effects import apply_effects
from sync.lookup import claims_of
from sync.mutation import Op, Origin
from sync.outcomes import OutcomeWord
from sync.records import Record
from sync.waiting import release_arrived
from sync.writing import Writing, lock_head, log_row

BOOKS = "books"
"""The author of what the books write."""


class Put(NamedTuple):
    """Set these fields of a record; it is made when it does not exist."""

    entity: str
    record_id: str
    fields: Mapping[str, Any]
    base_version: int | None = None
    """When given, the version that the record must still have (`If-Match`)."""


class Refused(ValueError):
    """The office's edit cannot stand; nothing was written."""

    def __init__(self, put: Put, errors: Mapping[str, str]) -> None:
        self.put = put
        self.errors = dict(errors)
        super().__init__(f"{put.entity} {put.record_id}: {self.errors}")


class Stale(Exception):
    """The record has moved on since the person saw it; look again and decide again."""


def write(
    connection: Connection,
    ibc_id: str,
    *,
    author_id: str,
    puts: Sequence[Put],
    now: Milliseconds,
    mutation_id: str | None = None,
) -> list[int]:
    """Write office edits, one log entry each; takes the IBC's lock and returns the versions.

    `mutation_id` names the first entry (an `Idempotency-Key`); the others get their own.
    Errors: Refused (fields), Stale (base_version), UnknownIbc.
    """
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    versions = stage(writing, author_id=author_id, puts=puts, mutation_id=mutation_id)
    apply_effects(writing)
    writing.flush()
    return versions


def stage(
    writing: Writing, *, author_id: str, puts: Sequence[Put], mutation_id: str | None = None
) -> list[int]:
    """Put office edits into a transaction that is being gathered."""
    for entity in {ENTITIES[put.entity] for put in puts}:
        writing.load(entity, [put.record_id for put in puts if put.entity == entity.name])
    claimed = claims_of(
        writing,
        {str(p.fields[c]) for p in puts for c in ENTITIES[p.entity].sync.claims if c in p.fields},
    )
    versions = []
    for put in puts:
        _claim(writing, put, claimed)
        versions.append(_stage_one(writing, author_id, put, mutation_id or new_id()))
        mutation_id = None
    release_arrived(writing, [c.after for c in writing.changes if c.before is None])
    return versions


def write_books(
    connection: Connection,
    ibc_id: str,
    *,
    puts: Sequence[Put],
    body: Mapping[str, Any],
    now: Milliseconds,
) -> None:
    """One log entry of the books whose consequences are all these puts; the caller holds the lock."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    for entity in {ENTITIES[put.entity] for put in puts}:
        writing.load(entity, [put.record_id for put in puts if put.entity == entity.name])
    entry_id = new_id()
    text = canonical({"id": entry_id, "op": "post", **body}).decode()
    seq = writing.log(
        log_row(
            mutation_id=entry_id,
            origin=Origin.BOOKS.value,
            author_id=BOOKS,
            entity="books",
            op="post",
            record_id=entry_id,
            occurred_at=now,
            outcome=OutcomeWord.APPLIED,
            body=text,
            body_hash=digest(text),
        )
    )
    for put in puts:
        entity = ENTITIES[put.entity]
        before = writing.records[entity].get(put.record_id)
        if before is not None and all(before.fields.get(k) == v for k, v in put.fields.items()):
            continue
        writing.put(seq, _after(writing, entity, put, before, BOOKS))
    writing.flush()


def _stage_one(writing: Writing, author_id: str, put: Put, mutation_id: str) -> int:
    entity = ENTITIES[put.entity]
    before = writing.records[entity].get(put.record_id)
    if put.base_version is not None and (before is None or before.version != put.base_version):
        raise Stale(f"{put.entity} {put.record_id} is not at version {put.base_version}")
    if not row_check(entity, Owner.OFFICE).is_good(put.fields, partial=before is not None):
        schema = write_schema(entity, Owner.OFFICE)
        raise Refused(put, errors_of(schema, dict(put.fields), partial=before is not None))
    _check_move(entity, put, before)
    after = _after(writing, entity, put, before, author_id)
    body = canonical(
        {
            "id": mutation_id,
            "entity": entity.name,
            "op": Op.PUT.value,
            "record_id": put.record_id,
            "base_version": before.version if before else None,
            "occurred_at": rfc3339(writing.now),
            "fields": put.fields,
        }
    ).decode()
    seq = writing.log(
        log_row(
            mutation_id=mutation_id,
            origin=Origin.OFFICE.value,
            author_id=author_id,
            entity=entity.name,
            op=Op.PUT.value,
            record_id=put.record_id,
            base_version=before.version if before else None,
            version=after.version,
            occurred_at=writing.now,
            outcome=OutcomeWord.APPLIED,
            body=body,
            body_hash=digest(body),
            changes=_merge_base(entity, put, before),
        )
    )
    writing.put(seq, after)
    return after.version


def _claim(writing: Writing, put: Put, claimed: dict[tuple[str, str], str]) -> None:
    """A value that only one record may hold is claimed by the first; a second is refused."""
    for column, code in ENTITIES[put.entity].sync.claims.items():
        if column not in put.fields:
            continue
        key = (column, str(put.fields[column]))
        if key not in claimed:
            claimed[key] = put.record_id
            writing.claim(*key, put.record_id)
        elif claimed[key] != put.record_id:
            raise Refused(put, {column: code.lower()})


def _check_move(entity: Entity, put: Put, before: Record | None) -> None:
    """A state that the office sets must be a legal step, or the first."""
    sync = entity.sync
    if sync.policy is not Policy.STATES or before is None or sync.state_field not in put.fields:
        return
    was, wanted = before.fields[sync.state_field], put.fields[sync.state_field]
    if was != wanted and sync.states.get((was, wanted)) is not Owner.OFFICE:
        raise Refused(put, {sync.state_field: f"illegal_transition {was} {wanted}"})


def _merge_base(entity: Entity, put: Put, before: Record | None) -> str | None:
    if entity.sync.policy is not Policy.MERGE:
        return None
    was = before.fields if before else {}
    return orjson.dumps(
        {name: (was.get(name), value) for name, value in put.fields.items()}
    ).decode()


def _after(
    writing: Writing, entity: Entity, put: Put, before: Record | None, author_id: str
) -> Record:
    return Record(
        entity=entity,
        id=put.record_id,
        version=before.version + 1 if before else 1,
        author_id=before.author_id if before else author_id,
        occurred_at=before.occurred_at if before else writing.now,
        received_at=before.received_at if before else writing.now,
        fields={**(before.fields if before else {}), **put.fields},
    )
