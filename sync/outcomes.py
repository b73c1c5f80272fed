"""What becomes of a mutation at once: one outcome each, recorded and never changed (protocol, outcome)."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from infra.catalogue import message


class OutcomeWord(StrEnum):
    """The fates a mutation can meet on arrival."""

    APPLIED = "applied"
    MERGED = "merged"
    CONFLICT = "conflict"
    HELD = "held"
    WAITING = "waiting"
    REJECTED = "rejected"


class Outcome(NamedTuple):
    """One mutation's outcome as the author is told it."""

    id: str | None
    outcome: OutcomeWord
    version: int | None = None
    code: str | None = None
    errors: Mapping[str, str] = MappingProxyType({})
    """Field → message key."""
    exception_id: str | None = None
    replayed: bool = False

    def wire(self) -> dict[str, Any]:
        """The outcome as JSON; only what there is to say."""
        said: dict[str, Any] = {"id": self.id, "outcome": self.outcome.value}
        if self.version is not None:
            said["version"] = self.version
        if self.code:
            said["code"] = self.code
        if self.errors:
            said["errors"] = {name: message(key) for name, key in self.errors.items()}
        if self.exception_id:
            name = "conflict_id" if self.outcome is OutcomeWord.CONFLICT else "exception_id"
            said[name] = self.exception_id
        said["replayed"] = self.replayed
        return said
