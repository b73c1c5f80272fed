"""An outbox that came by another carrier: whose it is, what it may do, and what it may never do."""

import copy

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.ids import new_id
from sync.client import hand_in
from sync.client_facts import signature
from sync.client_http import Refused
from sync.office import Put
from tests.building import office_write
from tests.integration.evidence.street import cash, parts
from tests.integration.sync.looking import count, one, rows

PATH = "/api/v1/sync/handin"


@pytest.fixture
def file(signer, ibc):
    """Three receipts that the phone could not send."""
    for n in range(3):
        signer.collect(cash(ibc.accounts[n]))
    return signer.export()


def test_a_colleague_hands_in_and_the_author_is_the_device(database, enrol, signer, file):
    carrier = enrol(officer=1)

    assert carrier.carry(file) == 3

    assert rows(
        database, "SELECT DISTINCT author_id, officer_id FROM mutations WHERE origin = 'device'"
    ) == [(signer.id, signer.staff_id)]
    assert count(database, "collections") == 3
    detail = one(database, "SELECT DISTINCT detail FROM mutations WHERE origin = 'device'")
    assert carrier.staff_id in detail


def test_a_user_of_another_ibc_hands_in_and_it_lands_in_the_devices_own(database, enrol, file):
    enrol("CLF").carry(file)

    assert rows(database, "SELECT DISTINCT ibc_id FROM collections") == [("DEF",)]


def test_the_signature_alone_is_enough_and_the_answer_says_nothing_more(wire, signer, file):
    said = wire.post(PATH, parts(file)[0])

    assert said.keys() == {"device_id", "received", "missing", "orders", "server_time"}
    assert said["received"] == 3


def test_a_dead_token_does_not_turn_the_carrier_away(wire, file, token_of, signer, clock):
    old = token_of(signer, now=clock.at - 3600_000)

    assert hand_in(wire, file, token=old) == 3


def test_handed_in_twice_and_then_pushed_is_there_once(database, wire, signer, file):
    hand_in(wire, file)
    hand_in(wire, file)

    answer = signer.exchange()

    assert [o["outcome"] for o in answer.outcomes] == ["applied"] * 3
    assert all(o["replayed"] for o in answer.outcomes)
    assert count(database, "collections") == 3
    assert signer.store.pending() == 0


def test_what_a_revoked_phone_hands_in_is_stored_and_held(database, wire, signer, file):
    put = Put("device", signer.id, {"state": "revoked"})
    office_write(database, "DEF", put)

    assert hand_in(wire, file) == 3

    assert (
        rows(database, "SELECT outcome, code FROM mutations WHERE origin = 'device'")
        == [("held", "DEVICE_UNTRUSTED")] * 3
    )
    assert count(database, "collections") == 0


def test_a_hand_in_says_nothing_of_how_the_phone_is_doing(database, wire, signer, file):
    signer.exchange()
    before = rows(database, "SELECT last_seen_at, app_version, pending FROM device_chains")
    signer.collect(cash("0400000000001"))

    hand_in(wire, signer.export())

    assert rows(database, "SELECT last_seen_at, app_version, pending FROM device_chains") == before


def tampered_amount(part):
    part["mutations"][1]["fields"]["amount_paisa"] = 9_999_00


def last_amount(part):
    part["mutations"][-1]["fields"]["amount_paisa"] = 9_999_00


def replay_with_a_new_id(part):
    part["mutations"][0]["id"] = new_id()


def hole(part):
    del part["mutations"][1]


def another_order(part):
    part["mutations"][0], part["mutations"][1] = part["mutations"][1], part["mutations"][0]


def wrong_key(part):
    key = Ed25519PrivateKey.generate()
    part["head"]["signature"] = signature(key, part["head"]["hash"].encode())


def no_signature(part):
    part["head"]["signature"] = ""


def another_device(part):
    part["device_id"] = new_id()


def another_ibc(part):
    part["ibc"] = "CLF"


def another_number(part):
    part["head"]["seq"] += 1


def test_a_signed_run_of_nothing_only_asks_what_is_missing(database, client, file):
    part = parts(file)[0] | {"mutations": []}

    answer = client.post(PATH, json=part)

    assert answer.json["received"] == 0
    assert count(database, "mutations WHERE origin = 'device'") == 0


@pytest.mark.parametrize(
    "spoil",
    [
        tampered_amount,
        last_amount,
        replay_with_a_new_id,
        hole,
        another_order,
        wrong_key,
        no_signature,
        another_device,
        another_ibc,
        another_number,
    ],
)
def test_what_the_device_has_not_signed_is_refused_whole(database, client, offices, file, spoil):
    part = copy.deepcopy(parts(file)[0])
    spoil(part)

    answer = client.post(PATH, json=part)

    assert answer.status_code == 403, answer.text
    assert answer.json["type"] == "/problems/handin-refused"
    assert count(database, "collections") == 0


def test_an_unsigned_hand_in_is_refused(client, file):
    part = parts(file)[0]
    del part["head"]

    assert client.post(PATH, json=part).status_code in (400, 403)


def test_another_devices_name_over_a_signed_run_is_refused(client, enrol, file):
    part = parts(file)[0] | {"device_id": enrol(officer=1).id}

    assert client.post(PATH, json=part).status_code == 403


def test_an_outbox_with_a_hole_is_exported_as_two_runs(signer, wire, ibc):
    for n in range(4):
        signer.collect(cash(ibc.accounts[n]))
    signer.store.note_outcome(2, {"id": "x", "outcome": "applied"})

    exported = signer.export()

    assert [len(part["mutations"]) for part in parts(exported)] == [1, 2]
    assert hand_in(wire, exported) == 3


def test_too_many_hand_ins_from_one_address_must_wait(client, file, wire):
    wire.post(PATH, parts(file)[0])

    statuses = {
        client.post(PATH, json={}, environ_base={"REMOTE_ADDR": "10.9.8.7"}).status_code
        for _ in range(70)
    }

    assert 429 in statuses


def test_a_refusal_does_not_say_whether_the_device_exists(client, file):
    part = parts(file)[0]
    known = client.post(PATH, json=part | {"head": part["head"] | {"signature": "A" * 86}})
    unknown = client.post(PATH, json=part | {"device_id": new_id()})

    assert known.data == unknown.data


def test_client_reports_a_refusal(wire, file):
    bad = file.replace(b'"amount_paisa":50000', b'"amount_paisa":50100')

    with pytest.raises(Refused):
        hand_in(wire, bad)
