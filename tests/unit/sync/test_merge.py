"""The three-way merge keeps what both sides did, and never overwrites what nobody saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.merge import base_of, merge

NAMES = ("remark", "severity", "safety", "reading_kwh")
values = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.sampled_from(["", "a", "b"]))
records = st.fixed_dictionaries(dict.fromkeys(NAMES, values))
edits = st.dictionaries(st.sampled_from(NAMES), values)


@given(base=records, one=edits, other=edits)
def test_edits_of_different_fields_commute(base, one, other):
    other = {name: value for name, value in other.items() if name not in one}

    one_first = {**base, **one} | merge(base, {**base, **one}, other).fields
    other_first = {**base, **other} | merge(base, {**base, **other}, one).fields

    assert one_first == other_first == {**base, **one, **other}


@given(base=records, server=edits, device=edits)
def test_a_field_is_taken_kept_or_put_before_a_person(base, server, device):
    now = {**base, **server}

    merged = merge(base, now, device)

    assert not merged.fields.keys() & merged.conflicts.keys()
    for name, wanted in device.items():
        if name in merged.fields:
            assert now[name] == base[name] != wanted == merged.fields[name]
        elif name in merged.conflicts:
            assert merged.conflicts[name] == (base[name], now[name], wanted)
            assert now[name] not in (base[name], wanted)
        else:
            assert wanted in (base[name], now[name])


@given(base=records, server=edits, device=edits)
def test_merging_twice_changes_nothing_more(base, server, device):
    now = {**base, **server}
    once = {**now, **merge(base, now, device).fields}

    again = merge(base, once, device)

    assert {**once, **again.fields} == once


@given(start=records, versions=st.lists(edits, min_size=1, max_size=6), data=st.data())
def test_base_of_takes_the_changes_back(start, versions, data):
    history, since = [start], []
    for version, edit in enumerate(versions, start=2):
        before = history[-1]
        since.append((version, {name: (before[name], value) for name, value in edit.items()}))
        history.append({**before, **edit})
    base_version = data.draw(st.integers(1, len(versions)))
    later = data.draw(st.permutations([pair for pair in since if pair[0] > base_version]))

    assert base_of(history[-1], len(history), later, base_version) == history[base_version - 1]


@pytest.mark.parametrize(
    "since",
    [
        [],
        [(4, {"remark": ("b", "c")})],
        [(3, {}), (5, {})],
        [(3, {}), (4, {})],
        [(3, {}), (4, {}), (5, {}), (2, {})],
    ],
)
def test_a_base_with_a_missing_version_is_gone(since):
    assert base_of({"remark": "c"}, 5, since, 2) is None


def test_the_same_choice_on_both_sides_is_no_conflict():
    merged = merge({"remark": "a"}, {"remark": "b"}, {"remark": "b"})

    assert not merged.fields
    assert not merged.conflicts


def test_true_is_not_one_where_both_sides_changed_a_field():
    merged = merge({"safety": None}, {"safety": False}, {"safety": True})

    assert merged.conflicts == {"safety": (None, False, True)}
