"""Another device's outbox, whoever carries it: its own signature says whose it is (users.md item 6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auth.proofs import proven
from infra.clock import Milliseconds
from schemas.envelope import HandinSchema
from sync.chain import vouched_from
from sync.intake import read_envelope
from sync.mutation import Mutation


@dataclass(frozen=True, slots=True)
class Handin:
    """An exported outbox, read and not yet believed."""

    ibc_id: str
    device_id: str
    head: Mapping[str, Any]
    mutations: Sequence[Mutation]


def read_handin(raw: bytes, now: Milliseconds) -> Handin:
    """Read a request of `/sync/handin`. Errors: as `sync.intake.read_exchange`."""
    envelope, mutations = read_envelope(raw, HandinSchema, now)
    return Handin(envelope["ibc"], envelope["device_id"], envelope["head"], mutations)


def is_whole(handin: Handin, public_key: str | None) -> bool:
    """Is it one unbroken run of the chain, signed at its end by this key?

    A run of nothing is a phone with a dead token that asks whether everything has arrived.
    """
    if not handin.mutations:
        head = handin.head
        return public_key is not None and proven(
            public_key, head["signature"], head["hash"].encode()
        )
    links = [(mutation.prev, mutation.body_hash) for mutation in handin.mutations]
    return vouched_from(links) == 0 and is_signed_by(public_key, handin.head, handin.mutations[-1])


def is_signed_by(public_key: str | None, head: Mapping[str, Any], last: Mutation) -> bool:
    """Is `head` the key's own word for this mutation and everything that it hangs on?"""
    return (
        public_key is not None
        and head["hash"] == last.body_hash
        and (last.seq is None or head["seq"] == last.seq)
        and proven(public_key, head["signature"], last.body_hash.encode())
    )
