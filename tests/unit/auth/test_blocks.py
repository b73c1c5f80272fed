"""Receipt prefixes follow one another and never return."""

import re

import pytest

from auth.blocks import prefix_after
from auth.errors import ReceiptPrefixesUsedUp


@pytest.mark.parametrize(
    ("prefix", "following"),
    [
        (None, "A0"),
        ("A0", "A1"),
        ("A9", "AA"),
        ("AH", "AJ"),
        ("AZ", "B0"),
        ("ZZ", "A00"),
        ("A0Z", "A10"),
        ("ZZZ", "A000"),
        ("AZZZ", "B000"),
    ],
)
def test_the_next_prefix_is(prefix, following):
    assert prefix_after(prefix) == following


def test_prefixes_are_unique_readable_and_begin_with_a_letter():
    prefixes, prefix = [], None
    for _ in range(2_000):
        prefix = prefix_after(prefix)
        prefixes.append(prefix)

    assert len(set(prefixes)) == len(prefixes)
    assert prefixes == sorted(prefixes, key=lambda one: (len(one), one))
    assert all(re.fullmatch(r"[A-HJKMNP-TV-Z][0-9A-HJKMNP-TV-Z]{1,3}", one) for one in prefixes)


def test_the_last_prefix_has_no_successor():
    with pytest.raises(ReceiptPrefixesUsedUp):
        prefix_after("ZZZZ")
