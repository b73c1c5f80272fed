"""The OpenAPI document: what the blueprints say, completed with entities, marks and problems."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask, current_app
from flask_smorest import Api
from marshmallow import Schema, fields
from werkzeug.routing import Rule

from api.lists import XLSX
from api.problems import PROBLEMS, SIGN_IN, Do
from auth.access import Mark, mark_of
from models import ENTITIES, Entity
from models.declaration import Members
from schemas.base import StrictSchema
from schemas.records import read_schema

PROBLEM_JSON = "application/problem+json"
DESCRIPTION = (
    "Money is integer paisa (`*_paisa`), positions integer micro-degrees (`*_e6`), times RFC 3339 "
    "UTC with milliseconds; no floating-point number is on the wire. Unknown fields and unknown "
    "names in an address are errors. Errors around a request are RFC 9457 problems that say what "
    "to `do`; errors inside a batch are outcomes."
)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
Document = dict[str, Any]  # OpenAPI is JSON of its own shape


class ProblemSchema(StrictSchema):
    """Why a request was refused, and what to do (RFC 9457)."""

    type = fields.String(required=True, metadata={"description": "`/problems/<slug>`, stable."})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    do = fields.String(required=True, metadata={"enum": [word.value for word in Do]})
    detail = fields.String()
    errors = fields.Dict(metadata={"description": "Field → message key."})


def component_name(schema: type[Schema]) -> str:
    """The component of a schema; small groups of values have none and stand where they are used."""
    kind = resolve_schema_cls(schema)
    assert not isinstance(kind, list), "our schemas have names of their own"
    return "" if kind.__name__ == "Group" else kind.__name__.removesuffix("Schema")


class FieldLedgerApi(Api):
    """Blueprints with their documentation; errors are our own problems."""

    ERROR_SCHEMA = ProblemSchema

    def __init__(self, app: Flask) -> None:
        plugin = MarshmallowPlugin(schema_name_resolver=component_name)
        super().__init__(app, spec_kwargs={"marshmallow_plugin": plugin})

    def _register_responses(self) -> None:
        """Every error is a problem document; flask-smorest would write `application/json`."""
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def openapi_document() -> Document:
    """The document of the application at hand."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001  # Flask's own way
    return _document(app)


@cache
def _document(app: Flask) -> Document:
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    registered = api.spec.components.schemas
    for entity in ENTITIES.values():
        if entity.model.__name__ not in registered:
            api.spec.components.schema(entity.model.__name__, schema=read_schema(entity))
    document: Document = api.spec.to_dict()
    document["info"]["description"] = DESCRIPTION
    for entity in ENTITIES.values():
        _tell_entity(document["components"]["schemas"][entity.model.__name__], entity)
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    problems = sorted({problem.slug for problem in PROBLEMS.values()})
    document["components"]["schemas"]["Problem"]["x-problems"] = problems
    for operation, rule, mark in _operations(app, document):
        _tell_access(operation, mark)
        if operation.pop("x-list", False):
            _tell_files(operation)
        operation["operationId"] = rule.endpoint.rpartition(".")[2]
    return document


def _tell_entity(component: Document, entity: Entity) -> None:
    sync = entity.sync
    component["description"] = (entity.model.__doc__ or "").strip().splitlines()[0]
    component["x-policy"] = sync.policy.value
    component["x-scope"] = scope_text(entity)
    for field in entity.wire_fields:
        component["properties"][field.name]["x-owner"] = field.owner.value
    if sync.states:
        component["x-transitions"] = [
            {"from": before, "to": after, "by": owner.value}
            for (before, after), owner in sync.states.items()
        ]


def scope_text(entity: Entity) -> str:
    """In which scope a record appears."""
    scope = entity.sync.scope
    if scope is None:
        return "office only"
    if isinstance(scope, Members):
        return f"wherever its {scope.by} is a member"
    first = f"{scope.kind}:<{scope.by}>"
    second = f", else {scope.otherwise.kind}:<{scope.otherwise.by}>" if scope.otherwise else ""
    return first + second


def _operations(app: Flask, document: Document) -> Iterator[tuple[Document, Rule, Mark | None]]:
    """Each documented operation with its route and its access mark."""
    paths: Mapping[str, Document] = document["paths"]
    for rule in app.url_map.iter_rules():
        path = paths.get(_as_documented(rule.rule))
        # Flask answers OPTIONS of every route by itself; only our own answer is documented.
        own = METHODS - ({"OPTIONS"} if getattr(rule, "provide_automatic_options", True) else set())
        for method in (rule.methods or set()) & own:
            if path is not None and method.lower() in path:
                yield path[method.lower()], rule, mark_of(app.view_functions[rule.endpoint])


def _as_documented(rule: str) -> str:
    parts = [part.rpartition(":")[2].removeprefix("<") for part in rule.split("<")]
    return "{".join(parts).replace(">", "}")


def _tell_access(operation: Document, mark: Mark | None) -> None:
    if mark is None or not mark.needed:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}]
    operation["x-permissions"] = sorted(permission.value for permission in mark.needed)
    reference = {"$ref": "#/components/schemas/Problem"}
    for status, said in (("401", SIGN_IN.title), ("403", "The role does not allow it, here")):
        operation["responses"].setdefault(
            status, {"description": said, "content": {PROBLEM_JSON: {"schema": reference}}}
        )


def _tell_files(operation: Document) -> None:
    content = operation["responses"]["200"]["content"]
    content["text/csv"] = {"schema": {"type": "string"}}
    content[XLSX] = {"schema": {"type": "string", "format": "binary"}}
