"""A receipt is proved by what is printed on it, with and without a network, and nothing is given away."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.proofs import to_base64url
from auth.receipt_qr import Printed, encode, verified
from infra.clock import rfc3339
from sync.books import post
from tests.building import NOW
from tests.integration.evidence.street import cash

PATH = "/api/v1/receipts/verify"
MINUTE = NOW // 60_000 * 60_000


@pytest.fixture
def paper(signer, ibc):
    receipt, _ = signer.collect(cash(ibc.accounts[0]))
    return {
        "no": receipt.number,
        "account_no": ibc.accounts[0],
        "amount_paisa": 500_00,
        "at": rfc3339(NOW),
        "code": receipt.code,
    }


def ask(client, paper, address="10.0.0.1"):
    answer = client.post(PATH, json=paper, environ_base={"REMOTE_ADDR": address})
    return answer.json.get("answer", answer.status_code) if answer.is_json else answer.status_code


def test_before_the_phone_has_synced_it_is_genuine_and_not_received(client, paper):
    assert ask(client, paper) == "genuine_not_received_yet"


def test_afterwards_it_is_received(client, signer, paper):
    signer.exchange()

    assert ask(client, paper) == "genuine_received"


@pytest.mark.parametrize(
    "change",
    [
        {"amount_paisa": 900_00},
        {"account_no": "0400000000009"},
        {"account_no": None},
        {"at": rfc3339(NOW + 60_000)},
        {"code": "AAAAAAAA"},
        {"no": "ZZ-000001"},
        {"no": "A0-000900"},
    ],
)
def test_a_changed_paper_is_not_genuine(client, signer, paper, change):
    signer.exchange()

    assert ask(client, paper | change, "10.0.1.1") in ("not_genuine", 429)


def test_a_fact_that_says_less_than_the_paper_has_not_been_received(client, signer, paper, ibc):
    """The officer's phone printed Rs 500 and reported Rs 100: the paper stays genuine."""
    said = signer.store.waiting()[0].said["fields"] | {"amount_paisa": 100_00}
    signer.store._database.execute("DELETE FROM outbox")
    signer.store.keep("chain_end", [0, ""])
    signer.record("collection", said)
    signer.exchange()

    assert ask(client, paper) == "genuine_not_received_yet"


def test_what_was_printed_after_the_revocation_says_so(client, signer, desk, ibc, clock):
    desk("admin").post(f"/devices/{signer.id}/revoke")
    later = NOW + 3_600_000
    receipt, _ = signer.collect(cash(ibc.accounts[0]), occurred_at=later)
    paper = {"no": receipt.number, "account_no": ibc.accounts[0], "amount_paisa": 500_00}

    said = ask(client, paper | {"at": rfc3339(later), "code": receipt.code})

    assert said == "issued_after_revocation"


def test_a_void_receipt_says_so(client, database, signer, paper):
    signer.exchange()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE collections SET state = 'void'")

    assert ask(client, paper) == "void"


def test_five_wrong_tries_for_one_number_then_wait_and_others_may_ask(client, paper):
    wrong = paper | {"code": "BBBBBBBB"}

    tries = [ask(client, wrong, "10.0.0.9") for _ in range(7)]

    assert tries == ["not_genuine"] * 5 + [429, 429]
    assert client.post(f"/r/{paper['no']}", data=form(wrong)).status_code == 200
    assert ask(client, paper, "10.0.0.8") == "genuine_not_received_yet"


def test_right_answers_are_not_counted(client, paper):
    assert {ask(client, paper, "10.0.0.7") for _ in range(9)} == {"genuine_not_received_yet"}


def test_nothing_but_one_word_is_said(client, signer, database, paper):
    signer.exchange()
    post(database, "DEF", NOW)

    assert client.post(PATH, json=paper).json == {"answer": "genuine_received"}


@pytest.mark.parametrize("body", [{}, {"no": "x"}, {"no": "A0-000001", "extra": 1}])
def test_half_a_paper_is_refused(client, body):
    assert client.post(PATH, json=body).status_code == 422


# The page


def form(paper):
    return {
        "account": paper["account_no"],
        "amount": "500",
        "at": "2026-04-08T14:00",
        "code": paper["code"].lower(),
    }


def test_the_page_asks_in_urdu_and_english_and_runs_nothing(client, paper):
    page = client.get(f"/r/{paper['no']}")

    assert 'dir="rtl"' in page.text
    assert 'lang="ur"' in page.text
    assert "Receipt" in page.text
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    with client.get("/r/style.css") as style:
        assert style.status_code == 200


def test_the_page_answers_by_the_clock_on_the_paper(client, signer, paper):
    signer.exchange()

    page = client.post(f"/r/{paper['no']}", data=form(paper))

    assert "This receipt is genuine and the payment has reached the office." in page.text
    assert "Consumer" not in page.text


def test_the_page_shows_what_was_typed_as_text(client, paper):
    page = client.post(f"/r/{paper['no']}", data=form(paper) | {"code": '"><script>'})

    assert "<script>" not in page.text
    assert "Some fields are not right" in page.text


@pytest.mark.parametrize("no", ["%00", "x", "<b>", "A0-000001" * 9])
def test_an_odd_number_in_the_address_is_only_text(client, no):
    assert client.get(f"/r/{no}").status_code in (200, 404)
    assert client.post(f"/r/{no}", data={"at": "2026-04-08T14:00"}).status_code in (200, 404)


# Without a network


def a_qr(phone, **changes):
    said = {"receipt_no": "A0-000043", "account_no": "0400012345678", "amount_paisa": 1_500_00}
    printed = Printed(**said | {"occurred_at": MINUTE} | changes)
    return printed, encode(printed, device_id=phone.id, sign=phone._own_key().sign)


def keys_seen_by(phone):
    """What another phone has from its `ibc:` scope."""
    return {row["id"]: row["public_key"] for row in phone.store.rows("device")}


@pytest.mark.parametrize("account", ["0400012345678", None])
def test_a_colleagues_phone_verifies_the_qr_without_a_network(signer, enrol, account):
    other = enrol(officer=1)
    other.exchange()
    printed, text = a_qr(signer, account_no=account)

    assert verified(text, keys_seen_by(other)) == printed
    assert len(text) <= 150


def test_a_changed_qr_is_not_verified(signer):
    _, text = a_qr(signer)
    keys = {signer.id: to_base64url(signer._own_key().public_key().public_bytes_raw())}

    for place in range(len(text)):
        changed = text[:place] + ("0" if text[place] != "0" else "1") + text[place + 1 :]
        assert verified(changed, keys) is None


def test_another_key_and_a_signature_of_the_chain_do_not_pass(signer):
    other = to_base64url(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    _, text = a_qr(signer)

    assert verified(text, {signer.id: other}) is None
    assert verified(text, {}) is None
    assert verified("", {signer.id: other}) is None
    assert verified("é" * 12, {signer.id: other}) is None
