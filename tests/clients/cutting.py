"""A network between one client and the server that does to each request what the test has ordered."""

import socket
from collections import deque
from random import Random

from tests.simulation.day.network import CHUNK_BYTES, END_OF_HEAD, Address, BadNetwork, Fault

TOO_MANY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
UNAVAILABLE = TOO_MANY.replace(b"429 Too Many Requests", b"503 Service Unavailable")
ANSWERS = {"429": TOO_MANY, "503": UNAVAILABLE}
LOST = "answer lost"
CUT = "cut after "
"""With a number: so many bytes of the request's body arrive, then the line is dead for both."""


class CuttingNetwork(BadNetwork):
    """Passes requests on; those of `method` meet the ordered fates first, one each."""

    def __init__(self, server: Address) -> None:
        super().__init__(server, Random(0), "127.0.0.1")
        self.method = b""
        self.fates: deque[str] = deque()

    def order(self, method: str, fates: list[str]) -> None:
        self.method = method.encode()
        self.fates = deque(fates)

    def _pass_on(self, phone: socket.socket, request: bytes) -> None:
        fate = ""
        if self.fates and request.startswith(self.method):
            fate = self.fates.popleft()
            self.faults[Fault.ANSWER_LOST] += 1
        if fate in ANSWERS:
            phone.sendall(ANSWERS[fate])
            return
        if fate.startswith(CUT):
            head, _, body = request.partition(END_OF_HEAD)
            # tus-js-client sends one chunk, whose size stands on a line before it.
            begins = body.index(b"\r\n") + 2 if b"chunked" in head else 0
            end = begins + int(fate.removeprefix(CUT))
            self._cut(head + END_OF_HEAD + body[:end])
            return
        answer = self._ask(request)
        if fate != LOST:
            phone.sendall(answer)

    def _cut(self, part: bytes) -> None:
        """Only when the server has noticed does the client: what it asks next meets no race."""
        with self._upstream() as upstream:
            upstream.sendall(part)
            upstream.shutdown(socket.SHUT_WR)
            while upstream.recv(CHUNK_BYTES):
                pass
