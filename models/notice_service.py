"""The act of serving a notice at the door."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, AccountNo, Evidence, Id, Label, OneOf, RecordId


class ServiceMethodWord(StrEnum):
    """How it reached the consumer (domain manual §6.2)."""

    HAND = "hand"
    PASTED = "pasted"
    REFUSED = "refused"
    BILL_PRINT = "bill_print"
    POST = "post"


ServiceMethod = Annotated[str, mapped_column(TEXT), OneOf(ServiceMethodWord)]
AwaitedNotice = Annotated[str, mapped_column(TEXT), Id(of="notice", waits=True)]


class NoticeService(Synced):
    """Who was given the notice, how, and who saw it."""

    __tablename__ = "notice_services"
    __table_args__ = (Index(None, "ibc_id", "notice_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT, scope=Scope("officer", by="officer_id"), about="account_no"
    )

    officer_id: Mapped[RecordId] = stamp()
    notice_id: Mapped[AwaitedNotice]
    account_no: Mapped[AccountNo]
    method: Mapped[ServiceMethod]
    recipient_relation: Mapped[Label | None]
    witness: Mapped[Label | None]
    evidence: Mapped[Evidence | None]
