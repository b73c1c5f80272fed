"""An officer has seen an alert."""

from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Evidence, Id, RecordId

AwaitedAlert = Annotated[str, mapped_column(TEXT), Id(of="alert", waits=True)]


class AlertSeen(Synced):
    """Who saw it, when, and where he was."""

    __tablename__ = "alerts_seen"
    __table_args__ = (Index(None, "ibc_id", "alert_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.FACT, scope=Scope("officer", by="officer_id"))

    officer_id: Mapped[RecordId] = stamp()
    alert_id: Mapped[AwaitedAlert]
    evidence: Mapped[Evidence | None]
