"""A slip: cash or cheques on their way to the bank."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.cash_count import InstrumentIds
from models.declaration import Policy, Sync
from models.kinds import (
    TEXT,
    Code,
    Date,
    Denominations,
    OneOf,
    PositivePaisa,
    RecordId,
    Words,
)


class DepositKindWord(StrEnum):
    """What is in the bag."""

    CASH = "cash"
    CHEQUE = "cheque"


class DepositStateWord(StrEnum):
    """Where the bag is (domain manual §6.4)."""

    PREPARED = "prepared"
    AT_BANK = "at_bank"
    """It has left: cash in transit, cheques in clearing."""
    MATCHED = "matched"
    SHORT = "short"
    MISSING = "missing"
    RESOLVED = "resolved"


DepositKind = Annotated[str, mapped_column(TEXT), OneOf(DepositKindWord)]
DepositState = Annotated[str, mapped_column(TEXT), OneOf(DepositStateWord)]
PhotoHash = Annotated[
    str, mapped_column(TEXT), Words(64, 64, pattern=r"[0-9a-f]{64}", sample="0" * 64)
]
"""SHA-256 of a photograph."""


class Deposit(Synced):
    """One bank slip; its id is what 1025 and 1040 are kept under."""

    __tablename__ = "deposits"
    __table_args__ = (
        Index(None, "ibc_id", "slip_no"),
        Index("ix_deposits_amount", "ibc_id", "bank_account", "state", "total_paisa"),
        Index(None, "ibc_id", "state", "deposited_on"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[DepositKind]
    bank_account: Mapped[Code]
    slip_no: Mapped[Code]
    bag_no: Mapped[Code | None]
    total_paisa: Mapped[PositivePaisa]
    denominations: Mapped[Denominations | None]
    cheque_ids: Mapped[InstrumentIds | None]
    """Cheques and pay orders on the slip, by the collections that brought them."""
    photo_sha256: Mapped[PhotoHash | None]
    """The stamped slip."""
    deposited_on: Mapped[Date]
    maker_id: Mapped[RecordId]
    state: Mapped[DepositState]
