"""The QR on a receipt: what is printed, signed by the phone, so that another phone verifies it offline. Pure.

Base45 text (RFC 9285) of these bytes, whole numbers big-endian, then 64 bytes of Ed25519 signature:

    1   version, 1
    8   the end of the device's id, by which the verifier finds its public key in `ibc:` scope
    1   characters of the receipt's prefix, then the prefix in ASCII
    3   serial
    6   account number as a number; all ones when the payer's account is unknown
    5   amount in paisa
    4   minutes since 1970-01-01T00:00Z

The signature covers `SIGNED_AS` and the bytes before it; that line keeps it from passing as a
signature of the chain, and theirs from passing as one of these.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auth import base45
from auth.proofs import SIGNATURE_BYTES, proven, to_base64url
from infra.clock import Milliseconds

VERSION = 1
SIGNED_AS = b"fieldledger receipt 1\n"
KEY_ID_BYTES = 8
NO_ACCOUNT = 2**48 - 1
ACCOUNT_CHARS = 13
MINUTE_MS = 60_000
PREFIX_CHARS_MAX = 6
FIXED_BYTES = 1 + KEY_ID_BYTES + 1 + 3 + 6 + 5 + 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a receipt says, as far as it is checked."""

    receipt_no: str
    account_no: str | None
    amount_paisa: int
    occurred_at: Milliseconds
    """To the minute, as it is printed."""


def encode(printed: Printed, *, device_id: str, sign: Callable[[bytes], bytes]) -> str:
    """The text of the QR code; `sign` is the phone's key."""
    prefix, _, serial = printed.receipt_no.rpartition("-")
    account = NO_ACCOUNT if printed.account_no is None else int(printed.account_no)
    packed = b"".join(
        (
            bytes([VERSION]),
            _key_id(device_id),
            bytes([len(prefix)]),
            prefix.encode("ascii"),
            int(serial).to_bytes(3, "big"),
            account.to_bytes(6, "big"),
            printed.amount_paisa.to_bytes(5, "big"),
            (printed.occurred_at // MINUTE_MS).to_bytes(4, "big"),
        )
    )
    return base45.encode(packed + sign(SIGNED_AS + packed))


def verified(text: str, public_keys: Mapping[str, str]) -> Printed | None:
    """What the QR says, when a device of `public_keys` (id → key) has signed it; else None."""
    try:
        raw = base45.decode(text)
    except base45.NotBase45:
        return None
    packed, signature = raw[:-SIGNATURE_BYTES], to_base64url(raw[-SIGNATURE_BYTES:])
    printed = _read(packed)
    if printed is None:
        return None
    named = packed[1 : 1 + KEY_ID_BYTES]
    keys = [key for device_id, key in public_keys.items() if _key_id(device_id) == named]
    if not any(proven(key, signature, SIGNED_AS + packed) for key in keys):
        return None
    return printed


def _read(packed: bytes) -> Printed | None:
    if len(packed) < FIXED_BYTES or packed[0] != VERSION:
        return None
    chars = packed[1 + KEY_ID_BYTES]
    if not 1 <= chars <= PREFIX_CHARS_MAX or len(packed) != FIXED_BYTES + chars:
        return None
    rest = packed[2 + KEY_ID_BYTES :]
    prefix, numbers = rest[:chars], rest[chars:]
    if not prefix.isascii() or not prefix.isalnum():
        return None
    account = int.from_bytes(numbers[3:9], "big")
    return Printed(
        receipt_no=f"{prefix.decode()}-{int.from_bytes(numbers[:3], 'big'):06d}",
        account_no=None if account == NO_ACCOUNT else f"{account:0{ACCOUNT_CHARS}d}",
        amount_paisa=int.from_bytes(numbers[9:14], "big"),
        occurred_at=int.from_bytes(numbers[14:18], "big") * MINUTE_MS,
    )


def _key_id(device_id: str) -> bytes:
    return bytes.fromhex(device_id.replace("-", ""))[-KEY_ID_BYTES:]
