"""A fee that is assessed here, by a rule with a date, and told to billing (users.md 13)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.decision import DecisionState
from models.declaration import Policy, Sync
from models.kinds import TEXT, AccountNo, Code, Date, Note, OneOf, PositivePaisa, RecordId
from models.rule import RuleKindWord


class FeeKindWord(StrEnum):
    """What is charged; the words are those of the rules that say how much."""

    RECONNECTION_FEE = RuleKindWord.RECONNECTION_FEE.value
    BOUNCE_CHARGE = RuleKindWord.BOUNCE_CHARGE.value


FeeKind = Annotated[str, mapped_column(TEXT), OneOf(FeeKindWord)]


class Fee(Synced):
    """One charge to one consumer; the amount is the rule's, not the maker's."""

    __tablename__ = "fees"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=None)

    kind: Mapped[FeeKind]
    account_no: Mapped[AccountNo]
    on_date: Mapped[Date]
    """When it was earned: the day of the cut, or of the return. The rule of that day counts."""
    rule_no: Mapped[Code]
    amount_paisa: Mapped[PositivePaisa]
    reason: Mapped[Note]
    state: Mapped[DecisionState]
    maker_id: Mapped[RecordId]
    checker_id: Mapped[RecordId | None]
