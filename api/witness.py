"""Where an IBC's log stands, signed, for whoever wants to hold it against us later."""

from typing import Any

from api.blueprint import Blueprint
from api.context import context
from auth.access import requires
from auth.roles import Permission
from schemas.envelope import LogHeadSchema

blueprint = Blueprint(
    "witness", __name__, url_prefix="/api/v1/ibcs/<code>", description="The log's signed head"
)


@blueprint.route("/log-head", methods=["GET"])
@requires(Permission.READ_SELF)
@blueprint.response(200, LogHeadSchema)
def log_head(code: str) -> dict[str, Any]:
    """The head of the log within the last minute, signed with a key outside the database"""
    witnesses = context().parts.witnesses
    return {
        "witness": witnesses.of(code, now=context().now()),
        "public_key": witnesses.public_key,
    }
