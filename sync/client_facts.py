"""What a phone makes by itself, without a network: frozen mutations, proofs and receipts. Pure."""

import base64
import gzip
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from infra.clock import Milliseconds, rfc3339
from infra.ids import digest
from infra.strict_json import canonical

CODE_CHARS = 8
SEALING = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
SEALED_AS = b"fieldledger outbox 1"
FIRST_PREV = ""
"""What the first mutation of a chain names as the one before it."""


class BlockUsedUp(Exception):
    """The block has no receipt number left; ask the office for another before taking money."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A mutation as it was saved: its bytes are signed, and never made again."""

    seq: int
    id: str
    entity: str
    record_id: str
    body: bytes
    hash: str

    @property
    def said(self) -> dict[str, Any]:  # Any: it is JSON
        """The mutation as an object."""
        said: dict[str, Any] = orjson.loads(self.body)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptBlock:
    """Receipt numbers `prefix-<six digits>` that this phone may print, each once."""

    prefix: str
    first_serial: int
    last_serial: int
    certificate: str = ""
    """The server's word for it, should a restored database have forgotten the block."""

    def number(self, used: int) -> str:
        """The number after `used` numbers of the block. Errors: BlockUsedUp."""
        serial = self.first_serial + used
        if serial > self.last_serial:
            raise BlockUsedUp(f"block {self.prefix} ends at {self.last_serial:06d}")
        return f"{self.prefix}-{serial:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What is printed for the payer, as far as it is checked later."""

    number: str
    code: str


def freeze(
    *,
    seq: int,
    prev: str,
    mutation_id: str,
    entity: str,
    op: str,
    record_id: str,
    base_version: int | None,
    occurred_at: Milliseconds,
    fields: Mapping[str, Any],
) -> Frozen:
    """The canonical bytes of a mutation, with the hash of the one before it (protocol, step 1)."""
    body = canonical(
        {
            "id": mutation_id,
            "seq": seq,
            "prev": prev,
            "entity": entity,
            "op": op,
            "record_id": record_id,
            "base_version": base_version,
            "occurred_at": rfc3339(occurred_at),
            "fields": dict(fields),
        }
    )
    return Frozen(seq, mutation_id, entity, record_id, body, digest(body))


def on_the_wire(run: Sequence[Frozen]) -> list[dict[str, Any]]:
    """The rows of a request; `run` is unbroken, so only its first has to name its `prev`."""
    rows = [mutation.said for mutation in run]
    for row in rows[1:]:
        del row["prev"]
    return rows


def unbroken(waiting: Sequence[Frozen], *, count_max: int, bytes_max: int) -> Sequence[Frozen]:
    """The first run of numbers without a gap: the signature over its end covers all of it."""
    total = 0
    for place, mutation in enumerate(waiting):
        total += len(mutation.body)
        follows = place == 0 or mutation.seq == waiting[place - 1].seq + 1
        if not follows or place == count_max or (place and total > bytes_max):
            return waiting[:place]
    return waiting


def head_of(key: Ed25519PrivateKey, run: Sequence[Frozen]) -> dict[str, Any] | None:
    """The end of the chain in this request, signed: Ed25519 over the hash's hex characters."""
    if not run:
        return None
    last = run[-1]
    return {"seq": last.seq, "hash": last.hash, "signature": signature(key, last.hash.encode())}


def enrol_proof(
    key: Ed25519PrivateKey, *, code: str, device_id: str, public_key: str, staff_no: str
) -> str:
    """Shows that whoever enrols holds the key."""
    return signature(
        key,
        canonical(
            {
                "purpose": "enrol",
                "code": code,
                "device_id": device_id,
                "public_key": public_key,
                "staff_no": staff_no,
            }
        ),
    )


def readmit_proof(
    key: Ed25519PrivateKey, *, certificate: str, refresh_token: str, epoch: str
) -> str:
    """Shows that whoever brings the certificate is the phone that it names."""
    words = {
        "purpose": "readmit",
        "certificate_sha256": digest(certificate),
        "refresh_token_sha256": digest(refresh_token),
        "epoch": epoch,
    }
    return signature(key, canonical(words))


def sealed(outbox_key: str, part: Mapping[str, Any]) -> str:
    """A part of an outbox that only the server can read: packed, then HPKE (RFC 9180)."""
    public_key = X25519PublicKey.from_public_bytes(from_base64url(outbox_key))
    packed = gzip.compress(orjson.dumps(part), mtime=0)
    return to_base64url(SEALING.encrypt(packed, public_key, info=SEALED_AS))


def refresh_proof(key: Ed25519PrivateKey, *, device_id: str, refresh_token: str) -> str:
    """Binds a refresh to this phone's key."""
    token_hash = digest(refresh_token)
    words = {"purpose": "refresh", "device_id": device_id, "refresh_token_sha256": token_hash}
    return signature(key, canonical(words))


def receipt_code(
    secret: bytes,
    *,
    receipt_no: str,
    account_no: str | None,
    amount_paisa: int,
    occurred_at: Milliseconds,
) -> str:
    """Eight characters that bind what is printed: number, account, amount, date and minute."""
    minute = f"{rfc3339(occurred_at)[:16]}Z"
    printed = f"{receipt_no}|{account_no or ''}|{amount_paisa}|{minute}"
    mac = hmac.digest(secret, printed.encode(), sha256)
    return base64.b32encode(mac)[:CODE_CHARS].decode()


def signature(key: Ed25519PrivateKey, message: bytes) -> str:
    return to_base64url(key.sign(message))


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
