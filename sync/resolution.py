"""The mutation that settles a conflict: in the log, the feed and the books' order like any other (ruling 13)."""

from collections.abc import Mapping
from typing import Any

import orjson

from infra.catalogue import message
from infra.clock import rfc3339
from infra.ids import digest, new_id
from infra.strict_json import canonical
from models import Entity
from models.declaration import Owner, Policy
from models.verdict import VerdictWord
from schemas.records import errors_of, write_schema
from sync.conflict_case import DELETED
from sync.desk_reading import Row
from sync.effects import apply_effects
from sync.mutation import Op, Origin
from sync.office import Put, Refused
from sync.outcomes import OutcomeWord
from sync.records import Record
from sync.settlement import reason_of
from sync.waiting import give_verdict
from sync.writing import Writing, log_row

CASE = "case"
RESOLVE = "resolve"
"""Entity and op of an entry that settles something without changing a record; the books skip it."""


def write_resolution(
    writing: Writing,
    case: Row,
    mutation: Row,
    subject: Record | None,
    *,
    by_id: str,
    by_role: str,
    chosen: Mapping[str, Any],
    fields: Mapping[str, Any],
    note: str | None,
) -> int:
    """Write what was chosen, send it to every device, tell the phone that lost. Errors: Refused."""
    after = _settled(writing, case, subject, fields)
    seq = _log(writing, case, subject, after, by_id=by_id, fields=fields, of_id=mutation["id"])
    if after is not None:
        assert subject is not None  # what is not there does not change
        # The case's record was read by itself; `put` compares with what the transaction knows.
        writing.records[after.entity][after.id] = subject
        writing.put(seq, after)
    if mutation["origin"] == Origin.DEVICE:
        told = message(reason_of(chosen))
        said = [told["en"], told["ur"], *([note] if note else [])]
        give_verdict(
            writing,
            seq,
            mutation,
            VerdictWord.RESOLVED,
            by_role=by_role,
            reason="\n".join(said),
        )
    apply_effects(writing)
    return seq


def note_resolution(writing: Writing, case: Row, *, by_id: str, note: str | None) -> int:
    """Two facts that met are both kept: the log says who settled it, and no record changes."""
    return _append(
        writing,
        entity=CASE,
        op=RESOLVE,
        record_id=case["id"],
        by_id=by_id,
        said={"kind": case["kind"], "note": note},
    )


def _settled(
    writing: Writing, case: Row, subject: Record | None, fields: Mapping[str, Any]
) -> Record | None:
    """The record as it will stand; None when there is none to change."""
    put = Put(case["subject_entity"], case["subject_id"], fields)
    if subject is None or (subject.deleted_at is not None and not fields):
        if fields:
            raise Refused(put, {"record_id": "unknown_record"})
        return None
    version = subject.version + 1
    if DELETED in fields:
        return subject._replace(version=version, deleted_at=writing.now)
    _check(subject.entity, put, subject)
    return subject._replace(version=version, deleted_at=None, fields={**subject.fields, **fields})


def _check(entity: Entity, put: Put, subject: Record) -> None:
    """A chosen value is held to its declaration like one that a phone sends."""
    errors: dict[str, str] = {}
    for owner in (Owner.DEVICE, Owner.OFFICE):
        own = {name: put.fields[name] for name in put.fields if entity.field[name].owner is owner}
        errors |= errors_of(write_schema(entity, owner), own, partial=True)
    sync = entity.sync
    if sync.policy is Policy.STATES and sync.state_field in put.fields:
        was, wanted = subject.fields[sync.state_field], put.fields[sync.state_field]
        if was != wanted and sync.states.get((was, wanted)) is None:
            errors[sync.state_field] = f"illegal_transition {was} {wanted}"
    if errors:
        raise Refused(put, errors)


def _log(
    writing: Writing,
    case: Row,
    subject: Record | None,
    after: Record | None,
    *,
    by_id: str,
    fields: Mapping[str, Any],
    of_id: str,
) -> int:
    """An entry `of` the mutation in conflict; it carries the base of later merges."""
    version = after.version if after else None
    changes = None
    if after is not None and subject is not None and DELETED not in fields:
        pairs = {name: (subject.fields.get(name), value) for name, value in fields.items()}
        if after.entity.sync.policy is Policy.MERGE:
            changes = orjson.dumps(pairs).decode()
    op = Op.DELETE if DELETED in fields else Op.PUT
    return _append(
        writing,
        entity=case["subject_entity"],
        op=op.value if after else RESOLVE,
        record_id=case["subject_id"],
        by_id=by_id,
        said={"of": of_id, "case_id": case["id"], "fields": dict(fields)},
        of_id=of_id,
        base_version=subject.version if subject else None,
        version=version,
        changes=changes,
    )


def _append(
    writing: Writing,
    *,
    entity: str,
    op: str,
    record_id: str,
    by_id: str,
    said: Mapping[str, Any],
    **optional: Any,
) -> int:
    entry_id = new_id()
    body = canonical(
        {
            "id": entry_id,
            "entity": entity,
            "op": op,
            "record_id": record_id,
            "occurred_at": rfc3339(writing.now),
            **said,
        }
    ).decode()
    return writing.log(
        log_row(
            mutation_id=entry_id,
            origin=Origin.OFFICE.value,
            author_id=by_id,
            entity=entity,
            op=op,
            record_id=record_id,
            occurred_at=writing.now,
            outcome=OutcomeWord.APPLIED,
            body=body,
            body_hash=digest(body),
            **optional,
        )
    )
