"""The bad network does each of its faults, and the same ones for the same seed."""

import socket
import threading
from collections import Counter
from random import Random

import pytest

from tests.simulation.day.network import BadNetwork, Fault, read_request

REQUEST = b"POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Drawn(Random):
    """Dice that fall on one fault."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def choices(self, *_args, **_kwargs):
        return [self.fault]


@pytest.fixture
def upstream():
    """A server that counts whole requests."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen = Counter()

    def serve():
        while True:
            try:
                phone, _ = listener.accept()
            except OSError:
                return
            with phone:
                request = read_request(phone)
                seen["whole" if request == REQUEST else "cut"] += 1
                if request:
                    phone.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[:2], seen
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.parametrize(
    ("fault", "answer", "arrived"),
    [
        (Fault.NONE, ANSWER, {"whole": 1}),
        (Fault.ANSWER_LOST, b"", {"whole": 1}),
        (Fault.ANSWER_CUT, ANSWER[: len(ANSWER) // 2], {"whole": 1}),
        (Fault.REQUEST_CUT, b"", {"cut": 1}),
        (Fault.TWICE, ANSWER, {"whole": 2}),
    ],
)
def test_each_fault_is_what_it_says(upstream, fault, answer, arrived):
    address, seen = upstream

    with (
        BadNetwork(address, Drawn(fault), source="127.0.0.1") as network,
        socket.create_connection(network.address, timeout=5) as phone,
    ):
        phone.sendall(REQUEST)
        got = b"".join(iter(lambda: phone.recv(100), b""))

    assert got == answer
    assert network.faults == {fault: 1}
    assert seen <= Counter(arrived)


def test_a_request_that_ends_early_is_none():
    near, far = socket.socketpair()
    with near, far:
        near.sendall(REQUEST[:-2])
        near.shutdown(socket.SHUT_WR)

        assert read_request(far) == b""
