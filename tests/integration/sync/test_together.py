"""Requests that wait for the same lock are written together, and each gets its own answer."""

from threading import Event

import pytest

import sync.together
from sync.intake import read_mutations
from sync.known import KnownAccounts
from sync.parcel import Parcel
from sync.push import prepare, push_together
from sync.together import Together
from tests.building import NOW, a_collection, a_phone, a_visit, words
from tests.integration.sync.looking import count, one
from tests.integration.sync.test_faults import fail
from tests.threads import Threads

PHONES = 8


@pytest.fixture
def phones(database, ibc):
    return [a_phone(database, ibc, name=f"p{n}") for n in range(PHONES)]


def parcel_of(phone, *rows):
    return Parcel(phone.author, read_mutations([dict(row) for row in rows], NOW))


def take(database, parcels):
    """Take these parcels in together."""
    accounts = KnownAccounts(database)
    prepared = [prepare(accounts, "DEF", parcel, NOW) for parcel in parcels]
    return push_together(database, "DEF", lambda: prepared, NOW)


def test_parcels_of_many_phones_go_in_one_transaction(database, ibc, phones):
    parcels = [
        parcel_of(phone, phone.put("visit", a_visit(ibc.accounts[n % 6])))
        for n, phone in enumerate(phones)
    ]

    written = take(database, parcels)

    assert [words(pushed.outcomes) for pushed in written] == [["applied"]] * PHONES
    assert [pushed.logged for pushed in written] == [1] * PHONES
    assert count(database, "visits") == PHONES
    assert one(database, "SELECT max(last_seq - first_seq) FROM chain_links") >= PHONES - 1


def test_one_request_sent_twice_at_once_is_one_fact_and_one_replay(database, ibc, phone):
    row = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001"))

    written = take(database, [parcel_of(phone, row), parcel_of(phone, row)])

    assert [pushed.outcomes[0].replayed for pushed in written] == [False, True]
    assert count(database, "collections") == 1


def test_two_requests_with_one_receipt_number_meet_in_one_transaction(database, ibc, phone):
    parcels = [
        parcel_of(phone, phone.put("collection", a_collection(account, "Q3-000001")))
        for account in ibc.accounts[:2]
    ]

    written = take(database, parcels)

    assert [words(pushed.outcomes) for pushed in written] == [
        ["applied"],
        ["held RECEIPT_NO_REUSED"],
    ]


def test_a_void_and_its_collection_of_another_request_meet(database, ibc, phone, second_phone):
    taken = phone.put("collection", a_collection(ibc.accounts[0], "Q3-000001"))
    void = {"collection_id": taken["record_id"], "reason": "wrong house"}
    parcels = [
        parcel_of(second_phone, second_phone.put("receipt_void", void)),
        parcel_of(phone, taken),
    ]

    written = take(database, parcels)

    assert [words(pushed.outcomes) for pushed in written] == [
        ["waiting PARENT_MISSING"],
        ["applied"],
    ]
    assert one(database, "SELECT verdict FROM verdicts") == "released"


def test_where_our_code_fails_on_one_parcel_the_others_are_applied(
    database, ibc, phone, second_phone, monkeypatch
):
    own = {**sync.effects.EFFECTS, "visit": fail}
    monkeypatch.setattr(sync.effects, "EFFECTS", own)
    parcels = [
        parcel_of(phone, phone.put("visit", a_visit(ibc.accounts[0]))),
        parcel_of(
            second_phone, second_phone.put("collection", a_collection(ibc.accounts[1], "Q5-000009"))
        ),
    ]

    written = take(database, parcels)

    assert [words(pushed.outcomes) for pushed in written] == [["waiting OUR_FAULT"], ["applied"]]


class Held:
    """The first who goes through the door is held still, before or after it was seen who goes too."""

    def __init__(self, database, monkeypatch, *, after_gathering):
        self.door, self.sizes = Together(database), []
        self.first_is_in, self.may_go_on = Event(), Event()
        self.after_gathering = after_gathering
        monkeypatch.setattr(sync.together, "push_together", self.push_together)

    def push_together(self, database, ibc_id, gather, now):
        if not self.after_gathering:
            self.wait()
        group = gather()
        self.sizes.append(len(group))
        if self.after_gathering:
            self.wait()
        return push_together(database, ibc_id, lambda: group, now)

    def wait(self):
        self.first_is_in.set()
        assert self.may_go_on.wait(20)

    def push(self, parcels):
        """All parcels at once; the first goes on when the others stand at the door."""
        with Threads(len(parcels)) as pool:
            answers = [pool.submit(self.door.push, "DEF", parcels[0], NOW)]
            assert self.first_is_in.wait(20)
            answers += [pool.submit(self.door.push, "DEF", parcel, NOW) for parcel in parcels[1:]]
            while self.door.gathered("DEF") < len(parcels) - 1:
                assert not answers[0].done()
            self.may_go_on.set()
            return [answer.result(30) for answer in answers]


@pytest.mark.parametrize(("after_gathering", "sizes"), [(True, [1, PHONES - 1]), (False, [PHONES])])
def test_who_comes_while_another_waits_for_the_lock_goes_with_it_and_else_with_the_rest(
    database, ibc, phones, monkeypatch, after_gathering, sizes
):
    held = Held(database, monkeypatch, after_gathering=after_gathering)
    parcels = [parcel_of(phone, phone.put("visit", a_visit(ibc.accounts[0]))) for phone in phones]

    written = held.push(parcels)

    assert held.sizes == sizes
    assert all(words(pushed.outcomes) == ["applied"] for pushed in written)
    assert count(database, "visits") == PHONES
    assert held.door.gathered("DEF") == 0


def test_an_error_reaches_everybody_who_went_together_and_frees_the_door(
    database, ibc, phone, monkeypatch
):
    def broken(*_):
        raise RuntimeError("the database is gone")

    door = Together(database)
    parcel = parcel_of(phone, phone.put("visit", a_visit(ibc.accounts[0])))
    monkeypatch.setattr(sync.together, "push_together", broken)
    with pytest.raises(RuntimeError, match="the database is gone"):
        door.push("DEF", parcel, NOW)
    monkeypatch.undo()

    pushed = door.push("DEF", parcel, NOW)

    assert words(pushed.outcomes) == ["applied"]
