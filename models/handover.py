"""Cash and cheques that change hands between two people, both of whom say so."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, office
from models.cash_count import CountPurpose, InstrumentIds
from models.declaration import Owner, Policy, Scope, Sync
from models.kinds import TEXT, Date, Denominations, Note, OneOf, Paisa, RecordId, YesNo


class HandoverStateWord(StrEnum):
    """Who has said what (domain manual §6.4)."""

    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    """The officer took his offer back, or counted anew."""
    ACCEPTED = "accepted"
    """The cashier has counted it and has it; the books follow the cashier's count."""
    REJECTED = "rejected"
    AGREED = "agreed"
    """The officer agrees to a count that differs from his own."""
    DISPUTED = "disputed"
    CORRECTED = "corrected"
    """A disputed count was counted again and another handover stands for it."""


HandoverState = Annotated[str, mapped_column(TEXT), OneOf(HandoverStateWord)]


class Handover(Synced):
    """One passing of money from its holder to the cashier."""

    __tablename__ = "handovers"
    __table_args__ = (
        Index(None, "ibc_id", "officer_id", "session_date"),
        Index(None, "ibc_id", "state"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.STATES,
        scope=Scope("officer", by="officer_id"),
        states={
            ("offered", "accepted"): Owner.OFFICE,
            ("offered", "rejected"): Owner.OFFICE,
            ("offered", "withdrawn"): Owner.DEVICE,
            ("accepted", "agreed"): Owner.DEVICE,
            ("accepted", "disputed"): Owner.DEVICE,
            ("disputed", "agreed"): Owner.OFFICE,
        },
    )

    officer_id: Mapped[RecordId] = office()
    session_date: Mapped[Date] = office()
    purpose: Mapped[CountPurpose] = office()
    count_id: Mapped[RecordId | None] = office()
    """The officer's blind count; none while his phone has not brought it."""
    offered: Mapped[Denominations | None] = office()
    """The first count, by whoever held it; nobody at the office sees it before the second."""
    cheque_ids: Mapped[InstrumentIds | None] = office()
    cashier_id: Mapped[RecordId | None] = office()
    counted: Mapped[Denominations | None] = office()
    """The second count, by the cashier."""
    counted_paisa: Mapped[Paisa | None] = office()
    provisional: Mapped[YesNo | None] = office()
    """Accepted before everything that the phone had made was here."""
    reason: Mapped[Note | None] = office()
    state: Mapped[HandoverState]
