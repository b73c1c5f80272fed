"""The office asks an officer about something that he recorded (users.md 11)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, AccountNo, Code, Note, OneOf, RecordId


class QuestionStateWord(StrEnum):
    """Whether the office still wants to know."""

    OPEN = "open"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"


QuestionState = Annotated[str, mapped_column(TEXT), OneOf(QuestionStateWord)]


class Question(Synced):
    """One question to one officer about one fact of his; the answer is a fact too."""

    __tablename__ = "questions"
    __table_args__ = (
        Index(None, "ibc_id", "officer_id"),
        Index(None, "ibc_id", "case_id"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Scope("officer", by="officer_id"))

    officer_id: Mapped[RecordId]
    about_entity: Mapped[Code]
    about_id: Mapped[RecordId]
    account_no: Mapped[AccountNo | None]
    text: Mapped[Note]
    case_id: Mapped[RecordId | None]
    """The exception that waits for the answer."""
    asked_by: Mapped[RecordId]
    state: Mapped[QuestionState]
    answer_id: Mapped[RecordId | None]
    """The first answer; later ones are kept too."""
