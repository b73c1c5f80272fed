"""Passwords and PINs: Argon2id, a few at once, the same work for people we do not know."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from auth.errors import HashingBusy

SECRET_CHARS_MAX = 128
HASHES_AT_ONCE_MAX = 2
"""19 MiB and a core each; a flood of sign-ins must not take the cores that pushes need."""
WAIT_SECONDS_MAX = 1.0

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's least for Argon2id: 19 MiB, two passes, one lane; 31 ms measured."""
_slots = BoundedSemaphore(HASHES_AT_ONCE_MAX)


def hash_secret(secret: str) -> str:
    """The Argon2id hash to keep. Errors: HashingBusy."""
    with _Slot():
        return _hasher.hash(secret)


def secret_matches(kept_hash: str | None, secret: str) -> bool:
    """Whether the secret is the one that was kept; hashes once, whether there is one or not.

    Never call it inside a write transaction: it takes 31 ms, and all writers would wait for it.
    Errors: HashingBusy.
    """
    with _Slot():
        return _verify(kept_hash or _nobodys_hash(), secret) and kept_hash is not None


def _verify(kept_hash: str, secret: str) -> bool:
    try:
        return _hasher.verify(kept_hash, secret)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    """A hash with the current cost that no secret is known for: what unknown people are held to."""
    return _hasher.hash("the secret of nobody")


class _Slot:
    """One of the few places in which a hash may be computed."""

    def __enter__(self) -> None:
        if not _slots.acquire(timeout=WAIT_SECONDS_MAX):
            raise HashingBusy

    def __exit__(self, *_: object) -> None:
        _slots.release()
