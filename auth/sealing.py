"""Outboxes that leave a phone as a file: only this installation can open them (HPKE, RFC 9180)."""

from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from auth.proofs import from_base64url, to_base64url
from infra.kept import kept_bytes

FILE = "outbox_key"
INFO = b"fieldledger outbox 1"
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def kept_outbox_key(data_dir: Path) -> X25519PrivateKey:
    """The key that opens outbox files; made at its first use, beside the database and not in it."""
    made = kept_bytes(data_dir / FILE, lambda: X25519PrivateKey.generate().private_bytes_raw())
    return X25519PrivateKey.from_private_bytes(made)


def public_text(key: X25519PrivateKey) -> str:
    return to_base64url(key.public_key().public_bytes_raw())


def opened(key: X25519PrivateKey, sealed: str) -> bytes | None:
    """What was sealed for this key; None when it was not, or was changed on the way."""
    raw = from_base64url(sealed)
    if raw is None:
        return None
    try:
        return SUITE.decrypt(raw, key, info=INFO)
    except (InvalidTag, ValueError):
        return None
