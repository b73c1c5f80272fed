"""A device's chain names its gaps, and doubts forks and wrong links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.chain import MISSING_NAMED_MAX, Chain, Missing


def a_chain(seq=3, last_hash="c", *ranges):
    return Chain(seq, last_hash, Missing.of(ranges))


@pytest.mark.parametrize(
    ("seq", "prev", "doubt"),
    [
        (4, "c", None),
        (4, None, None),
        (4, "x", "CHAIN_BROKEN"),
        (5, "x", None),
        (9, None, None),
        (3, "b", "FORK"),
        (1, None, "FORK"),
    ],
)
def test_what_a_link_looks_like_after_three(seq, prev, doubt):
    assert a_chain().doubt(seq, prev, "h") == doubt


def test_a_link_that_fills_a_gap_is_not_a_fork_and_the_same_again_is():
    chain = a_chain(9, "c", (4, 6))

    assert chain.doubt(5, "anything", "h") is None
    chain.follow(5, "hash of 4", "hash of 5")
    assert chain.doubt(5, "anything", "h") == "FORK"
    assert chain.missing.ranges == [
        (4, 4, None, "hash of 4"),
        (6, 6, "hash of 5", None),
    ]


def test_filling_a_gap_does_not_move_the_end():
    chain = a_chain(9, "c", (4, 6))

    chain.follow(4, None, "hash of 4")

    assert (chain.seq, chain.hash) == (9, "c")


def test_what_has_no_number_does_not_move_the_chain():
    chain = a_chain()

    chain.follow(None, None, "x")

    assert chain == a_chain()


@given(arrived=st.lists(st.integers(1, 60), max_size=60))
def test_missing_is_what_has_not_come_below_the_newest(arrived):
    chain = Chain(0, "", Missing())

    for seq in arrived:
        chain.follow(seq, None, str(seq))

    newest = max(arrived, default=0)
    assert chain.seq == newest
    assert chain.missing.numbers() == sorted(set(range(1, newest)) - set(arrived))


def test_a_gap_of_a_thousand_million_names_its_first_hundred():
    chain = a_chain(1, "a")

    chain.follow(2**53 - 1, None, "z")

    assert chain.missing.numbers() == list(range(2, 2 + MISSING_NAMED_MAX))


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=100, unique=True).map(sorted),
)
def test_never_more_than_a_hundred_are_named(arrived):
    chain = Chain(0, "", Missing())

    for seq in arrived:
        chain.follow(seq, None, str(seq))

    expected = [n for n in range(1, arrived[-1]) if n not in arrived]
    assert chain.missing.numbers() == expected[:MISSING_NAMED_MAX]
