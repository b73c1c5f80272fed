"""Each version's words, up and down, as tables; and nothing that a phone sends stops an upgrade."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ENTITIES
from models.versions import (
    PROTOCOL,
    READ_LEAST,
    UNMARKED,
    VERSIONS,
    downgraded,
    said_in,
    unknown_to,
    upgraded,
    upgraded_fields,
)

UP = [
    (1, "collection", {"amount_rupees": 1500}, {"amount_paisa": 150_000}),
    (1, "collection", {"amount_rupees": "1500"}, {"amount_paisa": "1500"}),
    (1, "collection", {"amount_rupees": True}, {"amount_paisa": True}),
    (2, "collection", {"amount_rupees": 1500}, {"amount_rupees": 1500}),
    (2, "collection", {"cheque_no": "7", "tender": "cheque"}, {"instrument_no": "7", "tender": "cheque"}),
    (2, "collection", {"cheque_no": "7", "instrument_no": "8"}, {"cheque_no": "7", "instrument_no": "8"}),
    (3, "collection", {"cheque_no": "7"}, {"cheque_no": "7"}),
    (
        3,
        "collection",
        {"payer": "Asad Ali, Shop 4, +923001234567"},
        {"payer_name": "Asad Ali, Shop 4", "payer_phone": "+923001234567"},
    ),
    (3, "collection", {"payer": "Asad Ali, Shop 4"}, {"payer_name": "Asad Ali, Shop 4"}),
    (3, "collection", {"payer": "+923001234567"}, {"payer_name": None, "payer_phone": "+923001234567"}),
    (3, "collection", {"payer": None}, {"payer_name": None}),
    (3, "collection", {"payer": 7}, {"payer_name": 7}),
    (2, "visit", {"outcome": "closed"}, {"outcome": "locked"}),
    (2, "visit", {"outcome": ["closed"]}, {"outcome": ["closed"]}),
    (3, "visit", {"outcome": "closed"}, {"outcome": "closed"}),
    (1, "visit", {"outcome": "closed", "promise_rupees": 9}, {"outcome": "locked", "promise_paisa": 900}),
    (2, "stop", {"state": "visited", "outcome": "closed"}, {"state": "visited", "outcome": "locked"}),
    (2, "receipt_void", {"receipt_id": "a"}, {"collection_id": "a"}),
    (3, "meter_issue", {"severity": "dangerous"}, {"severity": "high", "safety": True}),
    (3, "meter_issue", {"severity": "low"}, {"severity": "low", "safety": False}),
    (3, "meter_issue", {"remark": "sparks"}, {"remark": "sparks"}),
    (1, "no_such_thing", {"amount_rupees": 1}, {"amount_rupees": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("version", "entity", "said", "understood"), UP)
def test_what_an_old_phone_says_is_understood(version, entity, said, understood):
    before = dict(said)

    assert upgraded_fields(entity, said, version) == understood
    assert said == before


DOWN = [
    (3, "collection", {"payer_name": "Asad", "payer_phone": "+923001234567"}, {"payer": "Asad, +923001234567"}),
    (3, "collection", {"payer_name": None, "payer_phone": None}, {"payer": None}),
    (3, "collection", {"payer_name": "Asad", "payer_phone": None}, {"payer": "Asad"}),
    (2, "collection", {"instrument_no": "7"}, {"cheque_no": "7"}),
    (2, "visit", {"outcome": "vacant"}, {"outcome": "closed"}),
    (2, "visit", {"outcome": "locked"}, {"outcome": "closed"}),
    (3, "visit", {"outcome": "vacant"}, {"outcome": "vacant"}),
    (1, "visit", {"promise_paisa": 90_050}, {"promise_rupees": 900}),
    (3, "meter_issue", {"severity": "low", "safety": True}, {"severity": "dangerous"}),
    (3, "meter_issue", {"severity": "low", "safety": False}, {"severity": "low"}),
]  # fmt: skip


@pytest.mark.parametrize(("version", "entity", "stands", "told"), DOWN)
def test_what_stands_is_told_in_old_words(version, entity, stands, told):
    header = ENTITIES[entity].header
    row = [stands.get(name) for name in header]

    names, [values] = downgraded(entity, header, [row], version)

    told_row = dict(zip(names, values, strict=True))
    assert told.items() <= told_row.items()
    assert stands.keys() - told.keys() <= header - told_row.keys()


@pytest.mark.parametrize("version", range(1, PROTOCOL + 1))
@pytest.mark.parametrize("entity", ENTITIES)
def test_a_header_stands_even_when_no_row_does(version, entity):
    names, rows = downgraded(entity, ENTITIES[entity].header, [], version)

    assert names[:2] == ["id", "version"]
    assert len(set(names)) == len(names)
    assert rows == []


@pytest.mark.parametrize("version", range(1, PROTOCOL))
def test_a_document_told_in_old_words_and_sent_back_means_the_same(version):
    stands = {"account_no": "0400000000001", "outcome": "promise", "promise_paisa": 90_000}
    header = ENTITIES["visit"].header
    names, [values] = downgraded("visit", header, [[stands.get(n) for n in header]], version)

    back = upgraded_fields("visit", dict(zip(names, values, strict=True)), version)

    assert {name: back[name] for name in stands} == stands


def test_the_newest_version_is_passed_through():
    row = {"entity": "collection", "fields": {"payer": "as it came"}}

    assert upgraded(row, PROTOCOL) == row
    assert downgraded("visit", ["id", "version"], [["a", 1]], PROTOCOL) == (
        ["id", "version"],
        [["a", 1]],
    )


def test_between_every_two_versions_stands_what_changed():
    assert list(VERSIONS) == list(range(2, PROTOCOL + 1))
    assert PROTOCOL - READ_LEAST == 2
    assert all(step.by_entity.keys() | step.new <= ENTITIES.keys() for step in VERSIONS.values())


def test_an_entity_is_unknown_to_versions_before_it():
    assert unknown_to(PROTOCOL) == frozenset()
    assert (
        unknown_to(3) == VERSIONS[4].new >= {"request", "question", "alert", "hold", "attachment"}
    )
    assert unknown_to(2) == unknown_to(3) | {"position"}


@pytest.mark.parametrize(
    ("detail", "version"),
    [(None, UNMARKED), ('{"carried_by":"x"}', UNMARKED), ('{"carried_by":"x","protocol":2}', 2)],
)
def test_a_body_says_its_version_beside_it(detail, version):
    assert said_in(detail) == version


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["amount_rupees", "cheque_no", "payer", "severity", "safety", "outcome", "receipt_id", "x"]
)
ROWS = st.fixed_dictionaries(
    {"entity": st.sampled_from([*ENTITIES, "?"]) | JSON, "fields": JSON | st.dictionaries(NAMES, JSON)}
)  # fmt: skip


@given(row=ROWS | JSON, version=st.integers(1, PROTOCOL))
def test_nothing_that_a_phone_sends_stops_an_upgrade(row, version):
    understood = upgraded(row, version)

    assert type(understood) is type(row)
