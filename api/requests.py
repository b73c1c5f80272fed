"""What consumers asked for at the door: the office claims, answers, and hears whether it is solved."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask import abort
from sqlalchemy import Connection

from api.blueprint import Blueprint
from api.context import context
from api.lists import Listing, Page, Place, serves
from api.preconditions import ETAG_HEADER, VERSION_PARAMETER, etag, version_seen
from auth.access import requires
from auth.roles import Permission
from schemas import street as wire
from sync import requests

blueprint = Blueprint(
    "requests", __name__, url_prefix="/api/v1/ibcs/<code>", description="Requests of consumers"
)
Asked = Mapping[str, Any]
Answer = tuple[Mapping[str, Any], int, dict[str, str]]

REQUESTS = Listing(
    name="requests", row=wire.RequestFoundSchema, order=("occurred_at", "id"), start=(0, "")
)


@serves(blueprint, "/requests", REQUESTS, wire.RequestsQuery, Permission.READ_REQUESTS)
def list_requests(asked: Asked, code: str) -> Page:
    """Requests in the order in which they were made"""

    def page(connection: Connection, after: Place, limit: int) -> Any:
        place = (after[0], after[1])
        return requests.requests(connection, code, asked=asked, after=place, limit=limit)

    return page


@blueprint.route("/requests/<uuid:request_id>", methods=["GET"])
@requires(Permission.READ_REQUESTS)
@blueprint.response(200, wire.RequestFoundSchema, headers=ETAG_HEADER)
def show_request(code: str, request_id: UUID) -> Answer:
    """One request; its ETag is what one sends as If-Match"""
    with context().database.read() as connection:
        found = requests.request(connection, code, str(request_id))
    if found is None:
        abort(404)
    return found, 200, etag(found["version"])


@blueprint.route("/requests/<uuid:request_id>/claim", methods=["POST"])
@requires(Permission.ANSWER_REQUEST)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.response(200, wire.RequestFoundSchema, headers=ETAG_HEADER)
def claim_request(code: str, request_id: UUID) -> Answer:
    """Take a request that nobody has"""
    return _moved(code, request_id, requests.claim)


@blueprint.route("/requests/<uuid:request_id>/answer", methods=["POST"])
@requires(Permission.ANSWER_REQUEST)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.RequestAnswerWrite)
@blueprint.response(200, wire.RequestFoundSchema, headers=ETAG_HEADER)
def answer_request(asked: Asked, code: str, request_id: UUID) -> Answer:
    """Grant or refuse it; the officer's phone is told"""
    return _moved(code, request_id, partial(requests.answer, asked=asked))


@blueprint.route("/requests/<uuid:request_id>/confirm", methods=["POST"])
@requires(Permission.READ_REQUESTS)
@blueprint.doc(parameters=[VERSION_PARAMETER])
@blueprint.arguments(wire.RequestConfirmWrite)
@blueprint.response(200, wire.RequestFoundSchema, headers=ETAG_HEADER)
def confirm_request(asked: Asked, code: str, request_id: UUID) -> Answer:
    """What the consumer says of the answer; when it is not solved, the request is open again"""
    return _moved(code, request_id, partial(requests.confirm, solved=asked["solved"]))


def _moved(code: str, request_id: UUID, move: Callable[..., Mapping[str, Any]]) -> Answer:
    version, author_id, now = version_seen(), context().principal.staff_id, context().now()
    moved = context().database.transact(
        lambda c: move(c, code, str(request_id), author_id=author_id, version=version, now=now)
    )
    return moved, 200, etag(moved["version"])
