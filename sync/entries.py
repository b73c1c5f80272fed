"""What a phone's mutation becomes when it is stored: its entry in the log and its record."""

from collections.abc import Mapping
from typing import Any

import orjson

from infra.clock import Milliseconds
from models import Entity
from models.declaration import Policy
from sync.merge import Changes
from sync.mutation import Author, Mutation
from sync.outcomes import OutcomeWord
from sync.records import Record


def author_columns(author: Author) -> dict[str, Any]:
    """The columns of the log that say who wrote an entry."""
    return {
        "origin": author.origin.value,
        "author_id": author.id,
        "officer_id": author.officer_id,
    }


def entry_of(
    mutation: Mutation,
    word: OutcomeWord,
    author: Mapping[str, Any],
    *,
    version: int | None = None,
    code: str | None = None,
    detail: str | None = None,
    changes: str | None = None,
) -> dict[str, Any]:
    """The entry of a mutation, all but its place; `author` is made by `author_columns`."""
    return {
        **author,
        "id": mutation.id,
        "entity": mutation.entity_name,
        "op": mutation.op,
        "record_id": mutation.record_id,
        "occurred_at": mutation.occurred_at,
        "outcome": word.value,
        "body": mutation.body,
        "body_hash": mutation.body_hash,
        "author_seq": mutation.seq,
        "base_version": mutation.base_version,
        "version": version,
        "code": code,
        "detail": detail,
        "changes": changes,
    }


def new_record(mutation: Mutation, author: Author, now: Milliseconds) -> Record:
    """The first version of the record that a mutation makes."""
    entity = mutation.entity
    assert entity is not None  # an unknown entity is an error, and makes no record
    fields = mutation.fields
    if entity.stamped:
        fields = fields | dict.fromkeys(entity.stamped, author.officer_id)
    return Record(entity, mutation.record_id, 1, author.id, mutation.occurred_at, now, fields)


def changes_of(entity: Entity, before: Mapping[str, Any], fields: Mapping[str, Any]) -> str | None:
    """What a MERGE record's version changed: the base of later three-way merges."""
    if entity.sync.policy is not Policy.MERGE:
        return None
    changes: Changes = {
        name: (before.get(name), value)
        for name, value in fields.items()
        if before.get(name) != value
    }
    return orjson.dumps(changes).decode()
