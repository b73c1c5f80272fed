"""Edits of foreign clients, which know no mutations: made into mutations and pushed like any other.

A foreign client sends the row as it has it and, at best, what it had before. Which version that was
is found by value in one snapshot, and the engine compares that version under the lock: whoever wrote
in between makes the edit a stale one, to be merged or laid before a person (rulings 25 and 1).
"""

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.clock import Milliseconds, rfc3339
from infra.database import Database
from infra.ids import derived_id
from infra.limits import MUTATIONS_MAX
from infra.strict_json import canonical
from models import Entity
from models.declaration import Owner, Policy
from schemas.checks import is_uuid
from sync.intake import read_mutations
from sync.mutation import Author, Mutation, Op
from sync.outcomes import Outcome, OutcomeWord
from sync.parcel import Carried
from sync.push import push
from sync.records import Record, load_by_id

MONEY_REFUSED = "money_needs_a_signed_chain"
"""Money comes from phones that number, chain and sign what they collect; a foreign client cannot."""
NO_NUMBER = 1
"""The envelope needs a number in a chain; a foreign client has none, and none is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One row as a foreign client sends it."""

    entity: Entity
    record_id: str
    op: Op
    values: Mapping[str, Any]
    """The row, fields of others included; null and absent say the same."""
    assumed: Mapping[str, Any] | None
    """What the client took the server's row to be; None when it takes it to be new, or cannot say."""
    changed: Collection[str] | None = None
    """The fields that the client says it changed; None when only the values say it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An edit with its outcome; None when the server said all of this already."""

    edit: Edit
    outcome: Outcome | None

    @property
    def is_refused(self) -> bool:
        """Whether the client's row is not what the server has, nor waits to become it.

        What is held without a record stays on the client until a person has decided.
        """
        return self.outcome is not None and self.outcome.outcome in (
            OutcomeWord.REJECTED,
            OutcomeWord.CONFLICT,
        )

    @property
    def is_held_aside(self) -> bool:
        return (
            self.outcome is not None
            and self.outcome.outcome is OutcomeWord.HELD
            and self.outcome.version is None
        )


def take_in(
    database: Database,
    ibc_id: str,
    author: Author,
    edits: Sequence[Edit],
    now: Milliseconds,
    carried: Carried,
) -> list[Taken]:
    """Push the edits, in their order, as many to a transaction as a phone may send."""
    known = _known(database, ibc_id, edits)
    mutations: dict[int, Mutation] = {}
    for place, edit in enumerate(edits):
        record = known.get((edit.entity.name, edit.record_id))
        if not says_already(edit, record):
            mutations[place] = mutation_of(edit, record, author, now)
    outcomes: dict[int, Outcome] = {}
    places = list(mutations)
    for first in range(0, len(places), MUTATIONS_MAX):
        part = places[first : first + MUTATIONS_MAX]
        pushed = push(database, ibc_id, author, [mutations[p] for p in part], now, carried)
        outcomes |= dict(zip(part, pushed.outcomes, strict=True))
    return [Taken(edit, outcomes.get(place)) for place, edit in enumerate(edits)]


def mutation_of(edit: Edit, record: Record | None, author: Author, now: Milliseconds) -> Mutation:
    """The mutation that an edit is; the same edit of the same version is the same mutation."""
    occurred_at = edit.values.get("occurred_at") or (record and rfc3339(record.occurred_at))
    said: dict[str, Any] = {
        "entity": edit.entity.name,
        "op": edit.op.value,
        "record_id": _readable_id(edit),
        "base_version": base_version(edit, record, author.id),
        "fields": {} if edit.op is Op.DELETE else intent(edit, record),
    }
    if occurred_at:
        said["occurred_at"] = occurred_at
    envelope = {"id": value_id(author.id, said), "seq": NO_NUMBER, **said}
    [mutation] = read_mutations([envelope], now)
    mutation.seq = None
    if edit.entity.sync.money is not None:
        # Without its entity it is not money to the engine: refused, and kept in the log as it came.
        mutation.entity, mutation.entity_name = None, "unknown"
        mutation.errors = {"entity": MONEY_REFUSED}
    elif not is_uuid(edit.record_id):
        mutation.errors = {"id": "not_a_uuid"}
    return mutation


def value_id(author_id: str, said: Mapping[str, Any]) -> str:
    """A UUIDv8 over (device, record, base, values): a repeat is the same mutation (ruling 25)."""
    hashed = hashlib.sha256(canonical([author_id, said])).digest()
    number = int.from_bytes(hashed[:16])
    number = number & ~(0xF << 76) | 8 << 76  # version 8 and the variant of RFC 9562
    return str(uuid.UUID(int=number & ~(0b11 << 62) | 0b10 << 62))


def base_version(edit: Edit, record: Record | None, author_id: str) -> int | None:
    """The version that the client's edit stands on, as far as its values tell.

    Fields of others are not compared: they move on without the client. Where this very device
    wrote last, an answer was lost or has not been pulled, and the edit follows its own.
    """
    if record is None or record.deleted_at is not None:
        return _version_in(edit.assumed)
    if record.author_id == author_id:
        return record.version
    assumed = edit.assumed
    if assumed is None:
        return None
    if all(assumed.get(name) == record.fields.get(name) for name in _owned(edit.entity)):
        return record.version
    seen = _version_in(assumed)
    return min(seen, record.version) if seen is not None else None


def intent(edit: Edit, record: Record | None) -> dict[str, Any]:
    """The fields that the edit is about: what changed, or for a new record what says something.

    What the client may not write is kept in when it changed, so that the refusal says so.
    """
    values, assumed = edit.values, edit.assumed
    known = {"id", "version", "occurred_at", "_deleted"}
    names = [name for name in values if name not in known and not name.startswith("_")]
    if edit.entity.sync.policy is Policy.FACT or (assumed is None and record is None):
        return {name: values[name] for name in names if values[name] is not None}
    owned = set(_owned(edit.entity))
    if edit.changed is not None and assumed is not None:
        return {n: values[n] for n in names if n in edit.changed and (n in owned or not owned)}
    if assumed is None:
        return {name: values[name] for name in names if name in owned}
    named = dict.fromkeys([*names, *(name for name in assumed if name in owned)])
    return {
        name: values.get(name)
        for name in named
        if values.get(name) != assumed.get(name) and (name in owned or not owned)
    }


def says_already(edit: Edit, record: Record | None) -> bool:
    """Whether there is nothing to do: by value, so that a repeat of any age is harmless."""
    if edit.entity.sync.money is not None:
        return False
    gone = record is None or record.deleted_at is not None
    if edit.op is Op.DELETE:
        return gone
    if record is None or gone:
        return False
    owned = _owned(edit.entity)
    if not owned:
        return all(
            edit.values.get(name) == record.fields.get(name) for name in edit.entity.wire_names
        )
    names = owned if edit.changed is None else [name for name in owned if name in edit.changed]
    return all(edit.values.get(name) == record.fields.get(name) for name in names)


def touches_others(edit: Edit) -> bool:
    """Whether the client changed what it does not own: its row must be put right."""
    assumed = edit.assumed
    if assumed is None or edit.op is Op.DELETE:
        return False
    others = set(edit.entity.wire_names) - set(_owned(edit.entity))
    return any(edit.values.get(name) != assumed.get(name) for name in others)


def _known(database: Database, ibc_id: str, edits: Sequence[Edit]) -> dict[tuple[str, str], Record]:
    ids: dict[Entity, list[str]] = {}
    for edit in edits:
        ids.setdefault(edit.entity, []).append(edit.record_id)
    with database.read() as connection:
        return {
            (entity.name, record_id): record
            for entity, wanted in ids.items()
            for record_id, record in load_by_id(connection, ibc_id, entity, wanted).items()
        }


def _owned(entity: Entity) -> list[str]:
    return [field.name for field in entity.owned_by(Owner.DEVICE)]


def _version_in(assumed: Mapping[str, Any] | None) -> int | None:
    version = (assumed or {}).get("version")
    return version if type(version) is int and version >= 1 else None


def _readable_id(edit: Edit) -> str:
    return edit.record_id if is_uuid(edit.record_id) else derived_id("foreign", edit.record_id)
