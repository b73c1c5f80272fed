"""What a manager wants of a month: a figure and the value that it should reach (users.md 12)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import PAISA_MAX, TEXT, WHOLE, BillMonth, OneOf, RecordId, Whole


class TargetKindWord(StrEnum):
    """Figures (sync/figures.py) for which a target may be set, by their names there."""

    COLLECTED = "collected"
    COLLECTION_EFFICIENCY = "collection_efficiency"
    ARREARS_RECOVERED = "arrears_recovered"
    PAYING_RATIO = "paying_ratio"
    STOPS_VISITED = "stops_visited"
    PROMISES_KEPT = "promises_kept"
    NOTICES_SERVED = "notices_served"
    CUTS_LAWFUL = "cuts_lawful"
    ISSUES_CLOSED = "issues_closed"


TargetKind = Annotated[str, mapped_column(TEXT), OneOf(TargetKindWord)]
Wanted = Annotated[int, mapped_column(WHOLE), Whole(0, PAISA_MAX, "unit of the figure")]


class Target(Synced):
    """The value that one figure should reach in one month, for an area or the whole IBC."""

    __tablename__ = "targets"
    __table_args__ = (Index(None, "ibc_id", "month"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    kind: Mapped[TargetKind]
    month: Mapped[BillMonth]
    area_id: Mapped[RecordId | None]
    """The whole IBC when nothing is said."""
    wanted: Mapped[Wanted]
    """Paisa, a count or basis points, as the figure counts."""
