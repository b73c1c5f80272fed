"""What a consumer asks for at the door: recorded by an officer, answered by the office (users.md 7, 8)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, office, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import (
    TEXT,
    WHOLE,
    AccountNo,
    Code,
    Date,
    Evidence,
    Note,
    OneOf,
    Phone,
    PositivePaisa,
    RecordId,
    Whole,
)
from models.plan import INSTALMENTS_MAX


class RequestKindWord(StrEnum):
    """What is asked for."""

    BILL_CORRECTION = "bill_correction"
    """A billing complaint: the bill is wrong. Nobody is cut while it is open."""
    INSTALMENTS = "instalments"
    DUE_DATE_EXTENSION = "due_date_extension"
    RECONNECTION = "reconnection"
    REFUND = "refund"
    OTHER = "other"


class RequestStateWord(StrEnum):
    """Where the answer stands; none of these words means that nobody has taken it yet."""

    CLAIMED = "claimed"
    GRANTED = "granted"
    REFUSED = "refused"
    REOPENED = "reopened"
    """The consumer says that it is not solved."""
    CONFIRMED = "confirmed"
    """The consumer says that it is."""


ANSWERED = frozenset({"granted", "refused", "confirmed"})
"""States in which the consumer has his answer."""
ANSWER_DAYS: Mapping[RequestKindWord, int] = {
    # Time limits of the Consumer Service Manual as users.md 7 has them.
    RequestKindWord.BILL_CORRECTION: 7,
    RequestKindWord.DUE_DATE_EXTENSION: 3,
    RequestKindWord.RECONNECTION: 1,
    # Defaults, until the utility says otherwise.
    RequestKindWord.INSTALMENTS: 3,
    RequestKindWord.REFUND: 15,
    RequestKindWord.OTHER: 15,
}
"""Kind → days from the day it was asked in which an answer is due: what the slip says, offline too."""
NEEDED_BY_KIND: Mapping[object, tuple[str, ...]] = {
    RequestKindWord.INSTALMENTS: ("instalment_count", "first_payment_paisa"),
    RequestKindWord.DUE_DATE_EXTENSION: ("until_date",),
}

RequestKind = Annotated[str, mapped_column(TEXT), OneOf(RequestKindWord)]
RequestState = Annotated[str, mapped_column(TEXT), OneOf(RequestStateWord)]
InstalmentCount = Annotated[int, mapped_column(WHOLE), Whole(2, INSTALMENTS_MAX, "instalments")]


def _says_what_its_kind_needs(values: Mapping[str, object]) -> Mapping[str, str]:
    needed = NEEDED_BY_KIND.get(values.get("kind"), ())
    return {name: "needed_for_this_kind" for name in needed if values.get(name) is None}


class Request(Synced):
    """One request of one consumer, with the number on the slip that he was given."""

    __tablename__ = "requests"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.FACT,
        scope=Scope("officer", by="officer_id"),
        about="account_no",
        check=_says_what_its_kind_needs,
    )

    officer_id: Mapped[RecordId] = stamp()
    request_no: Mapped[Code]
    """Made by the phone; people name it, and nothing depends on it being the only one."""
    account_no: Mapped[AccountNo]
    kind: Mapped[RequestKind]
    invoice_no: Mapped[Code | None]
    disputed_paisa: Mapped[PositivePaisa | None]
    instalment_count: Mapped[InstalmentCount | None]
    first_payment_paisa: Mapped[PositivePaisa | None]
    until_date: Mapped[Date | None]
    """Until when the due date shall be put off."""
    contact_phone: Mapped[Phone | None]
    remark: Mapped[Note | None]
    evidence: Mapped[Evidence | None]
    state: Mapped[RequestState | None] = office()
    assignee_id: Mapped[RecordId | None] = office()
    answer: Mapped[Note | None] = office()
    answered_on: Mapped[Date | None] = office()
