"""How a phone asks whether it is equal to the server: digests of what it holds, in buckets (protocol 9)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sync.client_store import Row, Store

DIGEST_PATH = "/api/v1/sync/digest"
BUCKETS = 64
DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a comparison found, and what was done about it."""

    equal: bool
    """Whether the phone is equal now; False in another epoch: it pulls anew at its next exchange."""
    put: int = 0
    dropped: int = 0


def bucket_of(record_id: str) -> int:
    """The first six bits of the SHA-256 of the id."""
    return hashlib.sha256(record_id.encode()).digest()[0] >> 2


def buckets(store: Store) -> list[Row]:
    """Count and digest of each bucket of what the phone holds."""
    counts, digests = [0] * BUCKETS, [0] * BUCKETS
    for entity, record_id, version in store.versions():
        bucket = bucket_of(record_id)
        said = hashlib.sha256(f"{entity}/{record_id}/{version}".encode()).digest()
        counts[bucket] += 1
        digests[bucket] ^= int.from_bytes(said[:DIGEST_BYTES], "big")
    return [
        {"count": count, "digest": f"{digest:032x}"}
        for count, digest in zip(counts, digests, strict=True)
    ]


def repair(store: Store, sent: Sequence[int], changes: Row) -> Repair:
    """Make whole buckets what the server says they are: put its rows, drop all others."""
    whole = frozenset(sent)
    rows = {
        entity: [dict(zip(said["fields"], row, strict=True)) for row in said["put"]]
        for entity, said in changes.items()
    }
    shown = {(entity, row["id"]): row["version"] for entity in rows for row in rows[entity]}
    held = {
        (entity, record_id): version
        for entity, record_id, version in store.versions()
        if bucket_of(record_id) in whole
    }
    extra = held.keys() - shown.keys()
    with store.saving():
        for entity, record_id in extra:
            store.drop(entity, [record_id])
        for entity, fresh in rows.items():
            store.put(entity, fresh)
    changed = sum(held.get(key) != version for key, version in shown.items())
    return Repair(equal=False, put=changed, dropped=len(extra))
