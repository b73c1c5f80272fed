"""A bad network between one phone and the server: answers get lost, requests are cut or come twice."""

import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from random import Random
from types import TracebackType
from typing import Self

CHUNK_BYTES = 65_536
SILENCE_SECONDS_MAX = 60.0
END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
OUR_FAULT = b" 500"

Address = tuple[str, int]


class Fault(StrEnum):
    """What becomes of one request."""

    NONE = "delivered"
    ANSWER_LOST = "answer lost after the commit"
    ANSWER_CUT = "answer cut"
    REQUEST_CUT = "request cut"
    TWICE = "delivered twice at once"


USUAL = {
    Fault.NONE: 78,
    Fault.ANSWER_LOST: 8,
    Fault.ANSWER_CUT: 4,
    Fault.REQUEST_CUT: 5,
    Fault.TWICE: 5,
}
"""Of a hundred requests."""


class BadNetwork:
    """A port on loopback that passes one phone's requests on, each with a fault drawn from a seed."""

    def __init__(self, server: Address, dice: Random, source: str) -> None:
        self.server = server
        self.source = (source, 0)
        """Each phone comes from an address of its own, as the server's limits for one expect."""
        self.dice = dice
        self.faults: Counter[Fault] = Counter()
        self.server_errors: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()[:2]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Waking accept() by a connection of our own works on every system; closing alone does not.
        self._listener.settimeout(0)
        with suppress(OSError), socket.create_connection(self.address, timeout=1):
            pass
        self._listener.close()
        self._thread.join(SILENCE_SECONDS_MAX)

    def _serve(self) -> None:
        """One phone asks one thing at a time, so its faults come in the order of the seed."""
        while True:
            try:
                phone, _ = self._listener.accept()
            except OSError:
                return
            phone.settimeout(SILENCE_SECONDS_MAX)
            with phone, suppress(OSError):
                request = read_request(phone)
                if request:
                    self._pass_on(phone, request)

    def _pass_on(self, phone: socket.socket, request: bytes) -> None:
        fault = self.dice.choices(list(USUAL), list(USUAL.values()))[0]
        self.faults[fault] += 1
        match fault:
            case Fault.REQUEST_CUT:
                self._send_only(request[: -(-len(request) // 2)])
            case Fault.ANSWER_LOST:
                self._ask(request)
            case Fault.ANSWER_CUT:
                answer = self._ask(request)
                phone.sendall(answer[: len(answer) // 2])
            case Fault.TWICE:
                phone.sendall(self._ask_twice(request))
            case Fault.NONE:
                phone.sendall(self._ask(request))

    def _send_only(self, part: bytes) -> None:
        with self._upstream() as upstream:
            upstream.sendall(part)

    def _upstream(self) -> socket.socket:
        return socket.create_connection(
            self.server, timeout=SILENCE_SECONDS_MAX, source_address=self.source
        )

    def _ask_twice(self, request: bytes) -> bytes:
        answers: list[bytes] = []
        asking = [
            threading.Thread(target=_collect, args=(self._ask, request, answers)) for _ in "12"
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        return answers[0] if answers else b""

    def _ask(self, request: bytes) -> bytes:
        """The whole answer, or as much as came: whoever wrote the log knows no more than that."""
        answer = b""
        with self._upstream() as upstream:
            upstream.sendall(request)
            while part := upstream.recv(CHUNK_BYTES):
                answer += part
        if answer[8:12] == OUR_FAULT:
            first_line = request.split(b"\r\n", 1)[0].decode()
            self.server_errors.append(f"{first_line}: {answer[:200].decode(errors='replace')!r}")
        return answer


def read_request(phone: socket.socket) -> bytes:
    """One request with its body, by its Content-Length or to its last chunk."""
    request = b""
    while END_OF_HEAD not in request:
        part = phone.recv(CHUNK_BYTES)
        if not part:
            return b""
        request += part
    head, _, body = request.partition(END_OF_HEAD)
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            while len(body) < int(value):
                part = phone.recv(CHUNK_BYTES)
                if not part:
                    return b""
                body += part
        if name.lower() == b"transfer-encoding":
            while not body.endswith(LAST_CHUNK):
                part = phone.recv(CHUNK_BYTES)
                if not part:
                    return b""
                body += part
    return head + END_OF_HEAD + body


def _collect(ask: Callable[[bytes], bytes], request: bytes, answers: list[bytes]) -> None:
    with suppress(OSError):
        answers.append(ask(request))
