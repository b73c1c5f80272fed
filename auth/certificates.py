"""What the installation certifies to a phone, so that a restored database does not orphan it (ruling 8). Pure.

A certificate is the base64url text of canonical JSON (RFC 8785), a dot, and the base64url text of an
Ed25519 signature over that JSON by the installation's key:

    enrolment      {"device_id", "ibc", "public_key", "purpose", "receipt_secret_sha256", "staff_id"}
    receipt-block  {"device_id", "first_serial", "ibc", "last_serial", "prefix", "purpose"}

It says what was true when it was signed; whether the phone is trusted today stands in the database.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.blocks import Block
from auth.proofs import from_base64url, proven, to_base64url
from infra.ids import digest
from infra.strict_json import canonical

ENROLMENT, RECEIPT_BLOCK = "enrolment", "receipt-block"
Words = Mapping[str, Any]


def enrolment_certificate(
    key: Ed25519PrivateKey,
    *,
    ibc: str,
    device_id: str,
    staff_id: str,
    public_key: str,
    receipt_secret: str,
) -> str:
    """That this phone is that officer's device at the IBC; the secret itself is not in it."""
    words = {
        "ibc": ibc,
        "device_id": device_id,
        "staff_id": staff_id,
        "public_key": public_key,
        "receipt_secret_sha256": digest(receipt_secret),
    }
    return _certified(key, ENROLMENT, words)


def block_certificate(key: Ed25519PrivateKey, *, ibc: str, device_id: str, block: Block) -> str:
    """That these receipt numbers were given to this phone."""
    words = {
        "ibc": ibc,
        "device_id": device_id,
        "prefix": block.prefix,
        "first_serial": block.first_serial,
        "last_serial": block.last_serial,
    }
    return _certified(key, RECEIPT_BLOCK, words)


def read_certificate(public_key: str, certificate: str, purpose: str) -> Words | None:
    """What it says; None when this installation did not sign it for that purpose."""
    text, _, signature = certificate.partition(".")
    said = from_base64url(text)
    if said is None or not proven(public_key, signature, said):
        return None
    words: Words = orjson.loads(said)
    return words if words["purpose"] == purpose else None


def readmit_bytes(*, certificate: str, refresh_token: str, epoch: str) -> bytes:
    """What a phone signs to be readmitted: the token that only it knows keeps others from repeating it."""
    return canonical(
        {
            "purpose": "readmit",
            "certificate_sha256": digest(certificate),
            "refresh_token_sha256": digest(refresh_token),
            "epoch": epoch,
        }
    )


def _certified(key: Ed25519PrivateKey, purpose: str, words: Words) -> str:
    said = canonical({"purpose": purpose, **words})
    return f"{to_base64url(said)}.{to_base64url(key.sign(said))}"
