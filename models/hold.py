"""What stands in the way of a cut: a dispute, a stay order, a legal case (CSM 8.2, domain manual §6.3)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Date, Label, OneOf, Paisa


class HoldKindWord(StrEnum):
    """Why nobody may cut."""

    DISPUTE = "dispute"
    STAY_ORDER = "stay_order"
    LEGAL = "legal"
    PLAN = "plan"
    CRITICAL = "critical"
    BILLING_CHECK = "billing_check"


HoldKind = Annotated[str, mapped_column(TEXT), OneOf(HoldKindWord)]


class Hold(Synced):
    """One reason, from one date to another, not to cut one consumer's supply."""

    __tablename__ = "holds"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE, scope=Members(), claims={"hold_no": "HOLD_NO_REUSED"}
    )

    hold_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    kind: Mapped[HoldKind]
    from_date: Mapped[Date]
    until_date: Mapped[Date | None]
    """The last day; open when nothing is said."""
    disputed_paisa: Mapped[Paisa | None]
    reference: Mapped[Label | None]
    """Court, case and order number, or whatever the paper says."""
