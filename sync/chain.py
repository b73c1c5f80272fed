"""A device's own chain of mutations 1, 2, 3 …: how far it has come, and what is missing in it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MISSING_NAMED_MAX = 100
"""How many missing numbers an answer names; the rest is named when these have come."""


class Gap(NamedTuple):
    """Numbers that were skipped, and the two links that what fills them must fit between."""

    first: int
    last: int
    before: str | None = None
    """Hash of the link before the gap; None when it is not known."""
    after: str | None = None
    """What the link after the gap names as its `prev`; None when it named nothing."""

    def doubts(self, seq: int, prev: str | None, body_hash: str) -> bool:
        """Whether a link that has come late contradicts one of its neighbours."""
        breaks_before = (
            seq == self.first and None not in (prev, self.before) and prev != self.before
        )
        breaks_after = seq == self.last and self.after is not None and body_hash != self.after
        return breaks_before or breaks_after

    def without(self, seq: int, prev: str | None, body_hash: str) -> list["Gap"]:
        """What is left of the gap when `seq` has come."""
        parts = [
            Gap(self.first, seq - 1, self.before, prev),
            Gap(seq + 1, self.last, body_hash, self.after),
        ]
        return [part for part in parts if part.first <= part.last]


@dataclass(slots=True)
class Missing:
    """Sequence numbers that were skipped and have not come yet, as ascending gaps."""

    ranges: list[Gap] = field(default_factory=list)

    @classmethod
    def of(cls, stored: Sequence[Sequence[Any]]) -> "Missing":
        """From what a table keeps; rows of two numbers are from before gaps knew their neighbours."""
        return cls([Gap(*row) for row in stored])

    def gap_at(self, seq: int) -> Gap | None:
        return next((gap for gap in self.ranges if gap.first <= seq <= gap.last), None)

    def holds(self, seq: int) -> bool:
        return self.gap_at(seq) is not None

    def skip(self, gap: Gap) -> None:
        self.ranges.append(gap)

    def fill(self, seq: int, prev: str | None, body_hash: str) -> None:
        """`seq` has come: cut it out of its gap."""
        kept: list[Gap] = []
        for gap in self.ranges:
            inside = gap.first <= seq <= gap.last
            kept += gap.without(seq, prev, body_hash) if inside else [gap]
        self.ranges = kept

    def numbers(self) -> Sequence[int]:
        """The first missing numbers, one by one, for the device to send again."""
        found: list[int] = []
        for gap in self.ranges:
            found += range(gap.first, min(gap.last + 1, gap.first + MISSING_NAMED_MAX - len(found)))
            if len(found) >= MISSING_NAMED_MAX:
                break
        return found


@dataclass(slots=True)
class Chain:
    """The last link that arrived in order, and the gaps before it."""

    seq: int
    hash: str
    missing: Missing
    signs: bool = False
    """Whether the device has ever signed: from then on it must always sign (decision 0014)."""

    def doubt(self, seq: int, prev: str | None, body_hash: str) -> str | None:
        """Why this link does not fit, or None: a gap is no doubt, a fork and a wrong `prev` are."""
        if seq <= self.seq:
            gap = self.missing.gap_at(seq)
            if gap is None:
                return "FORK"
            return "CHAIN_BROKEN" if gap.doubts(seq, prev, body_hash) else None
        follows = seq == self.seq + 1
        return "CHAIN_BROKEN" if follows and prev is not None and prev != self.hash else None

    def follow(self, seq: int | None, prev: str | None, body_hash: str) -> None:
        """Take in a link that has been stored, whatever its outcome."""
        if seq is None:
            return
        if seq <= self.seq:
            self.missing.fill(seq, prev, body_hash)
            return
        if seq > self.seq + 1:
            self.missing.skip(Gap(self.seq + 1, seq - 1, self.hash, prev))
        self.seq, self.hash = seq, body_hash


def vouched_from(links: Sequence[tuple[str | None, str]]) -> int:
    """From which place on the last link's signature covers these (prev, hash), in the order sent.

    Numbers 1 and 5 in one request: whoever signs 5 has said nothing about this 1.
    """
    place = len(links) - 1
    while place > 0 and links[place][0] == links[place - 1][1]:
        place -= 1
    return max(place, 0)
