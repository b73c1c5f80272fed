"""A day's walk: planned by a supervisor, walked by an officer."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, office
from models.declaration import Owner, Policy, Scope, Sync
from models.kinds import TEXT, Count, Date, OneOf, RecordId


class RoundKindWord(StrEnum):
    """What the walk is for."""

    COLLECTION = "collection"
    NOTICE = "notice"
    METER = "meter"
    DISCONNECTION = "disconnection"
    MIXED = "mixed"


class RoundStateWord(StrEnum):
    """Where the walk stands (domain manual §6.4)."""

    PLANNED = "planned"
    ASSIGNED = "assigned"
    DOWNLOADED = "downloaded"
    STARTED = "started"
    REASSIGNED = "reassigned"
    ENDED = "ended"
    SETTLED = "settled"
    REOPENED = "reopened"
    CLOSED = "closed"
    CANCELLED = "cancelled"


OPEN_STATES = frozenset({"assigned", "downloaded", "started", "reassigned", "ended"})
"""While a round is in one of these, its officer's phone holds it and its consumers."""

RoundKind = Annotated[str, mapped_column(TEXT), OneOf(RoundKindWord)]
RoundState = Annotated[str, mapped_column(TEXT), OneOf(RoundStateWord)]


class Round(Synced):
    """One officer's walk through an area on one date."""

    __tablename__ = "rounds"
    __table_args__ = (Index(None, "ibc_id", "business_date", "officer_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.STATES,
        scope=Scope("round", by="id"),
        states={
            ("planned", "assigned"): Owner.OFFICE,
            ("planned", "cancelled"): Owner.OFFICE,
            ("assigned", "cancelled"): Owner.OFFICE,
            ("assigned", "downloaded"): Owner.DEVICE,
            ("assigned", "started"): Owner.DEVICE,
            ("downloaded", "started"): Owner.DEVICE,
            ("downloaded", "reassigned"): Owner.OFFICE,
            ("started", "reassigned"): Owner.OFFICE,
            ("reassigned", "assigned"): Owner.OFFICE,
            ("started", "ended"): Owner.DEVICE,
            ("ended", "settled"): Owner.OFFICE,
            ("settled", "reopened"): Owner.OFFICE,
            ("reopened", "settled"): Owner.OFFICE,
            ("settled", "closed"): Owner.OFFICE,
        },
    )

    area_id: Mapped[RecordId] = office()
    officer_id: Mapped[RecordId | None] = office()
    business_date: Mapped[Date] = office()
    kind: Mapped[RoundKind] = office()
    planned_count: Mapped[Count] = office()
    state: Mapped[RoundState]
