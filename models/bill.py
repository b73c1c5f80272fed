"""What billing charged for a month; the ledger owes its receivable to these and nothing else."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import AccountNo, BillMonth, Code, Date, LateTiers, SignedPaisa, YesNo


class Bill(Synced):
    """One invoice: this month's charge, what stood open before, and what each later date costs."""

    __tablename__ = "bills"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE, scope=Members(), claims={"invoice_no": "INVOICE_NO_REUSED"}
    )

    invoice_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    bill_month: Mapped[BillMonth]
    reading_date: Mapped[Date | None]
    issue_date: Mapped[Date]
    due_date: Mapped[Date]
    current_paisa: Mapped[SignedPaisa]
    """This month's own charge, the amount that the books post; negative when billing credits."""
    arrears_paisa: Mapped[SignedPaisa]
    within_due_paisa: Mapped[SignedPaisa]
    late_tiers: Mapped[LateTiers | None]
    notice_printed: Mapped[YesNo]
