"""Keys that may be enrolled and signatures that prove them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.errors import PublicKeyRefused
from auth.proofs import (
    PRIME,
    SQRT_OF_MINUS_1,
    check_public_key,
    enrol_bytes,
    from_base64url,
    proven,
    refresh_bytes,
    to_base64url,
)


def point(y: int, sign: int = 0) -> str:
    return to_base64url((y | sign << 255).to_bytes(32, "little"))


ORDER_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
REFUSED = {
    "identity": point(1),
    "order 2": point(PRIME - 1),
    "order 4": point(0),
    "order 4, other sign": point(0, 1),
    "order 8": to_base64url(bytes.fromhex(ORDER_8)),
    "identity with a sign": point(1, 1),
    "identity written as p + 1": point(PRIME + 1),
    "zero written as p": point(PRIME),
    "not on the curve": point(2),
    "all ones": to_base64url(b"\xff" * 32),
    "31 bytes": to_base64url(b"A" * 31),
    "33 bytes": to_base64url(b"A" * 33),
    "padded": to_base64url(b"\x01" * 32) + "=",
    "loose last bits": to_base64url(b"\x01" * 32)[:-1] + "F",
    "standard base64": "+/" + "A" * 41,
    "empty": "",
    "not ASCII": "ک" * 43,
}


@pytest.mark.parametrize("public_key", REFUSED.values(), ids=REFUSED)
def test_a_key_that_nobody_owns_is_refused(public_key):
    with pytest.raises(PublicKeyRefused):
        check_public_key(public_key)


def test_keys_made_by_phones_are_taken():
    for seed in range(50):
        key = Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big")).public_key()

        check_public_key(to_base64url(key.public_bytes_raw()))


def test_the_square_root_is_one():
    assert SQRT_OF_MINUS_1 * SQRT_OF_MINUS_1 % PRIME == PRIME - 1


def test_the_signed_bytes_are_these():
    enrol = enrol_bytes(code="7QK2M9ZT", device_id="d-1", public_key="AAAA", staff_no="O1042")
    refresh = refresh_bytes(device_id="d-1", refresh_token="token")

    assert enrol == (
        b'{"code":"7QK2M9ZT","device_id":"d-1","public_key":"AAAA",'
        b'"purpose":"enrol","staff_no":"O1042"}'
    )
    assert refresh == (
        b'{"device_id":"d-1","purpose":"refresh","refresh_token_sha256":'
        b'"3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"}'
    )


KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = to_base64url(KEY.public_key().public_bytes_raw())
PROOF = to_base64url(KEY.sign(b"these bytes"))


def test_a_signature_proves_its_bytes_and_no_others():
    assert proven(PUBLIC, PROOF, b"these bytes")
    assert not proven(PUBLIC, PROOF, b"those bytes")


@pytest.mark.parametrize("proof", ["", "A" * 86, PROOF[:-2], PROOF + "AA", "ک", "=" * 86])
def test_what_is_no_signature_proves_nothing(proof):
    assert not proven(PUBLIC, proof, b"these bytes")


def test_base64url_has_one_spelling():
    assert from_base64url(to_base64url(b"\xfb\xff\x00")) == b"\xfb\xff\x00"
    assert from_base64url("-_8A\n") is None
    assert from_base64url("+/8A") is None
