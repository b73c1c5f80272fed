"""Where a foreign client has read to, in one number that JavaScript keeps exactly. Pure.

The number has 53 bits, the most significant first:

    life 6 | delivered 30 | kind 6 | bucket 11

`life` is a mark of the epoch, so that a number from before a restore is noticed (63 times of 64; a
position beyond the head of the log is noticed always). `delivered` is the log position at which a row
reaches the reader, the later of its own and its scope's granting: 1,073,741,823 log entries of one
IBC, which is 58 years at 50,000 a day. `kind` is the entity's place among all, parents first, or one
of the two steps by which a scope is left. `bucket` is a hash of the record's id, which cuts what one
log entry delivers into pages; rows of one bucket are told apart by their id, or never parted.
"""

import hashlib
from typing import NamedTuple

from models import ENTITIES
from sync.cursor import NotACursor

LIFE_BITS, DELIVERED_BITS, KIND_BITS, BUCKET_BITS = 6, 30, 6, 11
LIFE_MAX = (1 << LIFE_BITS) - 1
DELIVERED_MAX = (1 << DELIVERED_BITS) - 1
KIND_MAX = (1 << KIND_BITS) - 1
BUCKET_MAX = (1 << BUCKET_BITS) - 1
NUMBER_MAX = (1 << (LIFE_BITS + DELIVERED_BITS + KIND_BITS + BUCKET_BITS)) - 1

LEAVING, DROPPED = KIND_MAX - 1, KIND_MAX
"""The two steps by which a scope is left: its rows are marked, and later they are deleted."""
TRAVEL = [name for name, entity in ENTITIES.items() if entity.sync.scope is not None]
KINDS = {name: kind for kind, name in enumerate(TRAVEL, start=1)}
"""What never leaves the office needs no place."""
assert len(KINDS) < LEAVING, "KIND_BITS cannot tell so many entities apart"


class Place(NamedTuple):
    """A place in the order in which a foreign client is sent its rows."""

    life: int
    delivered: int
    kind: int
    bucket: int


def pack(place: Place) -> int:
    """The place as a number; ascending as places are. Errors: OverflowError beyond a bound."""
    bounds = (LIFE_MAX, DELIVERED_MAX, KIND_MAX, BUCKET_MAX)
    if any(not 0 <= part <= most for part, most in zip(place, bounds, strict=True)):
        raise OverflowError(f"{place} is beyond {bounds}; the log has outgrown foreign clients")
    number = place.life
    for part, bits in zip(place[1:], (DELIVERED_BITS, KIND_BITS, BUCKET_BITS), strict=True):
        number = number << bits | part
    return number


def unpack(number: int) -> Place:
    """The place that the number says. Errors: NotACursor when it is none of ours."""
    if not 0 <= number <= NUMBER_MAX:
        raise NotACursor(f"{number} is not a position")
    rest, bucket = number >> BUCKET_BITS, number & BUCKET_MAX
    rest, kind = rest >> KIND_BITS, rest & KIND_MAX
    return Place(rest >> DELIVERED_BITS, rest & DELIVERED_MAX, kind, bucket)


def life_of(epoch: str) -> int:
    """The mark of an epoch, never 0, so that no number of ours is 0."""
    return int.from_bytes(hashlib.sha256(epoch.encode()).digest()[:4]) % LIFE_MAX + 1


def bucket_of(record_id: str) -> int:
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:2]) & BUCKET_MAX


def end_of(life: int, delivered: int) -> Place:
    """After everything that is delivered at a log position."""
    return Place(life, delivered, DROPPED, BUCKET_MAX)
