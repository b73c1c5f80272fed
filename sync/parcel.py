"""What a device hands over at once, and what it is told."""

from collections.abc import Sequence
from typing import NamedTuple

from sync.chain import vouched_from
from sync.mutation import Author, Mutation
from sync.outcomes import Outcome


class Carried(NamedTuple):
    """What came with the mutations: whether to trust them, and how the phone is doing."""

    trusted: bool = True
    """False for a revoked device: all that is new is stored and held."""
    signed: bool | None = None
    """Whether the device's own signature stands over the last mutation; None when none was sent."""
    covered: frozenset[str] = frozenset()
    """Hashes that a good signature covers: the unbroken run that ends with the last mutation."""
    carrier: str | None = None
    """Who brought another device's outbox; None when the device itself pushed."""
    clock_offset_ms: int | None = None
    app: str | None = None
    pending: int | None = None
    cursor: str | None = None
    """How far the phone has read, as it says."""


class Parcel(NamedTuple):
    """The mutations of one request, with their author."""

    author: Author
    mutations: Sequence[Mutation]
    carried: Carried = Carried()


def with_cover(parcel: Parcel) -> Parcel:
    """The same, saying what its signature covers; before it is taken apart for any reason."""
    if not parcel.carried.signed:
        return parcel
    first = vouched_from([(m.prev, m.body_hash) for m in parcel.mutations])
    covered = frozenset(mutation.body_hash for mutation in parcel.mutations[first:])
    return parcel._replace(carried=parcel.carried._replace(covered=covered))


class Pushed(NamedTuple):
    """What became of a parcel."""

    epoch: str
    outcomes: Sequence[Outcome]
    missing: Sequence[int]
    """The author's sequence numbers that have not arrived."""
    safe_seq: int
    """Up to here a verified backup holds what the author wrote, and its phone may forget."""
    logged: int
    """How many entries the log has grown by: 0 when everything was a repeat."""
