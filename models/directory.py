"""The door list of an area: enough to know a walk-up payer by name and house before taking money."""

from typing import ClassVar

from sqlalchemy.orm import Mapped

from models.base import Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import AccountNo, Label, RecordId


class Directory(Synced):
    """One consumer as every phone of the area knows it; has the consumer's id (users.md item 2)."""

    __tablename__ = "directory"
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("area", by="area_id"))

    account_no: Mapped[AccountNo]
    name: Mapped[Label]
    address: Mapped[Label]
    area_id: Mapped[RecordId]
