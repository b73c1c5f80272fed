"""Ids and secrets: UUIDv7 for what we name, random tokens for what must not be guessed."""

import hashlib
import secrets
import uuid

from uuid_utils.compat import uuid7

NAMESPACE = uuid.UUID("6f0c2b7e-5d1b-5c55-9d43-1f6c5f0ef4b1")


def new_id() -> str:
    """A UUIDv7 in canonical lower case: ordered by the time of its making (RFC 9562)."""
    return str(uuid7())


def derived_id(*parts: str) -> str:
    """The same UUIDv5 for the same parts, so that importing a file twice names the same records."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))


def new_token(entropy_bytes: int = 32) -> str:
    """An unguessable URL-safe token (OWASP ASVS 11.5.1 asks for at least 128 bits)."""
    return secrets.token_urlsafe(entropy_bytes)


def digest(text: str | bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()
