"""One edit on its way in, and who made it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from models import Entity

SERVER = "server"
"""Who made what follows from another record's change."""


class Op(StrEnum):
    """What a mutation does to its record."""

    PUT = "put"
    DELETE = "delete"


class Origin(StrEnum):
    """Who may write what (ruling 17)."""

    DEVICE = "device"
    OFFICE = "office"
    BOOKS = "books"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who made a mutation: an enrolment (one officer on one phone), a person, or the books."""

    id: str
    origin: Origin
    officer_id: str | None = None


@dataclass(slots=True, kw_only=True)
class Mutation:
    """One edit as it was read: what it says, its canonical bytes, and what is wrong with it."""

    id: str | None
    """None when not even that could be read: then it has an outcome and no place in the log."""
    seq: int | None
    entity: Entity | None
    entity_name: str
    op: str
    record_id: str
    base_version: int | None
    occurred_at: int
    fields: dict[str, Any]
    body: str
    body_hash: str
    prev: str | None = None
    protocol: int | None = None
    """The version in whose words `body` is, when that is an earlier one; `fields` are of today."""
    errors: dict[str, str] = field(default_factory=dict)
    """Field → message key; empty when every check passed."""

    @property
    def is_money(self) -> bool:
        return self.entity is not None and self.entity.sync.money is not None
