"""An enrolment: one officer on one phone, with its own key, chain, receipt block and local database."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Label, OneOf, PublicKey, RecordId


class DeviceState(StrEnum):
    """Whether what a phone signs is trusted."""

    ACTIVE = "active"
    REVOKED = "revoked"
    LOST = "lost"


State = Annotated[str, mapped_column(TEXT), OneOf(DeviceState)]


class Device(Synced):
    """One officer on one phone; its public key travels so that any phone can check a receipt."""

    __tablename__ = "devices"
    __table_args__ = (Index(None, "id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    staff_id: Mapped[RecordId]
    public_label: Mapped[Label]
    public_key: Mapped[PublicKey]
    state: Mapped[State]
