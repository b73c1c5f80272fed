"""Receipt blocks, the fleet, lost phones, wipes, and a revocation that acts within five seconds."""

import pytest

from auth.blocks import SERIALS_PER_BLOCK
from infra.ids import new_id
from sync.client import hand_in
from sync.client_facts import ReceiptBlock
from sync.client_http import Refused
from sync.receipt_numbers import missing_in
from tests.building import NOW
from tests.integration.evidence.street import cash, parts
from tests.integration.sync.looking import count, one, rows


def use(phone, ibc, upto):
    """Jump to a serial of the block, as a phone that lost some receipts would."""
    phone.store.keep("receipts_used", upto - 1)
    phone.collect(cash(ibc.accounts[0]))
    phone.exchange()


@pytest.mark.parametrize(("upto", "further"), [(349, False), (350, True), (500, True)])
def test_a_further_block_comes_when_at_most_thirty_percent_are_left(signer, ibc, upto, further):
    use(signer, ibc, upto)

    signer.fetch_receipts()

    assert (signer.store.kept("next_block") is not None) is further


def test_asked_twice_it_is_the_same_block(database, signer, ibc):
    use(signer, ibc, 400)

    signer.fetch_receipts()
    first = signer.store.kept("next_block")
    signer.fetch_receipts()

    assert signer.store.kept("next_block") == first
    assert count(database, f"receipt_blocks WHERE device_id = '{signer.id}'") == 2


def test_the_phone_goes_on_in_the_next_block_and_its_receipts_are_good(signer, ibc):
    use(signer, ibc, SERIALS_PER_BLOCK)
    signer.fetch_receipts()
    following = ReceiptBlock(**signer.store.kept("next_block"))

    receipt, _ = signer.collect(cash(ibc.accounts[0]))

    assert receipt.number == following.number(0)
    assert [o["outcome"] for o in signer.exchange().outcomes] == ["applied"]


@pytest.mark.parametrize(
    ("used", "gaps"),
    [([], []), ([1, 2, 3], []), ([3], [(1, 2)]), ([1, 4, 7], [(2, 3), (5, 6)])],
)
def test_gaps_are_what_is_below_the_last_that_was_used(used, gaps):
    assert missing_in(used, 1) == gaps


def test_the_numbers_of_a_phone_are_listed(signer, ibc, desk):
    prefix = signer.store.kept("receipt_block")["prefix"]
    use(signer, ibc, 1)
    use(signer, ibc, 4)

    [block] = desk("supervisor").all(f"/devices/{signer.id}/receipts")

    assert block["used"] == 2
    assert block["missing"] == [[f"{prefix}-000002", f"{prefix}-000003"]]
    assert block["missing_count"] == 2


def test_the_fleet_is_seen_page_by_page_and_as_a_file(signer, enrol, desk, ibc):
    enrol(officer=1)
    use(signer, ibc, 1)
    people = desk("supervisor")

    found = people.all("/devices", limit=1)
    file = people.get("/devices?format=csv").text

    mine = next(row for row in found if row["device_id"] == signer.id)
    assert len(found) == 2
    assert (mine["app_version"], mine["pending"], mine["clock_offset_ms"]) == ("python-1", 0, 0)
    assert (mine["state"], mine["signs"], mine["gaps"], mine["wipe"]) == ("active", True, [], None)
    assert signer.id in file


@pytest.mark.parametrize("role", ["cashier", "officer", "finance"])
def test_who_has_no_business_with_phones_does_not_see_them(signer, desk, role):
    assert desk(role).get("/devices").status_code == 403


def test_another_ibcs_phone_is_not_there(signer, desk, offices):
    stranger = desk("supervisor", "CLF")

    assert stranger.get(f"/devices/{signer.id}/receipts").status_code == 404
    assert stranger.post(f"/devices/{signer.id}/lost").status_code == 404
    assert stranger.get("/devices", at="DEF").status_code == 403


def test_a_lost_phone_is_revoked_and_its_numbers_are_listed(database, signer, desk, ibc):
    use(signer, ibc, 2)

    said = desk("call_centre_118").post(f"/devices/{signer.id}/lost").json

    assert said["state"] == "lost"
    assert said["blocks"][0]["used"] == 1
    assert said["blocks"][0]["missing_count"] == 1
    assert one(database, f"SELECT state FROM devices WHERE id = '{signer.id}'") == "lost"


def test_lost_twice_is_lost_once(database, signer, desk):
    people = desk("supervisor")
    people.post(f"/devices/{signer.id}/lost")
    before = one(database, "SELECT seq FROM log_heads WHERE ibc_id = 'DEF'")

    assert people.post(f"/devices/{signer.id}/lost").status_code == 200

    assert one(database, "SELECT seq FROM log_heads WHERE ibc_id = 'DEF'") == before


def test_a_revocation_acts_within_five_seconds_although_people_are_remembered(
    database, signer, desk, clock, ibc
):
    signer.exchange()
    desk("admin").post(f"/devices/{signer.id}/revoke")
    signer.collect(cash(ibc.accounts[0]))

    clock.at = NOW + 4_999
    answer = signer.exchange()

    assert [o.get("code") for o in answer.outcomes] == ["DEVICE_UNTRUSTED"]


def test_the_wipe_is_ordered_only_when_everything_has_arrived(database, signer, desk, clock, ibc):
    run = [signer.collect(cash(ibc.accounts[0]))[1] for _ in range(3)]
    signer.exchange(held_back=frozenset({2}))
    desk("admin").post(f"/devices/{signer.id}/revoke")
    clock.at = NOW + 5_000

    assert signer.exchange(held_back=frozenset({run[1].seq})).orders == []
    with pytest.raises(Refused):
        signer.wipe()
    assert signer.exchange().orders == ["wipe"]
    device_id = signer.id
    signer.wipe()

    assert one(database, f"SELECT wiped_at FROM device_chains WHERE device_id = '{device_id}'")
    assert signer.store.kept("private_key") is None
    assert rows(database, "SELECT orders FROM device_chains WHERE wiped_at IS NOT NULL") == [
        ("[]",)
    ]


def test_a_phone_with_a_dead_token_hears_of_its_wipe_by_its_signature(wire, signer, desk, ibc):
    signer.collect(cash(ibc.accounts[0]))
    file = signer.export()
    desk("admin").post(f"/devices/{signer.id}/revoke")
    hand_in(wire, file)

    asked = wire.post("/api/v1/sync/handin", parts(file)[0] | {"mutations": []})

    assert (asked["missing"], asked["orders"]) == ([], ["wipe"])


def test_a_carrier_is_not_told_of_anothers_orders(enrol, signer, desk, ibc, token_of, wire):
    signer.collect(cash(ibc.accounts[0]))
    part = parts(signer.export())[0]
    desk("admin").post(f"/devices/{signer.id}/revoke")

    said = wire.post("/api/v1/sync/handin", part, token_of(enrol(officer=1)))

    assert said["orders"] == []


def test_an_active_phone_is_never_told_to_wipe(signer, desk):
    people = desk("admin")

    assert people.post(f"/devices/{signer.id}/orders", {"order": "wipe"}).status_code == 422
    assert people.post(f"/devices/{signer.id}/orders", {"order": "send_log"}).status_code == 204
    assert signer.exchange().orders == ["send_log"]


def test_the_clock_of_a_phone_is_measured_and_orders_nothing(database, signer, ibc, clock):
    signer.collect(cash(ibc.accounts[0]))
    signer.now = lambda: NOW - 3 * 86_400_000
    signer.exchange()

    offset = one(
        database, f"SELECT clock_offset_ms FROM device_chains WHERE device_id = '{signer.id}'"
    )
    assert offset == -3 * 86_400_000
    assert (
        one(database, "SELECT DISTINCT received_at FROM mutations WHERE origin = 'device'") == NOW
    )


# Counters, paper books, and gaps explained


def give(desk, signer, kind, key):
    return desk("admin").post(f"/devices/{signer.id}/receipt-blocks", {"kind": kind}, key=key)


@pytest.mark.parametrize("kind", ["counter", "paper"])
def test_a_book_is_given_once_for_each_request_and_no_prefix_twice(database, signer, desk, kind):
    key = new_id()

    first, again, other = (give(desk, signer, kind, k) for k in (key, key, new_id()))

    assert (first.status_code, first.json["kind"]) == (201, kind)
    assert again.json == first.json
    assert other.json["prefix"] > first.json["prefix"]
    prefixes = rows(database, "SELECT prefix FROM receipt_blocks WHERE ibc_id = 'DEF'")
    assert len(set(prefixes)) == len(prefixes) == 3


def test_what_is_keyed_in_from_a_paper_book_is_good_and_the_phone_prints_on_from_its_own(
    database, signer, desk, ibc
):
    book = give(desk, signer, "paper", new_id()).json
    stub = cash(ibc.accounts[0]) | {"receipt_no": f"{book['prefix']}-000017"}

    signer.record("collection", stub)
    receipt, _ = signer.collect(cash(ibc.accounts[1]))
    outcomes = signer.exchange().outcomes

    assert [o["outcome"] for o in outcomes] == ["applied", "applied"]
    assert receipt.number[:2] == signer.store.kept("receipt_block")["prefix"]
    listed = {
        row["prefix"]: row for row in desk("supervisor").all(f"/devices/{signer.id}/receipts")
    }
    assert listed[book["prefix"]]["kind"] == "paper"
    assert listed[book["prefix"]]["missing_count"] == 16


def test_a_book_of_a_dead_phone_goes_to_the_next_and_a_phones_own_block_never_does(
    signer, enrol, desk, ibc
):
    book = give(desk, signer, "paper", new_id()).json
    successor, admin = enrol(), desk("admin")
    own = signer.store.kept("receipt_block")["prefix"]

    moved = admin.put(f"/receipt-blocks/{book['prefix']}/holder", {"device_id": successor.id})
    refused = admin.put(f"/receipt-blocks/{own}/holder", {"device_id": successor.id})
    stub = cash(ibc.accounts[0]) | {"receipt_no": f"{book['prefix']}-000001"}
    successor.record("collection", stub)
    signer.record("collection", cash(ibc.accounts[1]) | {"receipt_no": f"{book['prefix']}-000002"})

    assert (moved.status_code, refused.status_code) == (204, 404)
    assert [o["outcome"] for o in successor.exchange().outcomes] == ["applied"]
    assert [o.get("code") for o in signer.exchange().outcomes] == ["RECEIPT_NOT_ISSUED"]


def explain(desk, signer, first, last, key=None, reason="damaged", role="supervisor"):
    prefix = signer.store.kept("receipt_block")["prefix"]
    asked = {"first": f"{prefix}-{first:06d}", "last": f"{prefix}-{last:06d}", "reason": reason}
    return desk(role).post(f"/devices/{signer.id}/receipt-gaps", asked, key=key or new_id())


def test_an_explained_gap_is_missing_no_more_and_stays_used_up(database, signer, desk, ibc):
    use(signer, ibc, 1)
    use(signer, ibc, 6)
    key = new_id()

    first, again = explain(desk, signer, 2, 3, key), explain(desk, signer, 2, 3, key)
    explain(desk, signer, 499, 500, reason="returned")
    [block] = desk("supervisor").all(f"/devices/{signer.id}/receipts")

    prefix = block["prefix"]
    assert (first.status_code, again.json) == (201, first.json)
    assert block["missing"] == [[f"{prefix}-000004", f"{prefix}-000005"]]
    assert [(gap["first"][-3:], gap["reason"]) for gap in block["explained"]] == [
        ("002", "damaged"),
        ("499", "returned"),
    ]
    assert block["last_used"] == f"{prefix}-000006"
    assert count(database, "mutations WHERE entity = 'receipt_gap'") == 2


def test_a_number_that_was_called_lost_and_arrives_is_taken_and_used(signer, desk, ibc):
    use(signer, ibc, 5)
    explain(desk, signer, 4, 4, reason="lost")
    late = cash(ibc.accounts[1]) | {
        "receipt_no": f"{signer.store.kept('receipt_block')['prefix']}-000004"
    }

    signer.record("collection", late)

    assert [o["outcome"] for o in signer.exchange().outcomes] == ["applied"]
    [block] = desk("supervisor").all(f"/devices/{signer.id}/receipts")
    assert (block["used"], block["missing_count"]) == (2, 3)


@pytest.mark.parametrize(
    ("first", "last", "error"),
    [
        (5, 5, "number_was_used"),
        (4, 6, "number_was_used"),
        (3, 2, "not_of_this_block"),
        (499, 501, "not_of_this_block"),
    ],
)
def test_what_explains_nothing_is_refused(database, signer, desk, ibc, first, last, error):
    use(signer, ibc, 5)

    answer = explain(desk, signer, first, last)

    assert (answer.status_code, answer.json["errors"]) == (422, {"first": error})
    assert count(database, "receipt_gaps") == 0


def test_who_may_give_books_and_explain_gaps(signer, desk):
    assert explain(desk, signer, 1, 1, role="cashier").status_code == 403
    path = f"/devices/{signer.id}/receipt-blocks"
    assert desk("supervisor").post(path, {"kind": "paper"}, key=new_id()).status_code == 403
