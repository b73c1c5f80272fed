"""A tender that is not money yet: a cheque, a pay order or a wallet claim, and how far it has come."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, books
from models.collection import Tender
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Count, Date, Label, OneOf, PositivePaisa, RecordId


class InstrumentStateWord(StrEnum):
    """Where it is (domain manual §6.4)."""

    IN_HAND = "in_hand"
    """With the officer who took it."""
    HANDED_OVER = "handed_over"
    """At the IBC."""
    IN_CLEARING = "in_clearing"
    CLEARED = "cleared"
    RETURNED = "returned"
    CLAIMED = "claimed"
    """A wallet claim that no agency has confirmed."""
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """Its receipt was voided."""


InstrumentState = Annotated[str, mapped_column(TEXT), OneOf(InstrumentStateWord)]


class Instrument(Synced):
    """What the books know of one such tender; its id is its collection's."""

    __tablename__ = "instruments"
    __table_args__ = (
        Index(None, "ibc_id", "state", "kind"),
        Index(None, "ibc_id", "instrument_no"),
        Index(None, "ibc_id", "wallet_txn_id"),
        Index(None, "ibc_id", "deposit_id"),
        Index("ix_instruments_account", "ibc_id", "account_no", "state", "amount_paisa"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[Tender] = books()
    officer_id: Mapped[RecordId] = books()
    receipt_no: Mapped[Label] = books()
    account_no: Mapped[AccountNo | None] = books()
    """Whose uncleared money it is; none while it is unknown."""
    amount_paisa: Mapped[PositivePaisa] = books()
    bank: Mapped[Label | None] = books()
    instrument_no: Mapped[Code | None] = books()
    instrument_date: Mapped[Date | None] = books()
    wallet_provider: Mapped[Code | None] = books()
    wallet_txn_id: Mapped[Code | None] = books()
    deposit_id: Mapped[RecordId | None] = books()
    """The slip that it is, or was last, on."""
    presented: Mapped[Count] = books()
    """How often the bank has had it: at most twice."""
    state: Mapped[InstrumentState] = books()
