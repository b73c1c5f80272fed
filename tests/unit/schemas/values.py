"""Values for properties, read off the kinds: good ones, and ones that an enemy or a bug would send."""

from typing import Any

from hypothesis import strategies as st

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

ODD_TEXTS = (
    "", " ", "\x00", "a\x00b", "a\nb", "a\tb", "a\r\nb", "\u202eabc", "\u2066x", "e\u0301", "é",
    "۱۲۳", "1_000", "0400012345678\n", "040001234567٨", "x" * 5000, "کراچی", "a\u200bb", "\ufeff",
    "\x7f", "\x85", "\u2028", "null", "true", "1e400", "' OR 1=1--", "🙂", "=HYPERLINK(1)",
    "01961A2B-3C4D-7E5F-8A6B-7C8D9E0F1A2B", "{01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b}",
    "01961a2b3c4d7e5f8a6b7c8d9e0f1a2b", "01961a2b-3c4d-7e5f-8a6b-7c8d9e0f1a2b\n",
    "2026-04-08", "2026-02-30", "9999-12-31", "0001-01-01", "1999-12-31", "2100-01-01",
    "2099-12-31", "2000-01-01", "2026-4-8", "20260408", "2026-W15-3", "٢٠٢٦-٠٤-٠٨", "2026-04",
    "2026-13", "9999-12", "2026-4-", "2026-04-08T08:59:40.003Z", "2026-04-08T08:59:40Z",
    "2026-04-08T08:59:60.000Z", "2026-04-08T24:00:00.000Z", "2026-04-08T08:59:40.003+00:00",
    "2026-02-30T08:59:40.003Z", "9999-12-31T23:59:59.999Z", "2026-04-08t08:59:40.003z",
    "2026-04-08T08:59:40.003Z\n", "1999-12-31T23:59:59.999Z", "2100-01-01T00:00:00.000Z",
)  # fmt: skip
ODD_NUMBERS = (
    0, -1, 1, 0.0, -0.0, 0.5, 1.0, 1.9, 100.0, 1e308, float("inf"), float("-inf"), float("nan"),
    2**31, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**30, 10_000_000_001, 101,
)  # fmt: skip
ODD_SHAPES = (None, True, False, [], {}, [None], [[]], {"": 1}, {"1000": "1"}, [{}], {"offline": 1})

hostile = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_SHAPES),
    st.text(max_size=60),
    st.integers(),
    st.floats(),
)
days = st.dates().map(lambda day: day.isoformat())


def good(kind: Kind) -> st.SearchStrategy[Any]:
    """Values of a kind that should pass, and their neighbours on the wrong side of a limit."""
    match kind:
        case Words(pattern=str(pattern)):
            return st.from_regex(f"(?:{pattern})\\Z", fullmatch=True)
        case Words():
            return st.text(max_size=kind.chars_max + 1)
        case Whole():
            return st.integers(kind.least - 1, kind.most + 1)
        case Id():
            return st.uuids().map(str)
        case Moment():
            return st.builds(
                "{}T{:02d}:{:02d}:{:02d}.{:03d}Z".format,
                days,
                st.integers(0, 24),
                st.integers(0, 60),
                st.integers(0, 60),
                st.integers(0, 999),
            )
        case Day():
            return days
        case Month():
            return days.map(lambda day: day[:7])
        case Flag():
            return st.booleans()
        case OneOf():
            return st.sampled_from([word.value for word in kind.words])
        case Group():
            return _groups(kind)
        case Several():
            return st.lists(either(kind.each), max_size=kind.most + 1)


def either(kind: Kind) -> st.SearchStrategy[Any]:
    """Mostly good, sometimes hostile: so that one bad field stands among good ones."""
    return st.integers(0, 9).flatmap(lambda die: hostile if die == 0 else good(kind))


def puts(entity: Entity, owner: Owner) -> st.SearchStrategy[dict[str, Any]]:
    """Puts of an entity: the owner's fields or some of them, now and then one that is not theirs."""
    owned = entity.owned_by(owner)
    required = {f.name: _or_null(f.kind) for f in owned if f.required}
    optional = {f.name: _or_null(f.kind) for f in owned if not f.required}
    whole = st.fixed_dictionaries(required, optional=optional)
    partial = st.fixed_dictionaries({}, optional=required | optional)
    foreign = st.sampled_from([*entity.header, *entity.names, "ibc_id", "deleted_at", "x"])
    odd = st.builds(lambda put, name, value: put | {name: value}, whole, foreign, hostile)
    return st.one_of(whole, partial, odd)


def _or_null(kind: Kind) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(lambda die: st.none() if die == 0 else either(kind))


def _groups(kind: Group) -> st.SearchStrategy[Any]:
    parts = {name: either(part) for name, part in kind.parts.items()}
    required = {name: part for name, part in parts.items() if name in kind.required}
    optional = {name: part for name, part in parts.items() if name not in required}
    return st.one_of(
        st.fixed_dictionaries(required, optional=optional),
        st.fixed_dictionaries({}, optional=parts),
        st.dictionaries(st.sampled_from([*parts, "x", ""]), hostile, max_size=3),
    )
