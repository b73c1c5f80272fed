"""The office's order to cut: raised by one person, approved by another, both behind the gate (domain manual §6.4)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Date, OneOf, Paisa, RecordId


class OrderStateWord(StrEnum):
    """Where the order stands."""

    RAISED = "raised"
    APPROVED = "approved"
    DONE = "done"
    CANCELLED = "cancelled"


OrderState = Annotated[str, mapped_column(TEXT), OneOf(OrderStateWord)]


class DisconnectionOrder(Synced):
    """One order to cut one supply; the gate is asked again at the door."""

    __tablename__ = "disconnection_orders"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE, scope=Members(), claims={"order_no": "ORDER_NO_REUSED"}
    )

    order_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    amount_paisa: Mapped[Paisa]
    """What was owed when it was raised."""
    raised_on: Mapped[Date]
    state: Mapped[OrderState]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
    act_id: Mapped[RecordId | None]
    """The cut that carried it out."""
