"""A locality that officers walk."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Label, OneOf, Words40s, YesNo


class SafetyLevel(StrEnum):
    """How an officer may go there."""

    NORMAL = "normal"
    CARE = "care"
    ESCORT = "escort"
    CLOSED = "closed"


Safety = Annotated[str, mapped_column(TEXT), OneOf(SafetyLevel)]


class Area(Synced):
    """A locality with its names, its safety and whether cash may be taken at the door."""

    __tablename__ = "areas"
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    name: Mapped[Label]
    name_ur: Mapped[Label]
    aliases: Mapped[Words40s | None]
    cash_collection_enabled: Mapped[YesNo]
    safety_level: Mapped[Safety]
