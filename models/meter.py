"""The instrument on the wall."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import TEXT, WHOLE, AccountNo, Code, Date, OneOf, Whole


class MeterStateWord(StrEnum):
    """Whether the meter is there."""

    INSTALLED = "installed"
    REMOVED = "removed"


MeterState = Annotated[str, mapped_column(TEXT), OneOf(MeterStateWord)]
Phases = Annotated[int, mapped_column(WHOLE), Whole(1, 3, "phases")]
Digits = Annotated[int, mapped_column(WHOLE), Whole(3, 9, "digits")]
MultiplierMilli = Annotated[int, mapped_column(WHOLE), Whole(1, 10_000_000, "1/1000")]


class Meter(Synced):
    """A meter and the account that it measures."""

    __tablename__ = "meters"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Members())

    meter_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    phases: Mapped[Phases]
    digits: Mapped[Digits]
    multiplier_milli: Mapped[MultiplierMilli]
    installed_on: Mapped[Date | None]
    state: Mapped[MeterState]
