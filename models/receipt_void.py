"""An officer's word that a receipt should not stand; a person at the office decides."""

from typing import Annotated, ClassVar

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Evidence, Id, Note, RecordId

AwaitedCollection = Annotated[str, mapped_column(TEXT), Id(of="collection", waits=True)]


class ReceiptVoid(Synced):
    """A request to void one receipt; the number is never used again."""

    __tablename__ = "receipt_voids"
    __sync__: ClassVar[Sync] = Sync(policy=Policy.FACT, scope=Scope("officer", by="officer_id"))

    officer_id: Mapped[RecordId] = stamp()
    collection_id: Mapped[AwaitedCollection]
    reason: Mapped[Note]
    evidence: Mapped[Evidence | None]
