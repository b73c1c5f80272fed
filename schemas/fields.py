"""Each kind of value as a marshmallow field; its errors are keys of the message catalogue with their limits."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, validate

from infra.clock import from_rfc3339
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
from schemas.base import StrictSchema

UUID_PATTERN = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
UNCLEAN = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
"""Control characters, characters that turn the text around, and halves of characters."""
MESSAGES: dict[str, Any] = {"required": "required", "null": "null", "invalid": "invalid"}


class ExactBoolean(fields.Boolean):
    """true or false; `1`, "on" and "t" are not."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("not_true_or_false")
        return value


class WholeGroup(fields.Nested):
    """A group is given whole: a put of some fields of a record is not a put of half a group."""

    def _load(self, value: Any, partial: Any = None) -> Any:  # noqa: ARG002  # marshmallow's name
        return super()._load(value, partial=False)


def field_of(kind: Kind, *, required: bool, nullable: bool) -> fields.Field[Any]:
    """The marshmallow field of a kind."""
    usual: dict[str, Any] = {"required": required, "allow_none": nullable}
    match kind:
        case Words():
            return _string(_words_rules(kind), usual)
        case Whole():
            rules = [validate.Range(kind.least, kind.most, error="out_of_range {min} {max}")]
            if kind.multiple_of != 1:
                rules.append(_multiple_of(kind.multiple_of))
            messages = MESSAGES | {"invalid": "not_a_whole_number", "too_large": "out_of_range"}
            return fields.Integer(
                strict=True,
                validate=rules,
                error_messages=messages,
                metadata={"description": f"unit: {kind.unit}"},
                **usual,
            )
        case Id():
            return _string([_pattern(UUID_PATTERN, "not_a_uuid")], usual, format="uuid")
        case Moment():
            return _string([_is_moment], usual, format="date-time")
        case Day():
            return _string([_is_day], usual, format="date")
        case Month():
            return _string([_is_month], usual)
        case Flag():
            return ExactBoolean(error_messages=MESSAGES, **usual)
        case OneOf():
            words = [word.value for word in kind.words]
            return _string([validate.OneOf(words, error="not_one_of {choices}")], usual)
        case Group():
            return WholeGroup(_group_schema(kind), error_messages=MESSAGES, **usual)
        case Several():
            return fields.List(
                field_of(kind.each, required=True, nullable=False),
                validate=validate.Length(max=kind.most, error="too_many {max}"),
                error_messages=MESSAGES,
                **usual,
            )


def _string(rules: list[Any], usual: Mapping[str, Any], **metadata: str) -> fields.String:
    messages = MESSAGES | {"invalid": "not_text", "invalid_utf8": "not_text"}
    return fields.String(validate=rules, error_messages=messages, metadata=metadata, **usual)


def _words_rules(kind: Words) -> list[Any]:
    if kind.pattern is not None:
        return [_pattern(kind.pattern, "wrong_form")]
    length = validate.Length(kind.chars_min, kind.chars_max, error="wrong_length {min} {max}")
    return [length, _is_clean if kind.lines else _is_clean_line]


def _pattern(pattern: str, error: str) -> validate.Regexp:
    return validate.Regexp(rf"(?:{pattern})\Z", flags=re.ASCII, error=error)


def _is_clean(text: str) -> None:
    if re.search(UNCLEAN, text) or not unicodedata.is_normalized("NFC", text):
        raise ValidationError("unclean_text")


def _is_clean_line(text: str) -> None:
    _is_clean(text)
    if "\n" in text:
        raise ValidationError("unclean_text")


def _is_moment(text: str) -> None:
    try:
        from_rfc3339(text)
    except ValueError:
        raise ValidationError("not_a_moment") from None
    if not YEAR_LEAST <= int(text[:4]) < YEAR_MOST:
        raise ValidationError("year_out_of_range")


def _is_day(text: str) -> None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, flags=re.ASCII):
        raise ValidationError("not_a_date")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValidationError("not_a_date") from None
    if not YEAR_LEAST <= day.year < YEAR_MOST:
        raise ValidationError("year_out_of_range")


def _is_month(text: str) -> None:
    if len(text) != len("2026-04"):
        raise ValidationError("not_a_date")
    _is_day(f"{text}-01")


def _multiple_of(step: int) -> Any:
    def rule(value: int) -> None:
        if value % step:
            raise ValidationError(f"not_a_multiple_of {step}")

    return rule


def _group_schema(kind: Group) -> type[StrictSchema]:
    parts = {
        name: field_of(part, required=name in kind.required, nullable=False)
        for name, part in kind.parts.items()
    }
    return StrictSchema.from_dict(parts, name="Group")  # type: ignore[return-value]
