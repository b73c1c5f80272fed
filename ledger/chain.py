"""Hash chains: each link covers everything before it, so that nothing can be changed in between."""

import hashlib
from collections.abc import Sequence

from infra.strict_json import canonical

GENESIS = "0" * 64
"""What comes before the first link."""


def link(previous: str, first_seq: int, items: Sequence[tuple[str, str, str]]) -> str:
    """One link of the log: a whole push of (body hash, outcome, author id), in order (ruling 18)."""
    return hashlib.sha256(canonical([previous, first_seq, items])).hexdigest()


def restore_link(previous: str, log_seq: int, epoch: str) -> str:
    """What the log's chain goes on from after a restore: the copy's end, bound to the new epoch."""
    return hashlib.sha256(canonical(["restore", previous, log_seq, epoch])).hexdigest()


def entry_link(previous: str, content: Sequence[object]) -> str:
    """One link of the books: an entry with its postings and allocations, canonical."""
    return hashlib.sha256(canonical([previous, content])).hexdigest()
