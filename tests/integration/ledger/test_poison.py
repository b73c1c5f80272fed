import pytest

from infra.ids import derived_id
from ledger.checks import verify
from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.posting import post
from ledger.view import Books
from sync.books import ATTEMPTS_MAX
from tests.integration.ledger.office import IBC, RS

A, B = "0400000000001", "0400000000002"


class Killed(BaseException):
    """The process is gone; nothing catches this."""


def poison(record_id: str, error: type[BaseException] = ZeroDivisionError):
    def rule(books: Books, row: LogRow) -> Posted:
        if row.record_id == record_id:
            raise error(record_id)
        return post(books, row)

    return rule


def test_a_poison_entry_is_parked_and_the_rest_goes_on(office):
    bad, good = office.collection(A, 500), office.collection(B, 700)
    office.append([bad, good])

    result = office.post(rule=poison(bad["record_id"]))

    assert (result.parked, result.lag) == (1, 0)
    assert office.balance(2010, B) == -700 * RS
    assert office.balance(2010, A) == 0
    assert office.exceptions() == ["POISON"]


def test_what_depends_on_a_parked_collection_is_parked_with_it(office):
    bad, good = office.collection(A, 500), office.collection(B, 700)
    later = office.decision("transfer", bad, B)
    office.append([bad, good, later])

    result = office.post(rule=poison(bad["record_id"]))

    assert result.parked == 2
    assert office.balance(2010, B) == -700 * RS
    assert office.exceptions() == ["POISON", "POISON"]


def test_a_parked_entry_posts_when_it_is_released(office):
    bad = office.collection(A, 500)
    office.append([bad])
    office.post(rule=poison(bad["record_id"]))

    release = {"id": derived_id("again", bad["id"]), "of_id": bad["id"], "op": "release"}
    office.append([bad | release | {"record": False, "fields": {}}])
    office.post()

    assert office.balance(2010, A) == -500 * RS
    assert office.rows("SELECT state FROM exceptions") == [("resolved",)]
    with office.database.read() as connection:
        assert verify(connection, IBC) == []


def test_books_with_a_parked_entry_still_verify(office):
    bad, good = office.collection(A, 500), office.collection(B, 700)
    office.append([bad, good, office.decision("transfer", bad, B)])
    office.post(rule=poison(bad["record_id"]))

    with office.database.read() as connection:
        findings = verify(connection, IBC)

    assert findings == []


def test_an_entry_that_kills_the_process_is_counted_and_parked(office):
    bad, good = office.collection(A, 500), office.collection(B, 700)
    office.append([good, bad])
    killing = poison(bad["record_id"], Killed)
    deaths = 0

    while deaths <= ATTEMPTS_MAX + 1:
        try:
            office.post(rule=killing)
            break
        except Killed:
            deaths += 1

    assert deaths == ATTEMPTS_MAX + 1  # once in its chunk, then alone
    assert office.exceptions() == ["POISON"]
    assert office.balance(2010, B) == -700 * RS


def test_an_attempt_is_committed_before_it_is_made(office):
    bad = office.collection(A, 500)
    office.append([bad])
    killing = poison(bad["record_id"], Killed)

    for _ in range(3):
        with pytest.raises(Killed):
            office.post(rule=killing)

    assert office.rows("SELECT trying_seq, attempts FROM books_offsets") == [(1, 2)]
    assert office.post().posted == 1
    assert office.rows("SELECT trying_seq, attempts FROM books_offsets") == [(None, 0)]
