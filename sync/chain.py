"""A device's own chain of mutations 1, 2, 3 …: how far it has come, and what is missing in it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

MISSING_NAMED_MAX = 100
"""How many missing numbers an answer names; the rest is named when these have come."""


@dataclass(slots=True)
class Missing:
    """Sequence numbers that were skipped and have not come yet, as ascending ranges."""

    ranges: list[tuple[int, int]] = field(default_factory=list)

    def holds(self, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self.ranges)

    def skip(self, first: int, last: int) -> None:
        self.ranges.append((first, last))

    def fill(self, seq: int) -> None:
        """`seq` has come: cut it out of its range."""
        kept: list[tuple[int, int]] = []
        for first, last in self.ranges:
            if not first <= seq <= last:
                kept.append((first, last))
                continue
            kept += [(a, b) for a, b in ((first, seq - 1), (seq + 1, last)) if a <= b]
        self.ranges = kept

    def numbers(self) -> Sequence[int]:
        """The first missing numbers, one by one, for the device to send again."""
        found: list[int] = []
        for first, last in self.ranges:
            found += range(first, min(last + 1, first + MISSING_NAMED_MAX - len(found)))
            if len(found) >= MISSING_NAMED_MAX:
                break
        return found


@dataclass(slots=True)
class Chain:
    """The last link that arrived in order, and the gaps before it."""

    seq: int
    hash: str
    missing: Missing

    def doubt(self, seq: int, prev: str | None) -> str | None:
        """Why this link does not fit, or None: a gap is no doubt, a fork and a wrong `prev` are."""
        if seq <= self.seq:
            return None if self.missing.holds(seq) else "FORK"
        follows = seq == self.seq + 1
        return "CHAIN_BROKEN" if follows and prev is not None and prev != self.hash else None

    def follow(self, seq: int | None, body_hash: str) -> None:
        """Take in a link that has been stored, whatever its outcome."""
        if seq is None:
            return
        if seq <= self.seq:
            self.missing.fill(seq)
            return
        if seq > self.seq + 1:
            self.missing.skip(self.seq + 1, seq - 1)
        self.seq, self.hash = seq, body_hash
