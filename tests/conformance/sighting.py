"""A hook on the line, as an officer passed by: the one file of an entity that only a test knows."""

from typing import ClassVar

from sqlalchemy.orm import Mapped

from models.base import Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import AccountNo, Denominations, Note, Paisa, RecordId, Time, YesNo


class HookSighting(Synced):
    """A hook that an officer saw."""

    __tablename__ = "hook_sightings"
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT, scope=Scope("officer", by="officer_id"), about="account_no"
    )

    officer_id: Mapped[RecordId] = stamp()
    account_no: Mapped[AccountNo]
    seen_at: Mapped[Time]
    remark: Mapped[Note | None]
    loss_paisa: Mapped[Paisa | None]
    found: Mapped[Denominations | None]
    live: Mapped[YesNo]
