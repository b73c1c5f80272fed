"""The number of a foreign client: below 2^53, ordered as places are, read back as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import ENTITIES
from sync.cursor import NotACursor
from sync.foreign_position import (
    BUCKET_MAX,
    DELIVERED_MAX,
    DROPPED,
    KIND_MAX,
    KINDS,
    LEAVING,
    LIFE_MAX,
    NUMBER_MAX,
    Place,
    bucket_of,
    life_of,
    pack,
    unpack,
)

places = st.builds(
    Place,
    st.integers(0, LIFE_MAX),
    st.integers(0, DELIVERED_MAX),
    st.integers(0, KIND_MAX),
    st.integers(0, BUCKET_MAX),
)


@given(places)
def test_a_number_is_read_back_as_its_place(place):
    assert unpack(pack(place)) == place


@given(places, places)
def test_numbers_are_ordered_as_places_are(one, other):
    assert (pack(one) < pack(other)) == (one < other)


def test_the_largest_number_is_the_largest_that_javascript_keeps():
    assert pack(Place(LIFE_MAX, DELIVERED_MAX, KIND_MAX, BUCKET_MAX)) == NUMBER_MAX == 2**53 - 1


@pytest.mark.parametrize("number", [-1, 2**53])
def test_what_is_out_of_bounds_is_no_position(number):
    with pytest.raises(NotACursor):
        unpack(number)


@pytest.mark.parametrize(
    "place",
    [
        Place(LIFE_MAX + 1, 0, 0, 0),
        Place(0, DELIVERED_MAX + 1, 0, 0),
        Place(0, 0, KIND_MAX + 1, 0),
        Place(0, 0, 0, BUCKET_MAX + 1),
        Place(0, -1, 0, 0),
    ],
)
def test_a_place_beyond_its_bits_is_an_error_and_never_a_wrong_number(place):
    with pytest.raises(OverflowError):
        pack(place)


@given(st.text(min_size=1))
def test_no_number_is_zero(epoch):
    assert 1 <= life_of(epoch) <= LIFE_MAX
    assert pack(Place(life_of(epoch), 0, 0, 0)) > 0


@given(st.text())
def test_a_bucket_fits(record_id):
    assert 0 <= bucket_of(record_id) <= BUCKET_MAX


def test_parents_come_before_children_and_leaving_before_dropping():
    assert list(KINDS) == [name for name, entity in ENTITIES.items() if entity.sync.scope]
    assert sorted(KINDS.values()) == list(KINDS.values())
    assert max(KINDS.values()) < LEAVING < DROPPED == KIND_MAX
