"""A request's body, unpacked and bounded."""

import zlib

from flask import request

from infra.limits import BODY_BYTES_MAX


class TooLarge(ValueError):
    """The body is larger than BODY_BYTES_MAX; send it in parts."""


class NotGzip(ValueError):
    """The body says that it is gzip and is not."""


def unpacked_body() -> bytes:
    """The request's body, unpacked, and never more of it than BODY_BYTES_MAX."""
    raw = request.get_data(cache=False)
    encoding = request.headers.get("Content-Encoding", "identity")
    return bounded(unpacked(raw) if encoding == "gzip" else raw)


def bounded(raw: bytes) -> bytes:
    """The same bytes. Errors: TooLarge."""
    if len(raw) > BODY_BYTES_MAX:
        raise TooLarge(f"the body is larger than BODY_BYTES_MAX = {BODY_BYTES_MAX}")
    return raw


def unpacked(packed: bytes) -> bytes:
    """Gzip unpacked, at most one byte beyond BODY_BYTES_MAX of it. Errors: NotGzip."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        raw = unpacker.decompress(packed, BODY_BYTES_MAX + 1)
    except zlib.error as error:
        raise NotGzip(f"the body is not gzip: {error}") from None
    if not unpacker.eof and len(raw) <= BODY_BYTES_MAX:
        raise NotGzip("the gzip body ends too early")
    return raw
