"""What a device hands over at once, and what it is told."""

from collections.abc import Sequence
from typing import NamedTuple

from sync.mutation import Author, Mutation
from sync.outcomes import Outcome


class Carried(NamedTuple):
    """What came with the mutations: whether to trust them, and how the phone is doing."""

    trusted: bool = True
    """False for a revoked device: all that is new is stored and held."""
    signed: bool = True
    """False when the signature over the head is wrong."""
    clock_offset_ms: int | None = None
    app: str | None = None
    pending: int | None = None


class Parcel(NamedTuple):
    """The mutations of one request, with their author."""

    author: Author
    mutations: Sequence[Mutation]
    carried: Carried = Carried()


class Pushed(NamedTuple):
    """What became of a parcel."""

    epoch: str
    outcomes: Sequence[Outcome]
    missing: Sequence[int]
    """The author's sequence numbers that have not arrived."""
    logged: int
    """How many entries the log has grown by: 0 when everything was a repeat."""
