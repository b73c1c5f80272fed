"""The Integrated Business Centre: the unit of order, of tenancy and of sharding."""

from typing import Annotated, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Label, Words, Words40s

Timezone = Annotated[
    str, mapped_column(TEXT), Words(40, pattern=r"[A-Za-z_]+/[A-Za-z_]+", sample="Asia/Karachi")
]
IbcCode = Annotated[str, mapped_column(TEXT), Words(4, 3, pattern=r"[A-Z]{3,4}", sample="DEF")]


class Ibc(Synced):
    """An office with its own consumers, staff, log and books."""

    __tablename__ = "ibcs"
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("ibc", by="ibc_id"))

    code: Mapped[IbcCode]
    name: Mapped[Label]
    name_ur: Mapped[Label]
    timezone: Mapped[Timezone]
    former_bocs: Mapped[Words40s | None]
