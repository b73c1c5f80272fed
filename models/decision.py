"""What the office decides about money already taken: proposed by one person, approved by another."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Note, OneOf, RecordId


class DecisionKindWord(StrEnum):
    """Which journal template it posts (domain manual §6.6)."""

    IDENTIFY = "identify"
    """Unidentified money belongs to this account: 2090 to 1100 or 2010."""
    TRANSFER = "transfer"
    """It was the wrong consumer: 1100 of the one to 1100 or 2010 of the other; cash untouched."""
    VOID = "void"
    """The receipt never happened, as its officer says."""
    REVERSE = "reverse"
    """The receipt never happened, as the office found."""


class DecisionStateWord(StrEnum):
    """Maker, then checker."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


DecisionKind = Annotated[str, mapped_column(TEXT), OneOf(DecisionKindWord)]
DecisionState = Annotated[str, mapped_column(TEXT), OneOf(DecisionStateWord)]


class Decision(Synced):
    """A decision about one collection, with who made it and who checked it."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "ibc_id", "collection_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[DecisionKind]
    collection_id: Mapped[RecordId]
    to_account_no: Mapped[AccountNo | None]
    reason: Mapped[Note]
    state: Mapped[DecisionState]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
