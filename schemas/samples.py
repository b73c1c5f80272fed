"""A good value of every kind and a good put of every entity: deterministic, for the docs and the tests."""

from typing import Any

from models import Entity
from models.declaration import Owner
from models.kinds import (
    Day,
    Flag,
    Group,
    Id,
    Kind,
    Moment,
    Month,
    OneOf,
    Several,
    Whole,
    Words,
)

SAMPLE_ID = "01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b"
SAMPLE_WHOLE = 100
"""One rupee in paisa, a full battery in percent: as near to it as the kind allows."""


def sample(kind: Kind) -> Any:
    """A good value of a kind, as the wire spells it."""
    match kind:
        case Words(pattern=str(pattern), sample=None):
            raise TypeError(f"Words with the pattern {pattern} need a sample in models/kinds.py")
        case Words(sample=str(text)):
            return text
        case Words():
            return "Sample text"[: kind.chars_max]
        case Whole():
            near = min(max(SAMPLE_WHOLE, kind.least), kind.most)
            return near - near % kind.multiple_of
        case Id():
            return SAMPLE_ID
        case Moment():
            return "2026-04-08T08:59:40.003Z"
        case Day():
            return "2026-04-08"
        case Month():
            return "2026-04"
        case Flag():
            return True
        case OneOf():
            return next(iter(kind.words)).value
        case Group():
            return {name: sample(part) for name, part in kind.parts.items()}
        case Several():
            return [sample(kind.each)]


def sample_put(entity: Entity, owner: Owner) -> dict[str, Any]:
    """The fields of a good first put by `owner`; what cannot stand beside the rest is left out."""
    fields = {field.name: sample(field.kind) for field in entity.owned_by(owner)}
    check = entity.sync.check if owner is entity.first_owner else None
    while check is not None and (errors := check(fields)):
        doubtful = [name for name in errors if not entity.field[name].required]
        if not doubtful:
            raise TypeError(f"no sample of {entity.name} passes its own check: {errors}")
        fields = {name: value for name, value in fields.items() if name not in doubtful}
    return fields
