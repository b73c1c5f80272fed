"""A bucket that speaks S3, as a store of attachments; credentials and region by boto3's own settings (`AWS_…`)."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.files import NAME
from infra.store import StoreUnavailable

PATIENCE = Config(
    connect_timeout=5,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
)


class Bucket:
    """Objects under one prefix; their keys are SHA-256 in hex, so no name from outside becomes a key."""

    def __init__(self, address: str) -> None:
        """`address` is `s3://bucket` or `s3://bucket/prefix`."""
        parts = urlsplit(address)
        self._bucket = parts.netloc
        self._prefix = parts.path.strip("/")
        # Any: boto3 makes its classes when it runs.
        self._client: Any = boto3.session.Session().client("s3", config=PATIENCE)

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their name. S3 shows an object whole or not at all."""
        name = hashlib.sha256(content).hexdigest()
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=content)
        except (BotoCoreError, ClientError) as error:
            raise StoreUnavailable(f"{self._bucket}: {error}") from error
        return name

    def read(self, name: str) -> bytes | None:
        """The bytes, or None when there are none, or others than the name says."""
        if NAME.fullmatch(name) is None:
            return None
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            content = bytes(found["Body"].read())
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise StoreUnavailable(f"{self._bucket}: {error}") from error
        except BotoCoreError as error:
            raise StoreUnavailable(f"{self._bucket}: {error}") from error
        return content if hashlib.sha256(content).hexdigest() == name else None

    def _key(self, name: str) -> str:
        return "/".join(part for part in (self._prefix, name[:2], name) if part)
