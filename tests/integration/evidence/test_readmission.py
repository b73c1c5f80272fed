"""A restore does not orphan a phone: what it was given and the server signed lets it in again (ruling 8)."""

import pytest

from auth import credentials
from auth.certificates import RECEIPT_BLOCK, enrolment_certificate, read_certificate
from auth.passwords import hash_secret
from sync import backup as copying
from sync.books import post
from sync.client import Device
from sync.client_facts import ReceiptBlock, readmit_proof, to_base64url
from sync.client_http import Refused
from sync.restore import restore
from tests.building import NOW, Office, a_put, office_write
from tests.integration.evidence.street import cash, parts
from tests.integration.sync.looking import count, one, rows

PIN = "471001"


@pytest.fixture
def officer(database, ibc: Office):
    """The officer with a PIN, before any phone."""
    card = {"staff_no": "O1042", "roles": ["officer"], "active": True}
    office_write(database, "DEF", a_put("staff", ibc.officers[0], **card))
    with database.write() as connection:
        credentials.keep(
            connection, staff_id=ibc.officers[0], staff_no="O1042", pin_hash=hash_secret(PIN)
        )
    return ibc.officers[0]


@pytest.fixture
def enrol_by_code(wire, desk, officer, clock):
    def make():
        code = desk("admin").post("/enrolment-codes", {"staff_id": officer}).json["code"]
        phone = Device(wire, now=lambda: clock.at)
        phone.enrol(code, "O1042", PIN)
        return phone

    return make


@pytest.fixture
def from_another_life(enrol_by_code):
    """A phone that was last here in an epoch before this one."""
    phone = enrol_by_code()
    phone.store.keep("epoch", "0" * 16)
    return phone


@pytest.fixture
def copy(database, owner, tmp_path):
    """Take a copy; go back to it, which takes triggers away and is the owner's."""
    path = tmp_path / "copy.zip"
    return (
        lambda: copying.take(database, path, now=NOW),
        lambda at=NOW: restore(owner, path, replace=True, now=at),
    )


def settle(phone):
    phone.settle(lambda _seconds: None)


def test_a_phone_enrolled_after_the_copy_comes_back_with_all_its_money(
    database, ibc, enrol_by_code, copy, clock
):
    take, go_back = copy
    take()
    phone = enrol_by_code()
    receipt, _ = phone.collect(cash(ibc.accounts[0], 700))
    settle(phone)
    secret, chain = phone._kept("receipt_secret"), phone.store.chain_end()

    go_back()
    clock.at = NOW + 60_000
    phone.collect(cash(ibc.accounts[1], 300))
    settle(phone)
    post(database, "DEF", NOW)

    assert rows(
        database, "SELECT receipt_no, amount_paisa FROM collections ORDER BY receipt_no"
    ) == [
        (receipt.number, 700_00),
        (receipt.number[:-1] + "2", 300_00),
    ]
    assert one(database, "SELECT last_seq FROM device_chains") == 2
    assert one(database, "SELECT receipt_secret FROM device_secrets") == secret
    assert count(database, "exceptions") == 0
    assert phone.store.chain_end()[0] == chain[0] + 1
    assert phone.compare().equal


def test_a_phone_whose_tokens_the_copy_does_not_know_comes_back(
    database, ibc, enrol_by_code, copy, clock
):
    phone = enrol_by_code()
    settle(phone)
    take, go_back = copy
    take()
    phone.refresh()
    phone.refresh()
    phone.collect(cash(ibc.accounts[0]))

    go_back()
    clock.at = NOW + 60_000
    settle(phone)

    assert [o["outcome"] for o in phone.store.outcomes().values()] == ["applied"]
    assert count(database, "devices") == 1


def test_a_block_given_after_the_copy_is_still_the_phones(
    database, ibc, enrol_by_code, copy, clock
):
    phone = enrol_by_code()
    settle(phone)
    take, go_back = copy
    take()
    phone.store.keep("receipts_used", 499)
    phone.collect(cash(ibc.accounts[0]))
    settle(phone)
    phone.fetch_receipts()
    following = ReceiptBlock(**phone.store.kept("next_block"))

    go_back()
    clock.at = NOW + 60_000
    receipt, _ = phone.collect(cash(ibc.accounts[1]))
    phone.readmit()
    settle(phone)

    assert receipt.number == following.number(0)
    assert {o["outcome"] for o in phone.store.outcomes().values()} == {"applied"}
    assert count(database, "exceptions") == 0


def test_again_it_is_the_same_phone(database, from_another_life):
    from_another_life.readmit()
    from_another_life.readmit()

    assert count(database, "devices") == 1
    assert count(database, "device_chains") == 1
    assert count(database, "receipt_blocks WHERE kind = 'phone'") == 1


def test_in_the_life_that_it_knows_a_phone_is_not_readmitted(enrol_by_code):
    phone = enrol_by_code()

    assert refusal(phone.readmit) == "/problems/readmission-refused"


def test_a_phone_that_the_copy_knows_as_revoked_stays_out(from_another_life, desk):
    desk("admin").post(f"/devices/{from_another_life.id}/revoke")

    assert refusal(from_another_life.readmit) == "/problems/enrolment-ended"


def test_an_officer_without_a_card_is_not_let_in(database, from_another_life, officer):
    office_write(database, "DEF", a_put("staff", officer)._replace(fields={"active": False}))

    assert refusal(from_another_life.readmit) == "/problems/staff-inactive"


def forge_certificate(phone):
    words = {
        "ibc": "DEF",
        "device_id": phone.id,
        "staff_id": phone.staff_id,
        "receipt_secret": phone._kept("receipt_secret"),
    }
    key = phone._own_key()
    phone.store.keep(
        "certificate",
        enrolment_certificate(
            key, public_key=to_base64url(key.public_key().public_bytes_raw()), **words
        ),
    )


def forge_secret(phone):
    phone.store.keep("receipt_secret", "B" * 42 + "A")


def take_anothers_key(phone):
    phone.store.keep("private_key", "B" * 42 + "A")


def show_the_enrolment_as_a_block(phone):
    phone.store.keep("blocks", [phone._kept("certificate")])


@pytest.mark.parametrize(
    "forge", [forge_certificate, forge_secret, take_anothers_key, show_the_enrolment_as_a_block]
)
def test_what_the_server_did_not_sign_for_this_phone_lets_nobody_in(from_another_life, forge):
    forge(from_another_life)

    assert refusal(from_another_life.readmit) == "/problems/readmission-refused"


def test_a_proof_that_was_overheard_is_of_no_use_with_another_token(wire, from_another_life):
    phone = from_another_life
    shown = {"certificate": phone._kept("certificate"), "epoch": phone._kept("epoch")}
    proof = readmit_proof(phone._own_key(), refresh_token=phone._kept("refresh_token"), **shown)
    asked = {
        **shown,
        "refresh_token": "C" * 42 + "A",
        "receipt_secret": phone._kept("receipt_secret"),
        "receipt_blocks": [],
        "proof": proof,
    }

    assert (
        refusal(lambda: wire.post("/api/v1/devices/readmit", asked))
        == "/problems/readmission-refused"
    )


def refusal(ask):
    with pytest.raises(Refused) as refused:
        ask()
    return refused.value.problem["type"]


@pytest.mark.parametrize("spoil", ["", "x", ".", "e30.AAAA", "e30"])
def test_what_is_no_certificate_is_none(spoil):
    assert read_certificate("A" * 43, spoil, RECEIPT_BLOCK) is None


# Two people on one phone


def test_two_officers_on_one_phone_are_two_enrolments_and_either_hands_in_for_the_other(
    database, ibc, enrol, wire
):
    morning, evening = enrol(), enrol(officer=1)
    first, _ = morning.collect(cash(ibc.accounts[0]))
    second, _ = evening.collect(cash(ibc.accounts[1]))

    # Switched before the first has sent anything: the second is signed in, and carries it.
    carried = evening.carry(morning.export())
    settle(evening)

    assert carried == 1
    assert first.number[:2] != second.number[:2]
    assert set(rows(database, "SELECT officer_id, receipt_no FROM collections")) == {
        (morning.staff_id, first.number),
        (evening.staff_id, second.number),
    }
    assert set(rows(database, "SELECT device_id, last_seq FROM device_chains")) == {
        (morning.id, 1),
        (evening.id, 1),
    }
    assert not {row["id"] for row in evening.store.rows("collection")} & {
        row[0]
        for row in rows(
            database, "SELECT id FROM collections WHERE officer_id = :o", o=morning.staff_id
        )
    }


# The outbox as a file


@pytest.fixture
def file(enrol_by_code, ibc):
    phone = enrol_by_code()
    for n in range(7):
        phone.collect(cash(ibc.accounts[n % 3]))
    return phone, phone.export_file()


def test_seven_receipts_of_a_phone_that_lost_everything_end_in_the_books(database, file, enrol):
    phone, content = file
    phone.store.forget_everything()

    assert enrol(officer=1).carry(content) == 7
    post(database, "DEF", NOW)

    assert (
        one(database, "SELECT sum(amount_paisa) FROM postings WHERE account_code = 1010")
        == 7 * 500_00
    )


def test_who_carries_a_file_reads_nothing_in_it(file):
    _, content = file

    for word in (b"0400000000001", b"cash", b"A0-00", b"DEF", b"mutations"):
        assert word not in content


def change_a_byte(sealed):
    middle = len(sealed) // 2
    return sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]


@pytest.mark.parametrize(
    "spoil", [change_a_byte, lambda s: s[:-4], lambda _: "", lambda _: 7, lambda _: "A" * 100]
)
def test_a_file_that_was_changed_is_refused_and_nothing_is_kept(database, file, wire, spoil):
    _, content = file
    [part] = parts(content)

    asked = {"sealed": spoil(part["sealed"])}

    assert refusal(lambda: wire.post("/api/v1/sync/handin", asked)) == "/problems/handin-refused"
    assert count(database, "mutations WHERE origin = 'device'") == 0
