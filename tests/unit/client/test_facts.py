"""What a phone makes by itself is what the server's own code expects."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from auth import proofs, receipts
from infra.strict_json import canonical, loads
from sync.client_facts import (
    BlockUsedUp,
    Frozen,
    ReceiptBlock,
    enrol_proof,
    freeze,
    head_of,
    on_the_wire,
    receipt_code,
    refresh_proof,
    to_base64url,
    unbroken,
)
from sync.intake import read_mutations

NOW = 1_775_638_780_003
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def a_chain(*fields):
    """Mutations 1, 2, 3 … of one phone, one for each of the fields."""
    chain, prev = [], ""
    for seq, said in enumerate(fields, start=1):
        mutation = freeze(
            seq=seq,
            prev=prev,
            mutation_id=f"0196aaaa-0000-7000-8000-{seq:012d}",
            entity="visit",
            op="put",
            record_id=f"0196bbbb-0000-7000-8000-{seq:012d}",
            base_version=None,
            occurred_at=NOW,
            fields=said,
        )
        chain.append(mutation)
        prev = mutation.hash
    return chain


def numbered(*numbers, size=10):
    return [Frozen(seq, f"id {seq}", "visit", "r", b"x" * size, f"hash {seq}") for seq in numbers]


@given(st.lists(st.dictionaries(TEXT, TEXT | st.integers(-(2**53), 2**53)), min_size=1, max_size=5))
def test_the_server_reads_the_very_bytes_that_were_frozen(fields):
    chain = a_chain(*fields)

    read = read_mutations(loads(canonical(on_the_wire(chain))), NOW)

    assert [one.body.encode() for one in read] == [one.body for one in chain]
    assert [one.body_hash for one in read] == [one.hash for one in chain]


def test_only_the_first_of_a_request_names_the_one_before_it():
    chain = a_chain({}, {}, {})

    rows = on_the_wire(chain[1:])

    assert [row.get("prev") for row in rows] == [chain[0].hash, None]


def test_the_head_signs_the_hash_of_the_last():
    key, chain = Ed25519PrivateKey.generate(), a_chain({}, {})

    head = head_of(key, chain)

    public_key = to_base64url(key.public_key().public_bytes_raw())
    assert (head["seq"], head["hash"]) == (2, chain[1].hash)
    assert proofs.proven(public_key, head["signature"], chain[1].hash.encode())
    assert head_of(key, []) is None


def test_the_proofs_are_those_that_the_server_checks():
    key = Ed25519PrivateKey.generate()
    public_key = to_base64url(key.public_key().public_bytes_raw())
    named = {"code": "7QK2", "device_id": "d", "public_key": public_key, "staff_no": "O1001"}
    token = {"device_id": "d", "refresh_token": "r"}

    enrol, refresh = enrol_proof(key, **named), refresh_proof(key, **token)

    assert proofs.proven(public_key, enrol, proofs.enrol_bytes(**named))
    assert proofs.proven(public_key, refresh, proofs.refresh_bytes(**token))


@pytest.mark.parametrize("account_no", ["0400012345678", None])
def test_the_code_on_a_receipt_is_the_servers(account_no):
    printed = {"receipt_no": "Q3-000043", "account_no": account_no, "amount_paisa": 150_000}

    code = receipt_code(b"s" * 32, occurred_at=NOW, **printed)

    assert receipts.code_is_genuine(code, b"s" * 32, occurred_at=NOW, **printed)


def test_a_block_ends_with_its_last_number():
    block = ReceiptBlock(prefix="A0", first_serial=1, last_serial=2)

    assert [block.number(0), block.number(1)] == ["A0-000001", "A0-000002"]
    with pytest.raises(BlockUsedUp):
        block.number(2)


@pytest.mark.parametrize(
    ("waiting", "count_max", "bytes_max", "sent"),
    [
        ([], 10, 100, []),
        ([1, 2, 3], 10, 100, [1, 2, 3]),
        ([1, 2, 4, 5], 10, 100, [1, 2]),
        ([7], 10, 100, [7]),
        ([1, 2, 3], 2, 100, [1, 2]),
        ([1, 2, 3], 10, 25, [1, 2]),
        # One that is too large alone is sent alone: the server says so.
        ([1, 2], 10, 5, [1]),
    ],
)
def test_a_request_takes_an_unbroken_run(waiting, count_max, bytes_max, sent):
    run = unbroken(numbered(*waiting), count_max=count_max, bytes_max=bytes_max)

    assert [one.seq for one in run] == sent
