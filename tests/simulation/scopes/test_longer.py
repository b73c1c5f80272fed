"""The nightly: two hundred phones, longer and with other weather."""

import pytest

from tests.simulation.scopes.crowd import CODE, a_crowd, strangers
from tests.simulation.scopes.oracle import audit

PHONES, TURNS = 200, 6


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_whatever_is_moved_and_cut_all_phones_end_equal(seed, hasty, client):
    crowd = a_crowd(hasty, client, PHONES, seed)

    crowd.live(TURNS)

    repairs = [phone.compare() for phone in crowd.phones]
    assert [(one.equal, one.put, one.dropped) for one in repairs] == [(True, 0, 0)] * PHONES
    assert strangers(crowd, every=10) == []
    with hasty.read() as connection:
        assert audit(connection, CODE, crowd.notebook) == []
    assert crowd.notebook.taken_with_unsent > PHONES // 2
