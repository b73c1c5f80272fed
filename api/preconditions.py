"""The two headers of a decision: which request this is, and which version the person saw."""

import re

from flask import request

from schemas.checks import is_uuid
from sync.office import Stale

VERSION = re.compile(r'"([1-9][0-9]{0,14})(?::[a-z]+)?"', re.ASCII)
"""A packed answer carries its packing behind the version (flask-compress): `"3:zstd"` is version 3."""


class KeyNeeded(ValueError):
    """Send an `Idempotency-Key`, a UUID in lower case that you make anew for each new request."""


class VersionNeeded(ValueError):
    """Send `If-Match` with the ETag of what you saw, such as `"3"`."""


def idempotency_key() -> str:
    """The request's own id. Errors: KeyNeeded."""
    key = request.headers.get("Idempotency-Key", "").strip('"')
    if not is_uuid(key):
        raise KeyNeeded(KeyNeeded.__doc__)
    return key


def version_seen() -> int:
    """The version in `If-Match`. Errors: VersionNeeded, Stale when it is no version of ours."""
    said = request.headers.get("If-Match", "").strip()
    if not said or said == "*":
        raise VersionNeeded(VersionNeeded.__doc__)
    found = VERSION.fullmatch(said)
    if found is None:
        raise Stale(f"{said[:40]} is no version; send the ETag of what you saw")
    return int(found[1])


def etag(version: int) -> dict[str, str]:
    """The headers of an answer that shows this version."""
    return {"ETag": f'"{version}"', "Cache-Control": "private, no-store"}


KEY_PARAMETER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
    "description": "A UUID for this request; the same request again gets the same answer.",
}
VERSION_PARAMETER = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string", "example": '"1"'},
    "description": "The ETag of what the person saw.",
}
ETAG_HEADER = {"ETag": {"description": "The version.", "schema": {"type": "string"}}}
