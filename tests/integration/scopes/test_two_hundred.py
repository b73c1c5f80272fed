"""Two hundred phones, their rounds taken and split with work unsent, answers cut: all equal, nothing lost or double."""

import pytest

from tests.simulation.scopes.conftest import hasty
from tests.simulation.scopes.crowd import CODE, a_crowd, strangers
from tests.simulation.scopes.oracle import audit, outcomes

__all__ = ["hasty"]

PHONES, TURNS = 200, 2
"""More turns and more seeds are for the nightly (tests/simulation/scopes)."""


@pytest.mark.parametrize("seed", [1])
def test_two_hundred_phones_end_equal_and_no_fact_is_lost_or_doubled(seed, hasty, client):
    crowd = a_crowd(hasty, client, PHONES, seed)

    crowd.live(TURNS)

    repairs = [phone.compare() for phone in crowd.phones]
    assert [(one.equal, one.put, one.dropped) for one in repairs] == [(True, 0, 0)] * PHONES
    assert strangers(crowd, every=10) == []
    with hasty.read() as connection:
        assert audit(connection, CODE, crowd.notebook) == []
        told = outcomes(connection, CODE)
    assert crowd.notebook.taken_with_unsent > PHONES // 10
    assert told["conflict ILLEGAL_TRANSITION"] + told["conflict ROUND_TAKEN"] > 0
    assert told["applied"] > PHONES
