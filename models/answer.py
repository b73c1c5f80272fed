"""An officer's answer to a question of the office."""

from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, stamp
from models.declaration import Policy, Scope, Sync
from models.kinds import TEXT, Evidence, Id, Note, RecordId

AwaitedQuestion = Annotated[str, mapped_column(TEXT), Id(of="question", waits=True)]


class Answer(Synced):
    """What the officer says; a photograph may belong to it."""

    __tablename__ = "answers"
    __table_args__ = (Index(None, "ibc_id", "question_id"), STRICT)
    __sync__: ClassVar[Sync] = Sync(policy=Policy.FACT, scope=Scope("officer", by="officer_id"))

    officer_id: Mapped[RecordId] = stamp()
    question_id: Mapped[AwaitedQuestion]
    text: Mapped[Note]
    evidence: Mapped[Evidence | None]
