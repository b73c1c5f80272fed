"""One JSON loader for everything that comes from outside, and the canonical bytes that are signed.

Fast path: when re-encoding what was read gives back the very bytes that came, the text had no
duplicate keys, no odd numbers and no hidden spelling, so nothing needs looking at. Every other
text, honest or hostile, goes through the slow loader that checks each rule by name.
"""

import json
import re
from typing import Any, NoReturn

import orjson

from infra.limits import NESTING_MAX, NUMBER_CHARS_MAX

STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"')
LONG_NUMBER = re.compile(rb"[-+0-9.eE]{%d,}" % (NUMBER_CHARS_MAX + 1))


class NotStrictJson(ValueError):
    """The text is not JSON as the protocol takes it; the message names the rule."""


def loads(raw: bytes) -> Any:
    """Read JSON: UTF-8 without BOM, no duplicate keys, no NaN, bounded nesting and numbers.

    Errors: NotStrictJson, whose message names the rule that was broken.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotStrictJson(str(error)) from None
    if _encoded_as(value, raw):
        return value
    return loads_by_rule(raw)


def loads_by_rule(raw: bytes) -> Any:
    """The slow loader: every rule checked by name."""
    bare = STRINGS.sub(b'""', raw)
    depth = deepest = 0
    for byte in re.findall(rb"[\[\]{}]", bare):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > NESTING_MAX:
        raise NotStrictJson(f"nested deeper than NESTING_MAX = {NESTING_MAX}")
    if LONG_NUMBER.search(bare):
        raise NotStrictJson(f"a number longer than NUMBER_CHARS_MAX = {NUMBER_CHARS_MAX}")
    try:
        text = raw.decode("utf-8")
        if text.startswith("\ufeff"):
            raise NotStrictJson("a byte order mark")
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise NotStrictJson(f"not JSON in UTF-8: {error}") from None
    try:
        orjson.dumps(value)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise NotStrictJson(f"text or number out of range: {error}") from None
    return value


def canonical(value: Any) -> bytes:
    """The canonical bytes of a value without floats (RFC 8785): keys sorted, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _encoded_as(value: Any, raw: bytes) -> bool:
    # orjson refuses to write what is nested 254 deep; what is nested less deep but more than
    # the limit holds values that no kind accepts, and a doubtful row is read again by rule.
    try:
        return orjson.dumps(value) == raw
    except (orjson.JSONEncodeError, TypeError):
        return False


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise NotStrictJson(f"the key {twice!r} stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is not a number")
