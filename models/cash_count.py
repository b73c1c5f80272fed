"""What an officer counted, note by note, without having been told what the books expect."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import (
    TEXT,
    Count,
    Date,
    Denominations,
    Id,
    OneOf,
    Paisa,
    RecordId,
    Several,
)

RUPEE = 100
INSTRUMENTS_MAX = 200
"""Cheques and pay orders of one handover or one slip."""


class CountPurposeWord(StrEnum):
    """What the counted cash is for."""

    TURN_IN = "turn_in"
    """A part of it, during the day; the session stays open."""
    CLOSING = "closing"
    """All that there is; what is missing or too much becomes a difference."""


CountPurpose = Annotated[str, mapped_column(TEXT), OneOf(CountPurposeWord)]
InstrumentIds = Annotated[str, mapped_column(TEXT), Several(Id(), most=INSTRUMENTS_MAX)]
"""Cheques and pay orders, by the collections that brought them."""


def paisa_of(notes: Mapping[str, int]) -> int:
    """What notes and coins come to."""
    return sum(int(rupees) * pieces for rupees, pieces in notes.items()) * RUPEE


def _notes_make_the_total(values: Mapping[str, Any]) -> Mapping[str, str]:
    total = values.get("total_paisa")
    if total is not None and paisa_of(values["denominations"]) != total:
        return {"total_paisa": "denominations_do_not_add_up"}
    return {}


class CashCount(Synced):
    """An officer's blind count: a fact, and the offer to hand over what was counted."""

    __tablename__ = "cash_counts"
    __table_args__ = (Index(None, "ibc_id", "officer_id", "session_date"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT, scope=Scope("officer", by="officer_id"), check=_notes_make_the_total
    )

    officer_id: Mapped[RecordId] = stamp()
    session_date: Mapped[Date]
    purpose: Mapped[CountPurpose]
    denominations: Mapped[Denominations]
    total_paisa: Mapped[Paisa | None]
    """What the officer made it; the notes decide."""
    cheque_ids: Mapped[InstrumentIds | None]
    unsent: Mapped[Count | None]
    """Mutations made before this one that the phone had not sent when it was counted."""
