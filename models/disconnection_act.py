"""The act of cutting a supply: a fact, whatever was paid meanwhile."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import AccountNo, Code, Evidence, KilowattHours, Note, RecordId


class DisconnectionAct(Synced):
    """The supply of one consumer, cut at the pole or at the meter."""

    __tablename__ = "disconnection_acts"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT, scope=Scope("officer", by="officer_id"), about="account_no"
    )

    officer_id: Mapped[RecordId] = stamp()
    account_no: Mapped[AccountNo]
    order_id: Mapped[RecordId | None]
    """The office's order, where one was given."""
    meter_no_seen: Mapped[Code | None]
    reading_kwh: Mapped[KilowattHours | None]
    seal_no: Mapped[Code | None]
    remark: Mapped[Note | None]
    evidence: Mapped[Evidence | None]
