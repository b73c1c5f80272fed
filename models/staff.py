"""The people who work at an IBC, and the roles that they hold there."""

from typing import ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import Code, Label, StaffNo, Words40s, YesNo


class Staff(Synced):
    """One person's card at one IBC; the id is the person's, the same at every IBC."""

    __tablename__ = "staff"
    __table_args__ = (Index(None, "ibc_id", "staff_no", unique=True), Index(None, "id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    staff_no: Mapped[StaffNo]
    name: Mapped[Label]
    name_ur: Mapped[Label]
    roles: Mapped[Words40s]
    grade: Mapped[Code | None]
    active: Mapped[YesNo]
