"""The cursor: what is written is read back, and a place in it means the same rows as a model's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.cursor import (
    BEGINNING,
    Cursor,
    Key,
    NotACursor,
    Position,
    key_of,
    read_cursor,
    start_in,
)

counts = st.integers(0, 2**53 - 1)
small = st.integers(1, 12)
positions = st.builds(Position, small, st.integers(0, 2))
scopes = st.builds("{}:{}".format, st.sampled_from(["officer", "round", "area", "ibc"]), st.uuids())


@given(
    epoch=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    key=st.builds(Key, counts, counts, counts),
    new_until=counts,
    leaving=st.lists(
        st.tuples(scopes, st.builds(Position, counts, st.integers(-1, 100))), max_size=4
    ),
)
def test_a_cursor_is_read_back_as_it_was_written(epoch, key, new_until, leaving):
    cursor = Cursor(epoch, key, new_until, tuple(leaving))

    assert read_cursor(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "...", "e.1.2", "e.1.2.3.4.5", "e.1.2.x", "e.1.2.3~", "e.1.2.3~scope",
        "e.1.2.3~scope@1", "e.1.2.3~scope@1.2.3", "e.1.2.3~@", "null", "e.1.2.3.", "~",
        "e." + "9" * 5000 + ".1.1", "e.1.2." + "9" * 30, "e.-2.2.3", "e.1.2.3~s@-5.0",
        "e.1_0.2.3", "e.١.2.3", "e. 1.2.3", "e.+1.2.3",
    ],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(NotACursor):
        read_cursor(text)


@given(st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused_and_nothing_else(text):
    try:
        cursor = read_cursor(text)
    except NotACursor:
        return

    assert read_cursor(str(cursor)) == cursor


@given(one=positions, other=positions, granted=st.integers(0, 14))
def test_keys_of_one_scope_are_in_the_order_of_its_positions(one, other, granted):
    keys = (key_of(one, granted), key_of(other, granted))

    assert (keys[0] < keys[1]) == (one < other)


@given(position=positions, granted=st.integers(0, 14))
def test_nothing_is_delivered_before_its_scope_was_granted(position, granted):
    assert key_of(position, granted).e == max(granted, position.seq)


@given(
    rows=st.lists(positions, max_size=12, unique=True),
    granted=st.integers(0, 14),
    border=st.tuples(positions, st.integers(0, 14)),
)
def test_reading_a_scope_after_a_key_gives_the_rows_with_later_keys(rows, granted, border):
    """`border` is the last row that was delivered, of this or of any other scope."""
    key = key_of(*border)

    read = {row for row in rows if row > start_in(key, granted)}

    later = {row for row in rows if key_of(row, granted) > key}
    assert later <= read
    delivered_again = {row for row in read if key_of(row, granted) <= key}
    assert not delivered_again


@given(rows=st.lists(positions, max_size=12, unique=True), granted=st.integers(0, 14))
def test_from_the_beginning_a_scope_is_read_whole(rows, granted):
    assert all(row > start_in(BEGINNING, granted) for row in rows)
