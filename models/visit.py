"""A knock at a door, and what came of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, AccountNo, Date, Evidence, Note, OneOf, PositivePaisa, RecordId


class OutcomeWord(StrEnum):
    """What happened at the door (domain manual §6.2)."""

    PAID = "paid"
    PART_PAID = "part_paid"
    PROMISE = "promise"
    REFUSED = "refused"
    NOT_HOME = "not_home"
    LOCKED = "locked"
    VACANT = "vacant"
    SHIFTED = "shifted"
    WRONG_ADDRESS = "wrong_address"
    DISPUTE_CLAIMED = "dispute_claimed"
    ALREADY_PAID_CLAIM = "already_paid_claim"
    UNSAFE_ABORTED = "unsafe_aborted"
    AREA_OFF = "area_off"
    HANDED_NOTICE = "handed_notice"
    WORK_DONE = "work_done"


VisitOutcome = Annotated[str, mapped_column(TEXT), OneOf(OutcomeWord)]


def _promise_is_whole(values: Mapping[str, object]) -> Mapping[str, str]:
    if values.get("outcome") == OutcomeWord.PROMISE and not values.get("promise_date"):
        return {"promise_date": "promise_needs_date"}
    return {}


class Visit(Synced):
    """One visit to one consumer; "unsafe" never counts against the officer."""

    __tablename__ = "visits"
    __table_args__ = (
        Index(None, "ibc_id", "account_no"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT,
        scope=Scope("officer", by="officer_id"),
        about="account_no",
        check=_promise_is_whole,
    )

    officer_id: Mapped[RecordId] = stamp()
    account_no: Mapped[AccountNo]
    stop_id: Mapped[RecordId | None]
    outcome: Mapped[VisitOutcome]
    promise_date: Mapped[Date | None]
    promise_paisa: Mapped[PositivePaisa | None]
    remark: Mapped[Note | None]
    evidence: Mapped[Evidence | None]
