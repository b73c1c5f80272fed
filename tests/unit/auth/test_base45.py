"""Base45 as RFC 9285 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth import base45


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"", "")],
)
def test_the_examples_of_the_rfc(raw, text):
    assert base45.encode(raw) == text
    assert base45.decode(text) == raw


@given(st.binary(max_size=200))
def test_what_was_written_is_read(raw):
    assert base45.decode(base45.encode(raw)) == raw


@pytest.mark.parametrize("text", ["A", "GGW", "::", "ab", "BB8B"])
def test_what_no_bytes_are_written_as_is_refused(text):
    with pytest.raises(base45.NotBase45):
        base45.decode(text)
