"""The three-way merge keeps what both sides did, and never overwrites what nobody saw."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ENTITIES
from models.declaration import Rule, RuleWord
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


ASKS = Rule(RuleWord.ASK)
MAX = Rule(RuleWord.MAX)
WORDS = Rule(RuleWord.MAX, ("low", "normal", "high"))
UNION = Rule(RuleWord.UNION, most=3)
APPEND = Rule(RuleWord.APPEND, most=12)
A_PERSON = object()

# rule, base, server, device: what the field becomes when both sides changed it
MEETINGS = [
    (Rule(RuleWord.SERVER), 1, 2, 3, 2),
    (Rule(RuleWord.SERVER), 1, None, 3, None),
    (Rule(RuleWord.DEVICE), 1, 2, 3, 3),
    (Rule(RuleWord.DEVICE), 1, 2, None, None),
    (MAX, 1, 2, 3, 3),
    (MAX, 1, 3, 2, 3),
    (MAX, None, True, False, True),
    (MAX, None, False, True, True),
    (MAX, 1, None, 3, 3),
    (MAX, 1, 2, None, 2),
    (WORDS, "normal", "low", "high", "high"),
    (WORDS, "normal", "high", "low", "high"),
    (UNION, ["a"], ["a", "b"], ["a", "c"], ["a", "b", "c"]),
    (UNION, ["a"], None, ["b"], ["b"]),
    (UNION, ["a"], ["b", "c"], ["d", "e"], A_PERSON),
    (APPEND, "a", "a\nb", "a\nc", "a\nb\nc"),
    (APPEND, None, "b", "c", "b\nc"),
    (APPEND, "a", "x", "y", "x\ny"),
    (APPEND, "a", "a\nb", "a\nb\nb", "a\nb\nb\nb"),
    (APPEND, "a", None, "a\nc", A_PERSON),
    (APPEND, "a", "a\nb", None, A_PERSON),
    (APPEND, "a", "a\nbbbbb", "a\nccccc", A_PERSON),
    (ASKS, 1, 2, 3, A_PERSON),
]


@pytest.mark.parametrize(("rule", "base", "server", "device", "becomes"), MEETINGS)
def test_a_rule_decides_what_both_sides_changed(rule, base, server, device, becomes):
    merged = merge({"f": base}, {"f": server}, {"f": device}, {"f": rule})

    if becomes is A_PERSON:
        assert (merged.fields, merged.conflicts) == ({}, {"f": (base, server, device)})
    else:
        assert {"f": server, **merged.fields} == {"f": becomes}
        assert merged.conflicts == {}


@pytest.mark.parametrize("word", RuleWord)
def test_no_rule_touches_what_only_one_side_changed(word):
    rules = {"f": Rule(word)}

    assert merge({"f": 1}, {"f": 1}, {"f": 2}, rules).fields == {"f": 2}
    assert merge({"f": 1}, {"f": 2}, {"f": 1}, rules).fields == {}
    assert merge({"f": 1}, {"f": 2}, {"f": 2}, rules).fields == {}


def test_the_rules_of_a_meter_issue():
    asking = {name for name, rule in ENTITIES["meter_issue"].rules.items() if rule.word == "ask"}

    assert {"reading_kwh", "fault_code"} <= asking
    assert asking.isdisjoint({"remark", "severity", "safety", "evidence"})
    assert ENTITIES["meter_issue"].rules["severity"].order == ("low", "normal", "high")
    assert ENTITIES["meter_issue"].rules["remark"].most == 1000
