"""Money that moves by decision alone: waivers, recoveries, write-offs; proposed and approved by different people."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Label, Note, OneOf, PositivePaisa, RecordId


class AdjustmentKindWord(StrEnum):
    """Which journal template it posts (domain manual §6.6)."""

    WAIVER = "waiver"
    """A surcharge or a wrong bill is let off: 2900 to 1100; exported to billing."""
    SHORTAGE_RECOVERED = "shortage_recovered"
    SHORTAGE_WRITTEN_OFF = "shortage_written_off"
    OVERAGE_TO_INCOME = "overage_to_income"
    LOSS_RECOVERED = "loss_recovered"
    LOSS_WRITTEN_OFF = "loss_written_off"
    DIFFERENCE_RECOVERED = "difference_recovered"
    """What the bank had counted less came in after all."""
    DIFFERENCE_WRITTEN_OFF = "difference_written_off"


class AdjustmentStateWord(StrEnum):
    """Maker, then one checker or two."""

    SUBMITTED = "submitted"
    FIRST_APPROVED = "first_approved"
    """A write-off needs a second signature, by finance."""
    APPROVED = "approved"
    REJECTED = "rejected"


class PaidByWord(StrEnum):
    """How a recovery came in."""

    CASH = "cash"
    BANK = "bank"
    PAYROLL = "payroll"


AdjustmentKind = Annotated[str, mapped_column(TEXT), OneOf(AdjustmentKindWord)]
AdjustmentState = Annotated[str, mapped_column(TEXT), OneOf(AdjustmentStateWord)]
PaidBy = Annotated[str, mapped_column(TEXT), OneOf(PaidByWord)]


class Adjustment(Synced):
    """One proposal to move money by decision, with who made it and who checked it."""

    __tablename__ = "adjustments"
    __table_args__ = (
        Index(None, "ibc_id", "state"),
        Index(None, "ibc_id", "account_no"),
        Index(None, "ibc_id", "account_of"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[AdjustmentKind]
    account_no: Mapped[AccountNo | None]
    """waiver: whose due is let off."""
    account_of: Mapped[Label | None]
    """The custody session of a shortage, overage or loss; the bank account of a difference."""
    amount_paisa: Mapped[PositivePaisa]
    paid_by: Mapped[PaidBy | None]
    bank_account: Mapped[Code | None]
    reason: Mapped[Note]
    state: Mapped[AdjustmentState]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
    second_checker_id: Mapped[RecordId | None]
