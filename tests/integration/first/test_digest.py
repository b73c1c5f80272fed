"""Is a phone equal to the server? What differs is found in its bucket and repaired there."""

import hashlib

import pytest

from infra.ids import new_id
from sync import digest
from sync.client_equal import buckets
from sync.digest import bucket_of, buckets_of
from sync.office import Put
from tests.building import a_bill, office_write
from tests.integration.first.phones import a_device, difference, settle


@pytest.fixture
def equal(device):
    """A phone that has read all there is."""
    settle(device)
    assert device.compare().equal
    return device


def ask(wire, device):
    said = {"epoch": device.store.kept("epoch"), "cursor": None, "buckets": buckets(device.store)}
    return wire.post("/api/v1/sync/digest", said, device.store.kept("access_token"))


def test_an_equal_phone_is_told_so_and_nothing_else(equal, wire):
    said = ask(wire, equal)

    assert (said["equal"], said["differ"], said["sent"], said["more"]) == (True, [], [], False)
    assert said["changes"] == {}


def test_a_wrong_version_is_found_and_repaired(equal, wire):
    row = equal.store.rows("consumer")[0]
    equal.store.put("consumer", [row | {"version": row["version"] + 1, "name": "wrong"}])

    assert ask(wire, equal)["differ"] == [bucket_of(row["id"])]
    repaired = equal.compare()

    assert (repaired.equal, repaired.put, repaired.dropped) == (True, 1, 0)
    assert equal.store.row("consumer", row["id"]) == row


def test_a_missing_row_is_brought(equal):
    row = equal.store.rows("stop")[0]
    equal.store.drop("stop", [row["id"]])

    repaired = equal.compare()

    assert (repaired.equal, repaired.put, repaired.dropped) == (True, 1, 0)
    assert equal.store.row("stop", row["id"]) == row


def test_an_extra_row_is_dropped(equal):
    equal.store.put("bill", [{"id": new_id(), "version": 1}])

    repaired = equal.compare()

    assert (repaired.equal, repaired.put, repaired.dropped) == (True, 0, 1)
    assert difference(equal) == {}


def test_an_empty_store_is_repaired_bucket_by_bucket(database, ibc, equal, monkeypatch):
    monkeypatch.setattr(digest, "PAGE_CHANGES_MAX", 3)
    office_write(database, ibc.code, *(a_bill(ibc.accounts[0], f"INV-{n}") for n in range(20)))
    equal.store.drop_all()

    repaired = equal.compare()

    assert repaired.equal
    assert repaired.put > 20
    assert difference(equal) == {}


def test_a_page_is_bounded_by_bytes_too(equal, monkeypatch, wire):
    monkeypatch.setattr(digest, "PAGE_BYTES_MAX", 300)
    equal.store.drop_all()

    said = ask(wire, equal)
    repaired = equal.compare()

    assert said["more"]
    assert 1 <= len(said["sent"]) < len(said["differ"])
    assert repaired.equal
    assert difference(equal) == {}


def test_no_row_outside_its_scopes_is_sent(database, ibc, other_ibc, device, wire):
    colleague = a_device(database, ibc, wire, officer=1)
    stranger = a_device(database, other_ibc, wire)
    settle(device, colleague, stranger)
    for one in (device, colleague, stranger):
        held = dict(one.store.contents())
        one.store.drop_all()

        assert one.compare().equal

        assert one.store.contents().keys() == held.keys()
        assert difference(one) == {}


def test_what_the_phone_has_not_pulled_yet_comes_with_the_repair(database, ibc, equal):
    office_write(database, ibc.code, a_bill(ibc.accounts[0], "INV-1"))

    assert equal.compare().put == 1
    settle(equal)

    assert difference(equal) == {}


def test_what_a_phone_is_still_leaving_is_not_taken_from_it(database, ibc, equal, wire):
    equal.record("visit", {"account_no": ibc.accounts[0], "outcome": "not_home"})
    office_write(database, ibc.code, Put("round", ibc.round_id, {"officer_id": ibc.officers[1]}))
    equal.exchange(held_back=frozenset({1}))
    stops = equal.store.rows("stop")
    assert stops

    assert equal.compare().equal
    assert equal.store.rows("stop") == stops
    settle(equal)

    assert equal.store.rows("stop") == []
    assert equal.compare().equal


def test_in_another_epoch_nothing_is_compared(database, equal):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE log_heads SET epoch = 'another'")
    held = dict(equal.store.contents())

    assert not equal.compare().equal
    assert equal.store.contents() == held
    settle(equal)

    assert equal.compare().equal


@pytest.mark.parametrize(
    "wrong",
    [
        {"buckets": []},
        {"buckets": [{"count": 0, "digest": "0" * 32}] * 63},
        {"buckets": [{"count": 0, "digest": "x" * 32}] * 64},
        {"buckets": [{"count": -1, "digest": "0" * 32}] * 64},
        {"buckets": [{"count": 0}] * 64},
        {"cursor": "not a cursor"},
        {"more": 1},
    ],
)
def test_a_question_that_is_none_is_refused(equal, wire, wrong):
    whole = {"epoch": equal.store.kept("epoch"), "cursor": None, "buckets": buckets(equal.store)}
    answer = wire.client.post(
        "/api/v1/sync/digest",
        json=whole | wrong,
        headers={"Authorization": f"Bearer {equal.store.kept('access_token')}"},
    )

    assert answer.status_code in (400, 422)


def test_the_digest_is_what_the_page_says():
    """Worked by hand from docs/protocol.md: two records of one bucket."""
    first = hashlib.sha256(b"bill/a/3").digest()[:16]
    second = hashlib.sha256(b"stop/a/1").digest()[:16]
    bucket = hashlib.sha256(b"a").digest()[0] // 4

    found = buckets_of([("bill", "a", 3), ("stop", "a", 1)])

    assert found[bucket].count == 2
    assert found[bucket].digest == bytes(a ^ b for a, b in zip(first, second, strict=True)).hex()
    assert sum(one.count for one in found) == 2
