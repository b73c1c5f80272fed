"""The fast check says yes exactly where marshmallow finds nothing to complain of."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.catalogue import message
from models import ENTITIES
from models.declaration import Owner
from schemas.checks import row_check
from schemas.envelope import MutationSchema
from schemas.records import errors_of, write_schema
from schemas.samples import SAMPLE_ID, sample, sample_put
from sync.intake import _envelope_is_good
from tests.unit.schemas.values import hostile, puts

WRITERS = [
    (entity, owner)
    for entity in ENTITIES.values()
    for owner in (Owner.DEVICE, Owner.OFFICE)
    if entity.owned_by(owner)
]
NAMES = [f"{entity.name}-{owner}" for entity, owner in WRITERS]
writers = pytest.mark.parametrize(("entity", "owner"), WRITERS, ids=NAMES)
thorough = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@writers
@thorough
@given(data=st.data())
def test_the_fast_check_and_marshmallow_agree(entity, owner, data):
    put = data.draw(puts(entity, owner))
    partial = data.draw(st.booleans())

    fast = row_check(entity, owner).is_good(put, partial=partial)
    errors = errors_of(write_schema(entity, owner), put, partial=partial)

    assert fast == (not errors), errors


@writers
@thorough
@given(data=st.data())
def test_every_complaint_has_a_sentence_in_both_languages(entity, owner, data):
    put = data.draw(puts(entity, owner))

    errors = errors_of(write_schema(entity, owner), put)

    for key in errors.values():
        said = message(key)
        assert said["en"] and said["ur"]
        assert "{" not in said["en"] + said["ur"]


@writers
@pytest.mark.parametrize("value", [None, 7, "fields", [], [{}]], ids=repr)
def test_fields_that_are_no_object_are_refused_by_both(entity, owner, value):
    fast = row_check(entity, owner).is_good(value)
    errors = errors_of(write_schema(entity, owner), value)

    assert not fast
    assert errors


@writers
def test_the_sample_put_is_good(entity, owner):
    put = sample_put(entity, owner)

    assert row_check(entity, owner).is_good(put)
    assert errors_of(write_schema(entity, owner), put) == {}


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES)
def test_every_kind_has_a_sample(entity):
    for field in entity.fields:
        assert sample(field.kind) is not None


ENVELOPE = {
    "id": SAMPLE_ID,
    "seq": 1,
    "prev": "0" * 64,
    "entity": "visit",
    "op": "put",
    "record_id": SAMPLE_ID,
    "base_version": None,
    "occurred_at": "2026-04-08T08:59:40.003Z",
    "fields": {},
}


@st.composite
def envelopes(draw):
    """A good envelope with some keys spoilt, missing or added."""
    row = dict(ENVELOPE)
    for name in draw(st.lists(st.sampled_from([*ENVELOPE, "x"]), max_size=3)):
        row[name] = draw(hostile)
    for name in draw(st.lists(st.sampled_from(list(ENVELOPE)), max_size=2)):
        row.pop(name, None)
    return row


@thorough
@given(row=envelopes())
def test_the_fast_check_of_an_envelope_agrees_with_its_schema(row):
    assert _envelope_is_good(row) == (not errors_of(MutationSchema, row))


@settings(thorough, max_examples=300)
@given(row=envelopes())
def test_every_complaint_about_an_envelope_has_a_sentence_in_both_languages(row):
    for key in errors_of(MutationSchema, row).values():
        assert message(key)["ur"]


@pytest.mark.parametrize(
    "spoilt",
    [{"prev": None}, {"prev": 5}, {"prev": "0" * 65}, {"op": None}, {"op": 1}, {"op": "patch"}],
    ids=repr,
)
def test_a_spoilt_envelope_is_refused_by_both_and_worded(spoilt):
    row = ENVELOPE | spoilt

    errors = errors_of(MutationSchema, row)

    assert not _envelope_is_good(row)
    assert [message(key)["en"] for key in errors.values()]


def test_a_missing_op_is_worded():
    row = {name: value for name, value in ENVELOPE.items() if name != "op"}

    errors = errors_of(MutationSchema, row)

    assert errors == {"op": "required"}


@pytest.mark.parametrize("partial", [False, True])
def test_a_tier_without_its_date_is_refused_in_every_put(partial):
    bill = ENTITIES["bill"]
    put = sample_put(bill, Owner.OFFICE) | {"late_tiers": [{"paisa": 5}]}

    errors = errors_of(write_schema(bill, Owner.OFFICE), put, partial=partial)

    assert not row_check(bill, Owner.OFFICE).is_good(put, partial=partial)
    assert errors == {"late_tiers.0.until_date": "required"}
