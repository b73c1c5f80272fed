"""How a phone loads its first download: file by file, from the byte at which it was cut (protocol 8)."""

import gzip
import hashlib
from collections.abc import Iterator

import orjson

from sync.client_http import Lost, Server
from sync.client_store import Row, Store

MANIFEST_PATH = "/api/v1/sync/snapshot"
ROWS_AT_ONCE = 2_000


def fetch_part(server: Server, store: Store, part: Row, token: str) -> None:
    """Fetch what is missing of one file and keep it. Errors: Lost, Refused."""
    start = store.part_bytes(part["sha256"])
    if start < part["bytes"]:
        etag = f'"{part["sha256"]}"'
        for at, chunk in server.fetch(part["url"], token, start=start, etag=etag):
            store.keep_chunk(part["sha256"], at, chunk)
    content = store.part(part["sha256"])
    if len(content) < part["bytes"]:
        raise Lost(f"{part['url']}: {len(content)} of {part['bytes']} bytes came")
    if hashlib.sha256(content).hexdigest() != part["sha256"]:
        store.forget_part(part["sha256"])
        raise Lost(f"{part['url']}: the bytes are not those of its name")


def take_in(store: Store, manifest: Row) -> int:
    """Make the files of a manifest the phone's records, all at once; returns how many rows."""
    count = 0
    with store.saving():
        if store.kept("epoch", manifest["epoch"]) != manifest["epoch"]:
            store.offer_again_after(0)
        store.drop_all()
        for part in manifest["parts"]:
            for entity, rows in _rows(store.part(part["sha256"])):
                store.put(entity, rows)
                count += len(rows)
        store.keep("epoch", manifest["epoch"])
        store.keep("cursor", manifest["cursor"])
        store.forget_parts()
    return count


def _rows(content: bytes) -> Iterator[tuple[str, list[Row]]]:
    """The rows of a file by entity, some at a time: a header line, then rows until the next."""
    entity, names, rows = "", list[str](), list[Row]()
    for line in gzip.decompress(content).splitlines():
        read = orjson.loads(line)
        if isinstance(read, dict):
            yield entity, rows
            entity, names, rows = read["entity"], read["fields"], []
            continue
        rows.append(dict(zip(names, read, strict=True)))
        if len(rows) == ROWS_AT_ONCE:
            yield entity, rows
            rows = []
    yield entity, rows
