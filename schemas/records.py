"""The marshmallow class of every entity, read off its declaration: what a writer may send, what a reader gets."""

from functools import cache
from typing import Any

from marshmallow import ValidationError, validates_schema

from models import Entity
from models.declaration import Owner, Policy
from models.kinds import Id, Moment, Whole
from schemas.base import StrictSchema
from schemas.fields import field_of

VERSION = Whole(1, 2**53 - 1, "changes")


class RecordSchema(StrictSchema):
    """What a writer may send of one entity: the fields that it owns."""

    entity: Entity

    @validates_schema(skip_on_field_errors=True)
    def check_between_fields(self, values: dict[str, Any], **kwargs: Any) -> None:
        """What must hold between fields, as the entity's declaration says it."""
        if self.entity.sync.check is None or self.partial or kwargs.get("partial"):
            return
        errors = self.entity.sync.check(values)
        if errors:
            raise ValidationError({name: [key] for name, key in errors.items()})


@cache
def write_schema(entity: Entity, owner: Owner) -> type[RecordSchema]:
    """The schema of a put by `owner`: exactly its fields, with what a first put must carry."""
    wire: dict[str, Any] = {
        field.name: field_of(field.kind, required=field.required, nullable=not field.required)
        for field in entity.fields
        if field.owner is owner
    }
    if owner is Owner.OFFICE and entity.sync.policy is Policy.STATES:
        state = entity.field[entity.sync.state_field]
        wire[state.name] = field_of(state.kind, required=False, nullable=False)
    name = f"{entity.model.__name__}{'' if owner is Owner.DEVICE else owner.title()}Write"
    schema: Any = RecordSchema.from_dict(wire, name=name)
    schema.entity = entity
    return schema  # type: ignore[no-any-return]  # from_dict promises only Schema


@cache
def read_schema(entity: Entity) -> type[StrictSchema]:
    """The schema of a record as it is read: every field that travels."""
    wire: dict[str, Any] = {
        "id": field_of(Id(), required=True, nullable=False),
        "version": field_of(VERSION, required=True, nullable=False),
    }
    if "occurred_at" in entity.header:
        wire["occurred_at"] = field_of(Moment(), required=True, nullable=False)
    for field in entity.wire_fields:
        wire[field.name] = field_of(field.kind, required=False, nullable=not field.required)
    schema: Any = StrictSchema.from_dict(wire, name=f"{entity.model.__name__}Schema")
    schema.__doc__ = (
        f"{(entity.model.__doc__ or '').strip().splitlines()[0]} "
        f"Policy {entity.sync.policy}; scope {entity.sync.scope}."
    )
    return schema  # type: ignore[no-any-return]


def errors_of(schema: type[StrictSchema], values: Any, *, partial: bool = False) -> dict[str, str]:
    """Field → message key for everything wrong with `values`; empty when nothing is."""
    try:
        _instance(schema).load(values, partial=partial)
    except ValidationError as error:
        return flat(error.messages)
    return {}


@cache
def _instance(schema: type[StrictSchema]) -> StrictSchema:
    """Loading changes nothing in a schema, and making one costs as much as reading thirty facts."""
    return schema()


def flat(messages: Any, path: str = "") -> dict[str, str]:
    """Marshmallow's tree of complaints as field → message key, such as `stops.0.account_no`."""
    if isinstance(messages, dict):
        found: dict[str, str] = {}
        for key, inner in messages.items():
            name = path if key == "_schema" else f"{path}.{key}".lstrip(".")
            found |= flat(inner, name)
        return found
    first = messages[0] if isinstance(messages, list) else messages
    key = {"Unknown field.": "unknown_field", "Invalid input type.": "not_an_object"}.get(
        str(first), str(first)
    )
    return {path or "fields": key}


__all__ = ["RecordSchema", "errors_of", "flat", "read_schema", "write_schema"]
