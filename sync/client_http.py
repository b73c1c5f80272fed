"""How a phone reaches an installation: one question, one answer, and what to do when none comes."""

import gzip
import http.client
from collections.abc import Iterator
from typing import Any

import orjson

TIMEOUT_SECONDS = 30.0
PIECE_BYTES = 65_536
WAIT_SECONDS_MAX = 300.0
FIRST_WAIT_SECONDS = 1.0
DOUBLINGS_MAX = 16
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500


class Lost(Exception):
    """No answer came, or none that decides anything: send the same again after a while."""

    def __init__(self, what: str, wait_seconds: float = 0.0) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(what)


class Refused(Exception):
    """The server understood and declined; `problem` is its RFC 9457 answer."""

    def __init__(self, path: str, status: int, problem: Any) -> None:
        self.status = status
        self.problem = problem
        super().__init__(f"{path} answered {status}: {problem}")


class Server:
    """An installation, by its address; each question takes its own connection, as on a bad network."""

    def __init__(self, host: str, port: int, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self.host = host
        self.port = port
        self.timeout_seconds = timeout_seconds

    def post(self, path: str, value: Any, token: str | None = None, *, packed: bool = False) -> Any:
        """Send JSON (`packed` with gzip), read JSON. Errors: Lost, Refused."""
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "gzip",
            "Connection": "close",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        body = orjson.dumps(value)
        if packed:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, compresslevel=6)
        return self._ask("POST", path, body, headers)

    def get(self, path: str, token: str) -> Any:
        """Read JSON. Errors: Lost, Refused."""
        headers = {"Accept-Encoding": "gzip", "Connection": "close"}
        return self._ask("GET", path, None, headers | {"Authorization": f"Bearer {token}"})

    def fetch(self, path: str, token: str, *, start: int, etag: str) -> Iterator[tuple[int, bytes]]:
        """The bytes of a file from `start` on as they come, each piece with its place in the file.

        A server that has another file under that address by now sends it from its beginning.
        Errors: Lost, Refused; the end of the pieces may also be a cut.
        """
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": etag}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_seconds)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            if answer.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
                _decided(path, answer, answer.read())
                raise Lost(f"GET {path}: {answer.status} is no file")
            at = _first_byte(answer)
            while piece := answer.read(PIECE_BYTES):
                yield at, piece
                at += len(piece)
        except (OSError, http.client.HTTPException) as reason:
            raise Lost(f"GET {path}: {reason!r}") from reason
        finally:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_seconds)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException) as reason:
            raise Lost(f"{method} {path}: {reason!r}") from reason
        finally:
            connection.close()
        return _decided(path, answer, raw)


def _first_byte(answer: http.client.HTTPResponse) -> int:
    """Where a body begins in its file: `Content-Range: bytes 1000-1999/2000`."""
    span = answer.headers.get("Content-Range", "")
    first = span.removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0


def _decided(path: str, answer: http.client.HTTPResponse, raw: bytes) -> Any:
    """What the answer says, when it says anything. Errors: Lost, Refused."""
    status = answer.status
    if status >= SERVER_ERRORS or status == TOO_MANY_REQUESTS:
        told = answer.headers.get("Retry-After", "")
        raise Lost(f"{path}: {status}", float(told) if told.isdigit() else 0.0)
    try:
        if answer.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        value = orjson.loads(raw) if raw else None
    except (OSError, EOFError, orjson.JSONDecodeError) as reason:
        raise Lost(f"{path}: the answer is cut: {reason!r}") from reason
    if status >= http.client.BAD_REQUEST:
        raise Refused(path, status, value)
    return value


def wait_seconds(failures: int, *, chance: float, told_seconds: float = 0.0) -> float:
    """How long to wait after so many failures in a row; `chance` is drawn between 0 and 1.

    Anywhere under a ceiling that doubles: thirty phones that lost the same server come back one
    by one. What the server asked for is waited in any case.
    """
    ceiling = FIRST_WAIT_SECONDS * 2.0 ** min(max(failures - 1, 0), DOUBLINGS_MAX)
    return told_seconds + chance * min(ceiling, WAIT_SECONDS_MAX)
