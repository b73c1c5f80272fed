"""tus 1.0.0 on the wire: its headers, read strictly, and what we say that we can do (https://tus.io/protocols/resumable-upload)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import http_date

from infra.clock import Milliseconds
from infra.limits import ATTACHMENT_BYTES_MAX

VERSION = "1.0.0"
CHECKSUMS = ("sha256", "sha1")
ABILITIES = {
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,creation-with-upload,termination,checksum,expiration",
    "Tus-Max-Size": str(ATTACHMENT_BYTES_MAX),
    "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
}
BYTES = "application/offset+octet-stream"
PIECE_BYTES = 1 << 14
SILENCE_SECONDS_MAX = 20.0
"""How long a phone may say nothing in the middle of its bytes; what came by then is kept."""
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class OtherTus(Exception):
    """Send `Tus-Resumable: 1.0.0`; this server speaks no other version."""


class NotTus(ValueError):
    """A header of the upload cannot be read; the detail names it."""


class NotBytes(ValueError):
    """Send the bytes as `application/offset+octet-stream`."""


class WrongChecksum(Exception):
    """The bytes are not those that were announced; they were thrown away, send them again."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a creation says of the file."""

    sha256: str
    byte_count: int


def check_version() -> None:
    """Errors: OtherTus."""
    if request.headers.get("Tus-Resumable") != VERSION:
        raise OtherTus(OtherTus.__doc__)


def announced() -> Announced:
    """The file's length and hash, by the headers of a creation. Errors: NotTus."""
    sha256 = _metadata().get("sha256", "")
    if not SHA256.fullmatch(sha256):
        raise NotTus("Upload-Metadata needs sha256: 64 hex digits in lower case, then base64")
    byte_count = _whole_number("Upload-Length")
    if byte_count == 0:
        raise NotTus("Upload-Length is 0: there is nothing to keep")
    return Announced(sha256, byte_count)


def offset() -> int:
    """Errors: NotTus."""
    return _whole_number("Upload-Offset")


def sends_bytes() -> bool:
    """Whether the body carries bytes of the file."""
    return request.mimetype == BYTES


def expires(at: Milliseconds) -> str:
    return http_date(datetime.fromtimestamp(at // 1000, UTC))


class Body:
    """The bytes of a request as they come; after a cut it says so and keeps what came."""

    def __init__(self, most: int) -> None:
        """`most`: what the upload still lacks. Errors: NotTus, NotBytes."""
        if not sends_bytes():
            raise NotBytes(NotBytes.__doc__)
        self._sum, self._expected = _checksum()
        self._most = most
        self.was_cut = False
        # One more than may come, so that the end of what may come is no error yet.
        request.max_content_length = most + 1
        connection: Any = request.environ.get("gunicorn.socket")
        if connection is not None:
            connection.settimeout(SILENCE_SECONDS_MAX)

    def pieces(self) -> Iterator[bytes]:
        """The bytes, as far as they come. Errors: RequestEntityTooLarge."""
        count = 0
        for piece in self._as_they_come():
            count += len(piece)
            if count > self._most:
                raise RequestEntityTooLarge(f"the upload lacks {self._most} bytes, and more came")
            if self._sum is not None:
                self._sum.update(piece)
            yield piece

    def _as_they_come(self) -> Iterator[bytes]:
        stream = request.stream
        try:
            while piece := stream.read(PIECE_BYTES):
                yield piece
        except (ClientDisconnected, OSError):
            self.was_cut = True
        # gunicorn has unpacked these chunks before it met the cut, and still holds them.
        if self.was_cut and request.content_length is None:
            with suppress(ClientDisconnected, OSError):
                yield stream.read(PIECE_BYTES)

    def check(self) -> None:
        """Errors: WrongChecksum, also when a body that has a checksum was cut."""
        if self._sum is not None and (self.was_cut or self._sum.digest() != self._expected):
            raise WrongChecksum(WrongChecksum.__doc__)


def _checksum() -> tuple[Any, bytes]:
    """A running hash and what it must become; none when the request has no checksum."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None, b""
    name, _, value = header.partition(" ")
    if name not in CHECKSUMS:
        raise NotTus(f"Upload-Checksum may be by {' or '.join(CHECKSUMS)}")
    return hashlib.new(name, usedforsecurity=False), _from_base64("Upload-Checksum", value)


def _metadata() -> Mapping[str, str]:
    """Upload-Metadata: pairs of a key and base64, between commas. A file's name is read by nobody."""
    pairs: dict[str, str] = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        key, _, value = pair.strip().partition(" ")
        if key == "sha256":
            pairs[key] = _from_base64("Upload-Metadata", value).decode("ascii", "replace")
    return pairs


def _from_base64(header: str, value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise NotTus(f"{header} is not base64") from None


def _whole_number(header: str) -> int:
    said = request.headers.get(header, "")
    if not re.fullmatch(r"[0-9]{1,15}", said, re.ASCII):
        raise NotTus(f"{header} must be a whole number of bytes")
    return int(said)
