"""A disconnection notice: the legal step before any cut (CSM 8.2.2)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Date, OneOf, Paisa


class NoticeStateWord(StrEnum):
    """Where the notice stands (domain manual §6.4)."""

    DRAFTED = "drafted"
    ISSUED = "issued"
    SERVED = "served"
    REFUSED = "refused"
    PASTED = "pasted"
    UNDELIVERED = "undelivered"
    MATURED = "matured"
    ORDER_RAISED = "order_raised"
    WITHDRAWN = "withdrawn"


NoticeState = Annotated[str, mapped_column(TEXT), OneOf(NoticeStateWord)]


class Notice(Synced):
    """One notice to one consumer: how much, for which bills, and how far it has come."""

    __tablename__ = "notices"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE, scope=Members(), claims={"notice_no": "NOTICE_NO_REUSED"}
    )

    notice_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    amount_paisa: Mapped[Paisa]
    issued_on: Mapped[Date]
    second_due_date: Mapped[Date]
    state: Mapped[NoticeState]
    served_on: Mapped[Date | None]
