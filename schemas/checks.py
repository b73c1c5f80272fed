"""Fast yes-or-doubt checks generated from the declarations: a good row never meets marshmallow.

marshmallow stays the source of truth and words every refusal; what is doubtful here goes there.
A property test holds the two equal (tests/unit/schemas/test_checks.py).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from models import Entity
from models.declaration import Owner, Policy
from models.kinds import (
    YEAR_LEAST,
    YEAR_MOST,
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
from schemas.fields import UNCLEAN, UUID_PATTERN

Check = Callable[[Any], Any]
"""True or false, as truth goes; TypeError means false."""

UUID = re.compile(UUID_PATTERN)
MOMENT = re.compile(r"(20\d\d-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
UNCLEAN_CHARACTER = re.compile(UNCLEAN)


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Is a put of one entity by one owner good as it stands?"""

    by_field: Mapping[str, Check]
    required: frozenset[str]
    nullable: frozenset[str]
    between: Callable[[Mapping[str, Any]], Mapping[str, str]] | None

    def is_good(self, values: Any, *, partial: bool = False) -> bool:
        """True when marshmallow would load exactly these values; False when it must be asked."""
        if type(values) is not dict:
            return False
        if not partial and not self.required <= values.keys():
            return False
        check_of, nullable = self.by_field.get, self.nullable
        try:
            for name, value in values.items():
                if value is None:
                    if name not in nullable:
                        return False
                    continue
                check = check_of(name)
                if check is None or not check(value):
                    return False
        except TypeError:
            # A set or a pattern was asked about a value of another type.
            return False
        return partial or self.between is None or not self.between(values)


@cache
def row_check(entity: Entity, owner: Owner) -> RowCheck:
    """The fast check of a put of `entity` by `owner`."""
    fields = entity.owned_by(owner)
    by_field = {field.name: _check_of(field.kind) for field in fields}
    if owner is Owner.OFFICE and entity.sync.policy is Policy.STATES:
        state = entity.field[entity.sync.state_field]
        by_field[state.name] = _check_of(state.kind)
    required = frozenset(field.name for field in fields if field.required)
    nullable = frozenset(field.name for field in fields if not field.required)
    return RowCheck(by_field, required, nullable, entity.sync.check)


def is_uuid(value: Any) -> bool:
    return type(value) is str and UUID.fullmatch(value) is not None


def is_moment(value: Any) -> bool:
    if type(value) is not str:
        return False
    found = MOMENT.fullmatch(value)
    return found is not None and _is_day(found[1])


def _check_of(kind: Kind) -> Check:
    match kind:
        case Words(pattern=str(pattern)):
            return re.compile(pattern, re.ASCII).fullmatch
        case Words():
            return _clean_text(kind)
        case Whole():
            least, most, step = kind.least, kind.most, kind.multiple_of
            return lambda value: type(value) is int and least <= value <= most and not value % step
        case Id():
            return UUID.fullmatch
        case Moment():
            return is_moment
        case Day():
            return lambda value: type(value) is str and _is_day(value)
        case Month():
            return lambda value: (
                type(value) is str and len(value) == 7 and _is_day(f"{value}-01")
            )  # as long as 2026-04
        case Flag():
            return lambda value: type(value) is bool
        case OneOf():
            return frozenset(word.value for word in kind.words).__contains__
        case Group():
            parts = {name: _check_of(part) for name, part in kind.parts.items()}
            return RowCheck(parts, kind.required, frozenset(), None).is_good
        case Several():
            each, most_items = _check_of(kind.each), kind.most
            return lambda value: (
                type(value) is list and len(value) <= most_items and all(map(each, value))
            )


def _clean_text(kind: Words) -> Check:
    least, most, lines = kind.chars_min, kind.chars_max, kind.lines
    unclean = UNCLEAN_CHARACTER.search

    def check(value: Any) -> bool:
        return (
            type(value) is str
            and least <= len(value) <= most
            and unclean(value) is None
            and (lines or "\n" not in value)
            and (value.isascii() or unicodedata.is_normalized("NFC", value))
        )

    return check


@lru_cache(maxsize=4096)
def _is_day(text: str) -> bool:
    if DAY.fullmatch(text) is None:
        return False
    try:
        return YEAR_LEAST <= date.fromisoformat(text).year < YEAR_MOST
    except ValueError:
        return False
