"""The office speaks to the street: questions to officers, and alerts that must be seen."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import (
    ETAG_HEADER,
    KEY_PARAMETER,
    VERSION_PARAMETER,
    etag,
    idempotency_key,
    version_seen,
)
from auth.access import requires
from auth.roles import Permission
from schemas import street as wire
from schemas.query import ListQuery
from sync import questions

blueprint = Blueprint(
    "questions", __name__, url_prefix="/api/v1/ibcs/<code>", description="Questions and alerts"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

QUESTIONS = Listing(
    name="questions", row=wire.QuestionFoundSchema, order=("occurred_at", "id"), start=(0, "")
)
ALERTS = Listing(
    name="alerts",
    row=wire.AlertFoundSchema,
    order=("occurred_at", "id"),
    start=(0, ""),
    spread="seen",
)


@serves(blueprint, "/questions", QUESTIONS, wire.QuestionsQuery, Permission.ASK_OFFICER)
def list_questions(asked: Asked, code: str) -> Page:
    """Questions to officers, each with its answer"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place = (after[0], after[1])
        return questions.questions(connection, code, asked=asked, after=place, limit=limit)

    return page


@blueprint.route("/questions", methods=["POST"])
@requires(Permission.ASK_OFFICER)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.QuestionWrite)
@blueprint.response(201, wire.QuestionAskedSchema, headers=ETAG_HEADER)
def ask_officer(asked: Asked, code: str) -> Answer:
    """Ask an officer about something that he recorded"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: questions.ask(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    return made, 201, etag(made["version"])


@blueprint.route("/questions/<uuid:question_id>/withdraw", methods=["POST"])
@requires(Permission.ASK_OFFICER)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.QuestionAskedSchema, headers=ETAG_HEADER)
def withdraw_question(code: str, question_id: UUID) -> Answer:
    """Take back a question that need not be answered any more"""
    version, author_id, now = version_seen(), context().principal.staff_id, context().now()
    taken_back = context().database.transact(
        lambda c: questions.withdraw(
            c, code, str(question_id), author_id=author_id, version=version, now=now
        )
    )
    return taken_back, 200, etag(taken_back["version"])


@serves(blueprint, "/alerts", ALERTS, ListQuery, Permission.SEND_ALERT)
def list_alerts(_asked: Asked, code: str) -> Page:
    """Alerts, each with who has seen it and when"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        return questions.alerts(connection, code, after=(after[0], after[1]), limit=limit)

    return page


@blueprint.route("/alerts", methods=["POST"])
@requires(Permission.SEND_ALERT)
@blueprint.doc(parameters=[KEY_PARAMETER])
@blueprint.arguments(wire.AlertWrite)
@blueprint.response(201, wire.AlertSentSchema, headers=ETAG_HEADER)
def send_alert(asked: Asked, code: str) -> Answer:
    """Warn one officer, or everybody who walks an area"""
    key, author_id, now = idempotency_key(), context().principal.staff_id, context().now()
    made = context().database.transact(
        lambda c: questions.alert(c, code, key=key, author_id=author_id, asked=asked, now=now)
    )
    return made, 201, etag(made["version"])
