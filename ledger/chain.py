"""The hash chain of the log: one link for each push (ruling 18). Pure."""

import hashlib
from collections.abc import Sequence

from infra.strict_json import canonical


def link(previous: str, first_seq: int, items: Sequence[tuple[str, str, str]]) -> str:
    """SHA-256 over the previous link and, in order, [body hash, outcome, author] of each entry."""
    return hashlib.sha256(canonical([previous, first_seq, items])).hexdigest()
