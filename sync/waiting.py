"""Mutations that came before what they point to: kept, and applied when it arrives (ruling 13)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from infra.clock import rfc3339
from infra.database import any_of, fetch, listed
from infra.ids import derived_id, digest
from infra.strict_json import canonical
from models import ENTITIES
from models.verdict import VerdictWord
from models.versions import said_in, upgraded_fields
from sync.lookup import awaits
from sync.mutation import SERVER
from sync.outcomes import OutcomeWord
from sync.records import Record
from sync.writing import Writing

VERDICT = ENTITIES["verdict"]
RELEASE = "release"
PARENTS = frozenset(parent.name for entity in ENTITIES.values() for _, parent in awaits(entity))
"""Entities that some mutation may wait for; for all others nothing is asked."""


def release_arrived(writing: Writing, arrived: Sequence[Record]) -> None:
    """Apply what waited for one of these records, in the order in which it came."""
    ids = {record.id for record in arrived if record.entity.name in PARENTS}
    if not ids:
        return
    here = [writing.logged(seq) for seq in writing.take_waiting(ids)]
    for waiting in [*_take_stored(writing, ids), *here]:
        # Its record id may have been taken by another mutation while it waited.
        writing.load(ENTITIES[waiting["entity"]], [waiting["record_id"]])
        _release(writing, waiting)


def _take_stored(writing: Writing, ids: Collection[str]) -> list[Mapping[str, Any]]:
    """The entries of earlier transactions that wait for one of `ids`; they wait no longer."""
    if not writing.something_waits:
        return []
    rows = fetch(
        writing.connection,
        "DELETE FROM waiting WHERE ibc_id = :ibc_id "
        f"AND {any_of(writing.connection, 'entity', 'parents')} "
        f"AND {any_of(writing.connection, 'record_id', 'ids')} RETURNING seq",
        ibc_id=writing.ibc_id,
        parents=listed(writing.connection, sorted(PARENTS)),
        ids=listed(writing.connection, sorted(ids)),
    )
    if not rows:
        return []
    return [
        row._asdict()
        for row in fetch(
            writing.connection,
            "SELECT * FROM mutations WHERE ibc_id = :ibc_id "
            f"AND {any_of(writing.connection, 'seq', 'seqs')} ORDER BY seq",
            ibc_id=writing.ibc_id,
            seqs=listed(writing.connection, [row.seq for row in rows]),
        )
    ]


def _release(writing: Writing, waiting: Mapping[str, Any]) -> None:
    """An entry `of` the mutation, its record, and a verdict for the phone that made it."""
    entity = ENTITIES[waiting["entity"]]
    said = orjson.loads(waiting["body"])["fields"]
    sent = upgraded_fields(entity.name, said, said_in(waiting["detail"]))
    seq = writing.log(
        {
            "origin": waiting["origin"],
            "author_id": waiting["author_id"],
            "officer_id": waiting["officer_id"],
            "entity": entity.name,
            "record_id": waiting["record_id"],
            "occurred_at": waiting["occurred_at"],
            "outcome": OutcomeWord.APPLIED.value,
            "version": 1,
            **release_of(waiting["id"], waiting["body_hash"]),
        }
    )
    fields = {**sent, **dict.fromkeys(entity.stamped, waiting["officer_id"])}
    record = Record(
        entity=entity,
        id=waiting["record_id"],
        version=1,
        author_id=waiting["author_id"],
        occurred_at=waiting["occurred_at"],
        received_at=writing.now,
        fields=fields,
    )
    if record.id not in writing.records[entity]:
        writing.put(seq, record)
    give_verdict(writing, seq, waiting, VerdictWord.RELEASED, by_role=SERVER)


def release_of(mutation_id: str, body_hash: str) -> dict[str, Any]:
    """What makes an entry of the log the later fate of another: its effect hangs on this one."""
    release_id = derived_id("release", mutation_id, body_hash)
    body = canonical({"id": release_id, "of": mutation_id, "op": RELEASE}).decode()
    return {
        "id": release_id,
        "of_id": mutation_id,
        "op": RELEASE,
        "body": body,
        "body_hash": digest(body),
    }


def give_verdict(
    writing: Writing,
    seq: int,
    mutation: Mapping[str, Any],
    verdict: VerdictWord,
    *,
    by_role: str,
    reason: str | None = None,
) -> None:
    """Send the later fate of a mutation to the device that made it (ruling 14)."""
    verdict_id = derived_id("verdict", mutation["id"], mutation["body_hash"], verdict.value)
    if verdict is VerdictWord.RESOLVED:
        # Only a person's word can come twice, when the case was reopened.
        writing.load(VERDICT, [verdict_id])
    before = writing.records[VERDICT].get(verdict_id)
    fields = {
        "device_id": mutation["author_id"],
        "mutation_id": mutation["id"],
        "verdict": verdict.value,
        "by_role": by_role,
        "reason": reason,
        "decided_at": rfc3339(writing.now),
    }
    writing.put(
        seq,
        Record(
            entity=VERDICT,
            id=verdict_id,
            version=before.version + 1 if before else 1,
            author_id=SERVER,
            occurred_at=writing.now,
            received_at=writing.now,
            fields=fields,
        ),
    )
