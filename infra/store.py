"""Where the clean copies of attachments are kept: a folder, or a bucket that speaks S3."""

from functools import cache
from typing import Protocol

from infra.files import Files
from infra.settings import Settings


class StoreUnavailable(Exception):
    """The store of attachments does not answer; try again soon."""


class Store(Protocol):
    """Files named by the hash of their bytes: written whole or not at all, never changed or deleted.

    Whoever is killed after `put` and before it says so puts the same bytes under the same name.
    """

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their name, SHA-256 in hex. Errors: StoreUnavailable."""

    def read(self, name: str) -> bytes | None:
        """The bytes, or None when there are none or others than the name says. Errors: StoreUnavailable."""


@cache
def store_of(settings: Settings) -> Store:
    """The store that the settings name; made once, because a client of S3 takes half a second."""
    if settings.attachments_store:
        # Loaded only where it is used: boto3 takes a third of a second.
        from infra.bucket import Bucket  # noqa: PLC0415

        return Bucket(settings.attachments_store)
    return Files(settings.data_dir / "attachments")
