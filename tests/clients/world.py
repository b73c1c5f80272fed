"""What the Node tests play against: our web server on loopback, a bad network before it, and offices.

The tests speak to the world over HTTP: POST /<deed> with the deed's arguments as a JSON object.
"""

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

from sqlalchemy import text

from auth import tokens
from auth.keys import keys_of
from auth.tokens import Claims
from infra import child
from infra.clock import now_ms
from infra.database import Database, fetch
from infra.files import Files
from infra.part_files import PartFiles
from infra.settings import CHECKOUT
from models import ENTITIES
from sync.office import Put
from sync.records import load_by_id
from tests.building import Office, a_phone, a_put, an_office, office_write
from tests.clients.cutting import CuttingNetwork
from tests.installation import free_port
from tests.services import end, wait_until
from workers.attachments import clean_all

SECRET_KEY = "a secret of the clients' test, thirty-two bytes and more"


class World:
    """One database, one server, a fresh office for each test."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database = Database(database_url)
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "REDIS_URL": f"unix://{folder}/nobody-listens",
            "DATA_DIR": str(folder),
            "SECRET_KEY": SECRET_KEY,
            "FIELDLEDGER_DEMO": "0",
            "PYTHONPATH": str(CHECKOUT),
        }
        self.codes = ("".join(letters) for letters in product("ABCDEFGHIJ", repeat=3))
        self.offices: dict[str, Office] = {}
        self.lock = threading.Lock()
        self.server: Any = None
        # A child is told to end when the thread that started it ends; this one outlives them all.
        self.starter = ThreadPoolExecutor(1)
        self.starts = 0
        self.networks: dict[int, CuttingNetwork] = {}
        self.opened = ExitStack()
        self.control = ThreadingHTTPServer(("127.0.0.1", 0), self._listener())

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.control.server_port}"

    def __enter__(self) -> Self:
        self.opened.callback(self.database.close)
        self.opened.callback(self.starter.shutdown)
        self.starter.submit(self._start).result()
        self.opened.callback(lambda: end(self.server))
        listening = threading.Thread(target=self.control.serve_forever, daemon=True)
        listening.start()
        self.opened.callback(listening.join)
        self.opened.callback(self.control.shutdown)
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()
        self.control.server_close()

    # What the Node tests ask for; each returns what JSON can say.

    def office(self) -> Any:
        """A fresh IBC: two officers, six consumers, and a round of the first with three stops."""
        with self.lock:
            code = next(self.codes)
            made = an_office(self.database, code, 10 + len(self.offices))
            self.offices[code] = made
        cards = [
            Put("staff", officer, {"roles": ["officer"], "active": True})
            for officer in made.officers
        ]
        office_write(self.database, code, *cards, now=now_ms())
        return vars(made)

    def phone(self, code: str, officer: int, name: str) -> Any:
        """Enrol a phone; several of one officer carry different names."""
        made = a_phone(self.database, self.offices[code], officer, name)
        card = {"staff_id": made.officer_id, "state": "active"}
        office_write(self.database, code, a_put("device", made.device_id, **card), now=now_ms())
        claims = Claims(staff_id=made.officer_id, device_id=made.device_id, ibc_id=code)
        token = tokens.issue(keys_of(SECRET_KEY), claims, now=now_ms())
        url = f"http://127.0.0.1:{self.port}"
        return {"token": token, "device_id": made.device_id, "url": url}

    def write(self, code: str, entity: str, record_id: str, fields: dict[str, Any]) -> Any:
        """Write as the office does."""
        return office_write(self.database, code, Put(entity, record_id, fields), now=now_ms())

    def records(self, code: str, entity: str, ids: list[str]) -> Any:
        """What the server has, straight from its tables."""
        with self.database.read() as connection:
            found = load_by_id(connection, code, ENTITIES[entity], ids)
        return {
            record.id: {**record.fields, "version": record.version, "author_id": record.author_id}
            for record in found.values()
            if record.deleted_at is None
        }

    def log(self, code: str, device_id: str) -> Any:
        """The fates of what a device sent, in the order in which it came."""
        with self.database.read() as connection:
            rows = fetch(
                connection,
                "SELECT entity, op, record_id, outcome, code, body FROM mutations "
                "WHERE ibc_id = :code AND author_id = :device_id ORDER BY seq",
                code=code,
                device_id=device_id,
            )
            (cases,) = connection.execute(
                text("SELECT COUNT(*) FROM exceptions WHERE ibc_id = :code"), {"code": code}
            ).one()
        return {"rows": [row._asdict() for row in rows], "cases": cases}

    def network(self, method: str = "POST", fates: list[str] | None = None) -> Any:
        """A network whose next requests of `method` meet these fates."""
        made = self.opened.enter_context(CuttingNetwork(("127.0.0.1", self.port)))
        made.order(method, fates or [])
        self.networks[made.address[1]] = made
        return {"url": f"http://127.0.0.1:{made.address[1]}"}

    def work(self, code: str) -> Any:
        """What the worker of attachments does; says how many files it settled."""
        parts, store = PartFiles(self.folder / "uploads"), Files(self.folder / "attachments")
        return {"settled": clean_all(self.database, parts, store, code)}

    def restart(self) -> Any:
        """As after a crash: the server is gone, and comes again."""
        child.end_session(self.server.pid)
        self.server.wait()
        self.starter.submit(self._start).result()
        return {}

    def _start(self) -> None:
        self.starts += 1
        log = self.folder / f"web-{self.starts}.log"
        gunicorn = (
            *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "8"),
            # One request a connection, for the network that cuts them.
            *("--keep-alive", "0", "--no-control-socket", "wsgi:app"),
        )
        with log.open("wb") as file:
            self.server = child.start(gunicorn, file, self.environment)
        wait_until(self._answers, self.server, log)

    def _answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                return answer.status == HTTPStatus.OK
        except OSError:
            return False

    def _listener(self) -> type[BaseHTTPRequestHandler]:
        world = self
        deeds = ("office", "phone", "write", "records", "log", "network", "work", "restart")

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                deed = self.path.strip("/")
                assert deed in deeds, deed
                answer = json.dumps(getattr(world, deed)(**json.loads(asked))).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Nothing is said of each request."""

        return Listener
