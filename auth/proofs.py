"""What a phone signs to show that it holds its key, and how the server checks it.

A proof is the base64url text (no padding) of an Ed25519 signature over canonical JSON (RFC 8785:
sorted keys, no spaces; all values here are ASCII text):

    enrol    {"code", "device_id", "public_key", "purpose": "enrol", "staff_no"}
    refresh  {"device_id", "purpose": "refresh", "refresh_token_sha256"}

`purpose` keeps one kind of signature from passing as another. There is no time and no separate
nonce: the clocks of these phones are wrong by days, and the refresh token is itself a nonce made by
the server, unguessable and used once (RFC 9449 §11.1 prefers a server's nonce to a phone's time).
"""

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from auth.errors import PublicKeyRefused
from infra.ids import digest
from infra.strict_json import canonical

PRIME = 2**255 - 19
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
SQRT_OF_MINUS_1 = pow(2, (PRIME - 1) // 4, PRIME)
KEY_BYTES = 32
SIGNATURE_BYTES = 64


def enrol_bytes(*, code: str, device_id: str, public_key: str, staff_no: str) -> bytes:
    """What a phone signs when it enrols, exactly as it sends the four values."""
    return canonical(
        {
            "purpose": "enrol",
            "code": code,
            "device_id": device_id,
            "public_key": public_key,
            "staff_no": staff_no,
        }
    )


def refresh_bytes(*, device_id: str, refresh_token: str) -> bytes:
    """What a phone signs when it refreshes."""
    return canonical(
        {
            "purpose": "refresh",
            "device_id": device_id,
            "refresh_token_sha256": digest(refresh_token),
        }
    )


def proven(public_key: str, proof: str, signed: bytes) -> bool:
    """Whether `proof` is a signature over `signed` by the key."""
    signature = from_base64url(proof)
    key = from_base64url(public_key)
    if signature is None or key is None or len(key) != KEY_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_public_key(public_key: str) -> None:
    """Raise PublicKeyRefused unless this is a point of the curve that only its owner can sign for.

    OpenSSL takes any 32 bytes. A point of small order verifies signatures that nobody made, so an
    officer could enrol with one and later deny every fact.
    """
    key = from_base64url(public_key)
    if key is None or len(key) != KEY_BYTES:
        raise PublicKeyRefused
    point = _decoded_point(key)
    if point is None:
        raise PublicKeyRefused
    for _ in range(3):
        point = _doubled(point)
    if point == (0, 1):
        raise PublicKeyRefused


def to_base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes | None:
    """The bytes; None when the text is not exactly what `to_base64url` would write for them."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if to_base64url(raw) == text else None


def _decoded_point(key: bytes) -> tuple[int, int] | None:
    """RFC 8032 §5.1.3; None when no point of the curve is written so."""
    y = int.from_bytes(key, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= PRIME:
        return None
    x_squared = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(x_squared, (PRIME + 3) // 8, PRIME)
    if (x * x - x_squared) % PRIME:
        x = x * SQRT_OF_MINUS_1 % PRIME
    if (x * x - x_squared) % PRIME or (x == 0 and sign):
        return None
    return (PRIME - x if x & 1 != sign else x), y


def _doubled(point: tuple[int, int]) -> tuple[int, int]:
    """RFC 8032 §5.1: the addition law of the curve, for a point and itself."""
    x, y = point
    twist = CURVE_D * x * x * y * y
    return (
        2 * x * y * pow(1 + twist, -1, PRIME) % PRIME,
        (y * y + x * x) * pow(1 - twist, -1, PRIME) % PRIME,
    )
