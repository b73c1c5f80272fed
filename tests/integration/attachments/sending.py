"""A phone that sends photographs by tus, as far as a test lets it."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from infra.clock import rfc3339
from tests.building import NOW, Phone, a_visit

SECRET_KEY = "a secret of the test, thirty-two bytes and more"
UPLOADS = "/api/v1/attachments"
BYTES = "application/offset+octet-stream"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def encoded(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


@dataclass
class Camera:
    """An enrolled phone and its token."""

    client: FlaskClient
    phone: Phone
    token: str

    def ask(self, method: str, url: str, *, data: bytes | None = None, **headers: Any) -> Any:
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        usual = {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0"}
        return self.client.open(url, method=method, data=data, headers=usual | named)

    def begin(self, content: bytes, **headers: Any) -> Any:
        """Announce a file; `headers` add or replace."""
        usual = {
            "Upload_Length": len(content),
            "Upload_Metadata": f"sha256 {encoded(sha256(content))},filename {encoded('x.jpg')}",
        }
        return self.ask("POST", UPLOADS, **usual | headers)

    def begun(self, content: bytes) -> str:
        answer = self.begin(content)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    def patch(self, url: str, offset: int, data: bytes, **headers: Any) -> Any:
        return self.ask(
            "PATCH", url, data=data, Upload_Offset=offset, Content_Type=BYTES, **headers
        )

    def head(self, url: str) -> Any:
        return self.ask("HEAD", url)

    def offset(self, url: str) -> int:
        return int(self.head(url).headers["Upload-Offset"])

    def send(self, content: bytes) -> str:
        """All of it in one go; returns the upload's address."""
        url = self.begun(content)
        answer = self.patch(url, 0, content)
        assert answer.status_code == 204, answer.text
        return url

    def refer(self, content: bytes, owner: str, entity: str = "visit", **fields: Any) -> Any:
        """The mutation that says which record a file belongs to."""
        said = {
            "owner_entity": entity,
            "owner_id": owner,
            "position": 1,
            "sha256": sha256(content),
            "bytes": len(content),
            "content_type": "image/jpeg",
            "taken_at": rfc3339(NOW - 120_000),
        }
        return self.phone.put("attachment", said | fields)

    def visit(self, account_no: str) -> str:
        """A visit that is pushed; returns its record id."""
        row = self.phone.put("visit", a_visit(account_no))
        assert self.phone.push_one(row).outcome == "applied"
        return row["record_id"]

    def attach(self, content: bytes, account_no: str) -> str:
        """A visit with a photograph of which nothing but the word has arrived; returns its id."""
        row = self.refer(content, self.visit(account_no))
        assert self.phone.push_one(row).outcome == "applied"
        return row["record_id"]

    def fetch(self, attachment_id: str, what: str = "file", **headers: Any) -> Any:
        return self.ask("GET", f"{UPLOADS}/{attachment_id}/{what}", **headers)

    def sees(self, attachment_id: str) -> dict[str, Any]:
        """The record as this phone has it, after a pull."""
        self.phone.pull_all()
        return self.phone.see("attachment", attachment_id)

    def verdicts(self) -> list[dict[str, Any]]:
        self.phone.pull_all()
        return [row for (name, _), row in self.phone.store.items() if name == "verdict"]
