"""The rule of cutting with its dates: clear days, months, hours of the week, whom it protects (domain manual §1.2)."""

from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, WHOLE, Code, Date, Days, Group, Label, Several, Whole, Words40s

MINUTES_A_DAY = 24 * 60
WINDOWS_MAX = 14

Minute = Whole(0, MINUTES_A_DAY, "minutes after midnight")
Week = Annotated[
    str,
    mapped_column(TEXT),
    Several(
        Group(
            {
                "weekday": Whole(1, 7, "weekday, Monday is 1"),
                "from_minute": Minute,
                "until_minute": Minute,
            },
            required=frozenset({"weekday", "from_minute", "until_minute"}),
        ),
        most=WINDOWS_MAX,
    ),
]
"""When a supply may be cut; a weekday that is not named has no such hour."""
Months = Annotated[int, mapped_column(WHOLE), Whole(1, 24, "months")]
Hours = Annotated[int, mapped_column(WHOLE), Whole(1, 24 * 31, "hours")]
DayMinute = Annotated[int, mapped_column(WHOLE), Minute]


class CutRule(Synced):
    """What ledger/gate.py goes by from one date to another, with where it is written."""

    __tablename__ = "cut_rules"
    __table_args__ = (Index(None, "ibc_id", "effective_from"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    rule_no: Mapped[Code]
    effective_from: Mapped[Date]
    effective_until: Mapped[Date | None]
    """The last day; until another begins when nothing is said."""
    clear_days: Mapped[Days]
    """Whole days between the day of service and the day of the cut (CSM 8.2.2: seven)."""
    months_least: Mapped[Months]
    """Unpaid bills that it takes (CSM 8.2.3: two)."""
    promise_days: Mapped[Days]
    """For how long at most a promise at the door holds a cut off."""
    data_hours: Mapped[Hours]
    """How old a phone's knowledge may be."""
    week: Mapped[Week]
    eve_until_minute: Mapped[DayMinute | None]
    """On the day before a holiday no later than this."""
    protecting_flags: Mapped[Words40s | None]
    """Billing's flags of a consumer who is not cut: hospitals, life support, cases at court."""
    source: Mapped[Label]
    """Where it is written: the order, its date, or that it is a default."""
