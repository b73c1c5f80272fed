"""A client that costs little: raw bytes out, raw bytes in, a fresh connection now and then as phones make them."""

import socket

REQUESTS_A_CONNECTION = 20
"""One process may not keep all eight connections for a whole round, nor is each request a new one."""
HEAD_END = b"\r\n\r\n"


class Refused(Exception):
    """The server answered with something other than 200."""


class Client:
    """One connection after another to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.left = 0
        self.connection: socket.socket | None = None
        self.head = b""

    def ask(self, request: bytes) -> bytes:
        """Send a request, return the body of its answer. Errors: Refused, OSError."""
        connection = self._connection()
        connection.sendall(request)
        received = b""
        while (end := received.find(HEAD_END)) < 0:
            received += self._more(connection)
        self.head = received[:end]
        if not self.head.startswith(b"HTTP/1.1 200"):
            raise Refused(received[:2000].decode(errors="replace"))
        size = int(self.head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        parts = [received[end + len(HEAD_END) :]]
        have = len(parts[0])
        while have < size:
            parts.append(self._more(connection))
            have += len(parts[-1])
        return b"".join(parts)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, self.left = None, 0

    def _connection(self) -> socket.socket:
        if self.connection is None or not self.left:
            self.close()
            self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=60)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.left = REQUESTS_A_CONNECTION
        self.left -= 1
        return self.connection

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        received = connection.recv(262_144)
        if not received:
            raise ConnectionError("the server closed the connection")
        return received


def get(path: str, token: str = "", encoding: str = "identity") -> bytes:
    return _request("GET", path, token, f"Accept-Encoding: {encoding}\r\n")


def post(path: str, token: str, body: bytes, *, packed: bool = False, encoding: str = "") -> bytes:
    headers = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if packed:
        headers += "Content-Encoding: gzip\r\n"
    if encoding:
        headers += f"Accept-Encoding: {encoding}\r\n"
    return _request("POST", path, token, headers) + body


def _request(verb: str, path: str, token: str, headers: str) -> bytes:
    if token:
        headers += f"Authorization: Bearer {token}\r\n"
    return f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n".encode()
