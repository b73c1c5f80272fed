"""The calendar: days on which nobody is cut, and which move when the moon is seen (domain manual §6.13)."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import Date, Label


class Holiday(Synced):
    """One gazetted holiday; when it moves, its day is written again."""

    __tablename__ = "holidays"
    __table_args__ = (Index(None, "ibc_id", "day"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    day: Mapped[Date]
    name: Mapped[Label]
    name_ur: Mapped[Label | None]
    source: Mapped[Label | None]
    """The gazette, or that it is a default."""
