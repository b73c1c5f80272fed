"""An answer reaches the question that it is about."""

from collections.abc import Sequence

from models import ENTITIES
from models.question import QuestionStateWord
from sync.consequent import put
from sync.writing import Change, Writing

QUESTION = ENTITIES["question"]


def note_answers(writing: Writing, changes: Sequence[Change]) -> None:
    """The first answer of the officer who was asked closes his question; later ones are kept."""
    writing.load(QUESTION, {str(change.after.fields["question_id"]) for change in changes})
    for change in changes:
        answer = change.after
        question = writing.records[QUESTION].get(str(answer.fields["question_id"]))
        if (
            question is not None
            and question.fields["state"] == QuestionStateWord.OPEN
            and question.fields["officer_id"] == answer.fields["officer_id"]
        ):
            said = {"state": QuestionStateWord.ANSWERED.value, "answer_id": answer.id}
            put(writing, change.seq, QUESTION, question.id, said, like=answer)
