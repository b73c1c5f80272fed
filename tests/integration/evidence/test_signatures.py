"""A device that has signed must sign, and a signature vouches for one unbroken run."""

import orjson
import pytest

from sync.client_facts import head_of, on_the_wire
from tests.building import words
from tests.integration.evidence.street import cash
from tests.integration.sync.looking import count, one, rows

PUSH = "/api/v1/sync/push"


def push(client, token, mutations, head=None):
    body = {"mutations": mutations} | ({"head": head} if head else {})
    return client.post(PUSH, json=body, headers={"Authorization": f"Bearer {token}"}).json


def fates(answer):
    return [f"{o['outcome']} {o.get('code', '')}".strip() for o in answer["outcomes"]]


def take(phone, ibc, n=1):
    return [phone.collect(cash(ibc.accounts[0]))[1] for _ in range(n)]


def test_a_token_that_never_signed_pushes_unsigned(client, signer, token_of, ibc):
    rows_ = on_the_wire(take(signer, ibc, 2))

    assert fates(push(client, token_of(signer), rows_)) == ["applied", "applied"]


def test_after_the_first_signature_an_unsigned_push_is_held(
    database, client, signer, token_of, ibc
):
    take(signer, ibc)
    signer.exchange()
    unsigned = on_the_wire(take(signer, ibc, 2))

    assert fates(push(client, token_of(signer), unsigned)) == ["held SIGNATURE_BAD"] * 2
    assert one(database, "SELECT signs FROM device_chains") == 1


def test_a_thief_of_the_token_does_not_take_the_phones_numbers(
    database, client, signer, token_of, ibc
):
    take(signer, ibc)
    signer.exchange()
    stolen = take(signer, ibc)[0].said
    forged = stolen | {
        "id": "0196cccc-0000-7000-8000-00000000dead",
        "record_id": "0196cccc-0000-7000-8000-00000000beef",
    }
    push(client, token_of(signer), [forged])

    answer = signer.exchange()

    assert [o["outcome"] for o in answer.outcomes] == ["applied"]
    assert answer.missing == []


def test_a_signature_over_five_says_nothing_about_another_one(
    database, client, signer, token_of, ibc
):
    run = take(signer, ibc, 5)
    first = run[0].said
    first["fields"]["amount_paisa"] = 9_900_00
    last = run[4].said

    answer = push(client, token_of(signer), [first, last], head_of(signer._own_key(), run))

    assert fates(answer) == ["held SIGNATURE_BAD", "applied"]
    # The forged one did not take the place of the true one, which is still asked for.
    assert answer["missing"] == [1, 2, 3, 4]
    signer.store.note_outcome(5, answer["outcomes"][1])
    assert fates({"outcomes": signer.exchange().outcomes}) == ["held ID_REUSED"] + ["applied"] * 3


@pytest.mark.parametrize("field", ["seq", "hash", "signature"])
def test_a_wrong_head_holds_all_that_is_new(client, signer, token_of, ibc, field):
    run = take(signer, ibc, 2)
    head = head_of(signer._own_key(), run)
    wrong = {"seq": 7, "hash": "0" * 64, "signature": "A" * 86}

    answer = push(client, token_of(signer), on_the_wire(run), head | {field: wrong[field]})

    assert fates(answer) == ["held SIGNATURE_BAD"] * 2


def test_what_a_gap_is_filled_with_must_fit_between_its_neighbours(client, signer, token_of, ibc):
    one_, two, three = take(signer, ibc, 3)
    token = token_of(signer)
    push(client, token, [one_.said])
    push(client, token, [three.said])
    forged = two.said
    forged["fields"]["amount_paisa"] = 9_900_00

    assert fates(push(client, token, [forged])) == ["held CHAIN_BROKEN"]


def test_what_fits_fills_the_gap(client, signer, token_of, ibc):
    run = take(signer, ibc, 4)
    token = token_of(signer)
    push(client, token, [run[0].said])
    push(client, token, [run[3].said])

    assert fates(push(client, token, [run[2].said])) == ["applied"]
    filled = push(client, token, [run[1].said])
    assert (fates(filled), filled["missing"]) == (["applied"], [])


def test_a_cloned_phone_forks_and_both_links_are_kept_and_named(
    database, client, signer, token_of, ibc
):
    true = take(signer, ibc)[0]
    clone = true.said | {
        "id": "0196cccc-0000-7000-8000-000000000002",
        "record_id": "0196cccc-0000-7000-8000-000000000003",
    }
    clone["fields"] |= {"receipt_no": true.said["fields"]["receipt_no"][:-1] + "9"}
    token = token_of(signer)

    answer = push(client, token, [true.said])
    forked = push(client, token, [clone])

    assert fates(answer) + fates(forked) == ["applied", "held FORK"]
    assert count(database, "mutations WHERE origin = 'device'") == 2
    detail = orjson.loads(one(database, "SELECT detail FROM exceptions WHERE kind = 'FORK'"))
    assert detail == {"seq": 1, "mutation_ids": [true.id, clone["id"]]}


def test_both_links_of_a_fork_in_one_request_are_named(database, phone, ibc):
    first = phone.put("visit", {"account_no": ibc.accounts[0], "outcome": "not_home"})
    second = first | {
        "id": "0196cccc-0000-7000-8000-000000000002",
        "record_id": "0196cccc-0000-7000-8000-000000000003",
    }

    pushed = phone.push(first, second)

    assert words(pushed.outcomes) == ["applied", "held FORK"]
    detail = orjson.loads(rows(database, "SELECT detail FROM exceptions")[0][0])
    assert detail["mutation_ids"] == [first["id"], second["id"]]
