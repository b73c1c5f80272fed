"""Money given back to a consumer who paid too much: proposed by one person, approved by another (users.md 13)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.decision import DecisionState
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Label, Note, OneOf, PositivePaisa, RecordId

RUPEE = 100


class PaidFromWord(StrEnum):
    """Where the money comes from."""

    BANK = "bank"
    CASH = "cash"


PaidFrom = Annotated[str, mapped_column(TEXT), OneOf(PaidFromWord)]


def _can_be_paid(values: Mapping[str, Any]) -> Mapping[str, str]:
    """Cash is whole rupees; what a bank pays names its account (M18)."""
    errors: dict[str, str] = {}
    in_cash = values["paid_from"] == PaidFromWord.CASH
    if in_cash and values["amount_paisa"] % RUPEE:
        errors["amount_paisa"] = "cash_is_whole_rupees"
    if in_cash == (values.get("bank_account") is not None):
        errors["bank_account"] = "not_for_this_kind" if in_cash else "needed_for_this_kind"
    return errors


class Refund(Synced):
    """A part of one consumer's advance that goes back to him."""

    __tablename__ = "refunds"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None, check=_can_be_paid)

    account_no: Mapped[AccountNo]
    amount_paisa: Mapped[PositivePaisa]
    paid_from: Mapped[PaidFrom]
    bank_account: Mapped[Code | None]
    reason: Mapped[Note]
    acknowledgement: Mapped[Label | None]
    """What the consumer signed: nothing is approved without it."""
    state: Mapped[DecisionState]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
