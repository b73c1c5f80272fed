"""A file over a real socket that breaks: whatever arrived is kept, and the rest is asked for."""

import hashlib
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from sync.client import Lost, Refused, Server, Store
from sync.client_download import fetch_part

CONTENT = bytes(range(256)) * 400
NAME = hashlib.sha256(CONTENT).hexdigest()
PART = {"url": f"/parts/{NAME}", "sha256": NAME, "bytes": len(CONTENT)}


class Breaking(BaseHTTPRequestHandler):
    """Serves one file with Range, and closes the connection after so many bytes."""

    break_after = len(CONTENT)
    etag = f'"{NAME}"'
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.asked.append(wanted or "all")
        if self.path != PART["url"]:
            self.send_response(404)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            return
        whole = wanted is None or self.headers.get("If-Range") != self.etag
        first = 0 if whole else int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(200 if whole else 206)
        self.send_header("Content-Length", str(len(CONTENT) - first))
        if not whole:
            self.send_header("Content-Range", f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        self.wfile.write(CONTENT[first : first + self.break_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def serving():
    handler = type("Handler", (Breaking,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield handler, Server("127.0.0.1", server.server_port)
        server.shutdown()
        thread.join()


@pytest.fixture
def store():
    with closing(Store()) as store:
        yield store


@pytest.mark.parametrize("break_after", [20_000, 50_001, 102_399])
def test_a_file_that_breaks_goes_on_where_it_broke(serving, store, break_after):
    handler, server = serving
    handler.break_after = break_after
    for _ in range(-(-len(CONTENT) // break_after) - 1):
        with pytest.raises(Lost):
            fetch_part(server, store, PART, "token")

    fetch_part(server, store, PART, "token")

    assert store.part(NAME) == CONTENT
    assert handler.asked[:2] == ["all", f"bytes={break_after}-"]


def test_what_is_whole_is_not_asked_for(serving, store):
    handler, server = serving
    fetch_part(server, store, PART, "token")
    fetch_part(server, store, PART, "token")

    assert handler.asked == ["all"]


def test_another_file_under_the_address_begins_anew(serving, store):
    handler, server = serving
    store.keep_chunk(NAME, 0, b"of the old one")
    handler.etag = '"another"'

    fetch_part(server, store, PART, "token")

    assert store.part(NAME) == CONTENT


def test_a_file_that_is_not_there_is_refused(serving, store):
    _, server = serving

    with pytest.raises(Refused):
        fetch_part(server, store, PART | {"url": "/parts/other", "sha256": "0" * 64}, "token")
