"""What a consumer owes, as the books have it; written by the books and by nothing else."""

from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import (
    PAISA_MAX,
    TEXT,
    AccountNo,
    Group,
    Paisa,
    Several,
    SignedPaisa,
    Time,
    Whole,
    Words,
)

OpenBills = Annotated[
    str,
    mapped_column(TEXT),
    Several(
        Group(
            {"invoice_no": Words(40), "open_paisa": Whole(0, PAISA_MAX, "paisa")},
            required=frozenset({"invoice_no", "open_paisa"}),
        ),
        most=60,
    ),
]
"""Bills that are not paid yet, oldest first, with what is still open on each."""


class Position(Synced):
    """A consumer's standing at one moment of the books; has the consumer's id."""

    __tablename__ = "positions"
    __table_args__ = (Index(None, "ibc_id", "account_no", unique=True), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Members())

    account_no: Mapped[AccountNo]
    due_paisa: Mapped[SignedPaisa]
    """What is owed: the receivable."""
    advance_paisa: Mapped[Paisa]
    uncleared_paisa: Mapped[Paisa]
    """Cheques, pay orders and wallet claims that have not become money yet."""
    held_paisa: Mapped[Paisa]
    """Doubted money that names this account and is not allocated to it (users.md item 4)."""
    open_bills: Mapped[OpenBills]
    as_of: Mapped[Time]
