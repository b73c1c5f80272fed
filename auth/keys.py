"""The server's keys, one for each use, all made from the one secret of the installation."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from auth.errors import KeyTooShort

KEY_BYTES_MIN = 32


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Keys that never meet: what one signs, no other accepts."""

    access: bytes = field(repr=False)
    refresh: bytes = field(repr=False)
    codes: bytes = field(repr=False)


def keys_of(secret_key: str) -> Keys:
    """Derive the keys; raises KeyTooShort (PyJWT would only warn about a short one)."""
    secret = secret_key.encode()
    if len(secret) < KEY_BYTES_MIN:
        raise KeyTooShort
    return Keys(
        access=_derived(secret, b"access token"),
        refresh=_derived(secret, b"refresh successor"),
        codes=_derived(secret, b"enrolment code"),
    )


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"fieldledger v1: " + purpose, sha256)
