"""What a phone on the street meets: an installation, a network that can be ordered to fail, and the office's codes.

The play speaks to it over HTTP: POST /<deed> with the deed's arguments as a JSON object.
"""

import json
import socket
import threading
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from models.demo import IBC_CODE, demo_credentials
from tests.clients.cutting import CuttingNetwork
from tests.installation import Installation
from tests.simulation.day.network import SILENCE_SECONDS_MAX, Address, read_request
from tests.simulation.day.office import sit_down

DEEDS = frozenset({"code", "weather"})


class Street:
    """One officer's way to the office and back."""

    def __init__(self, installation: Installation) -> None:
        self.server: Address = ("127.0.0.1", int(installation.environment["PORT"]))
        self.network = BrowsersNetwork(self.server)
        self.control = ThreadingHTTPServer(("127.0.0.1", 0), self._listener())
        self.opened = ExitStack()

    def __enter__(self) -> Self:
        self.opened.enter_context(self.network)
        listening = threading.Thread(target=self.control.serve_forever, daemon=True)
        listening.start()
        self.opened.callback(self.control.server_close)
        self.opened.callback(listening.join)
        self.opened.callback(self.control.shutdown)
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    def code(self) -> Any:
        """A code for the first officer of the demonstration, with what he types beside it."""
        officer = next(one for one in demo_credentials() if one.role == "officer")
        desk = sit_down(self.server, IBC_CODE, "admin")
        code = desk.enrolment_code(officer.staff_id)
        return {"code": code, "staff_no": officer.staff_no, "pin": officer.pin}

    def weather(self, *, dead: bool, fates: list[str]) -> Any:
        """Whether the server is reached at all, and what becomes of the next requests with a body."""
        self.network.dead = dead
        self.network.order("POST", fates)
        return {}

    def _listener(self) -> type[BaseHTTPRequestHandler]:
        street = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                deed = self.path.strip("/")
                assert deed in DEEDS, deed
                answer = json.dumps(getattr(street, deed)(**asked)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing is said of each request."""

        return Listener


class BrowsersNetwork(CuttingNetwork):
    """As the one of the other clients, for a browser: it opens several lines at once, some for nothing."""

    dead = False

    def _serve(self) -> None:
        while True:
            try:
                phone, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=(phone,), daemon=True).start()

    def _serve_one(self, phone: socket.socket) -> None:
        phone.settimeout(SILENCE_SECONDS_MAX)
        with phone, suppress(OSError):
            request = read_request(phone)
            if request and not self.dead:
                # One request a line: the answer is whole when the server hangs up.
                self._pass_on(phone, request.replace(b": keep-alive\r\n", b": close\r\n", 1))
