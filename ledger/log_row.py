"""One line of the log as the books read it: pure values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DECIDES = ("decision", "clearing")
"""Entities that say what becomes of a collection."""


@dataclass(slots=True, kw_only=True)
class LogRow:
    """One mutation with its outcome; a later fate carries the values of the mutation it is about."""

    seq: int
    mutation_id: str
    origin: str
    entity: str
    op: str
    record_id: str
    author_id: str
    officer_id: str | None
    occurred_at: int
    local_date: str
    """The date of `occurred_at` on a wall in the IBC."""
    outcome: str
    code: str | None
    body_hash: str
    fields: Mapping[str, Any]  # what a body says may be anything until its template looks at it
    released: bool = False
    """Whether this is the later fate of an earlier mutation."""

    @property
    def actor_id(self) -> str:
        return self.officer_id or self.author_id

    @property
    def collection_id(self) -> str | None:
        """The collection that this row is about, if any: what a parked row takes with it."""
        if self.entity == "collection":
            return self.record_id
        named = self.fields.get("collection_id") if self.entity in DECIDES else None
        return named if isinstance(named, str) else None


def unwritten(entity: str, fields: Mapping[str, Any]) -> LogRow:
    """A row that the office may write, as far as loading the books for it needs one."""
    return LogRow(
        seq=0,
        mutation_id="",
        origin="office",
        entity=entity,
        op="put",
        record_id="",
        author_id="",
        officer_id=None,
        occurred_at=0,
        local_date="",
        outcome="applied",
        code=None,
        body_hash="",
        fields=fields,
    )
