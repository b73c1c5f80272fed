"""Phones that are enrolled, sign what they push, and talk to the application of the test."""

from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from api.enrolment import create_device, enrolment_answer
from auth.cards import card_at
from auth.enrolment import Enrolled
from auth.keys import keys_of
from auth.proofs import to_base64url
from infra.database import Database
from infra.ids import new_id
from sync.client import Device
from sync.client_http import Refused
from sync.client_store import Store
from tests.building import Office, a_put, office_write

SECRET_KEY = "a secret of the test, thirty-two bytes and more"


@dataclass
class Clock:
    """The time of the test, which the test moves."""

    at: int


class Wire:
    """The client's side of HTTP, without a network."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.posted: list[tuple[str, Any]] = []

    def post(self, path: str, value: Any, token: str | None = None, *, packed: bool = False) -> Any:
        del packed
        self.posted.append((path, value))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = self.client.post(path, json=value, headers=headers)
        if answer.status_code >= 400:
            raise Refused(path, answer.status_code, orjson.loads(answer.data))
        return orjson.loads(answer.data) if answer.data else None


def enrolled(
    client: FlaskClient,
    database: Database,
    office: Office,
    officer: int,
    *,
    now: int,
    key: Ed25519PrivateKey | None = None,
    device_id: str | None = None,
) -> Device:
    """A phone as after its enrolment: with a key, a block of numbers and a secret of its own."""
    staff_id = office.officers[officer]
    number = f"O{office.accounts[0][:2]}{officer}"
    card = a_put("staff", staff_id, staff_no=number, roles=["officer"], active=True)
    office_write(database, office.code, card)
    key, device_id = key or Ed25519PrivateKey.generate(), device_id or new_id()
    with database.write() as connection:
        found = card_at(connection, staff_id, office.code)
        assert found is not None
        what = Enrolled(ibc_id=office.code, device_id=device_id, card=found, repeated=False)
        public_key = to_base64url(key.public_key().public_bytes_raw())
        create_device(connection, what, public_key, now=now)
        said = enrolment_answer(connection, keys_of(SECRET_KEY), what, now=now)
    store = Store()
    phone = Device(Wire(client), store, now=lambda: now)  # type: ignore[arg-type]
    for name in (
        *("device_id", "ibc", "staff", "receipt_secret", "receipt_block"),
        *("access_token", "refresh_token"),
    ):
        store.keep(name, said[name])
    store.keep("receipts_used", 0)
    store.keep("private_key", to_base64url(key.private_bytes_raw()))
    return phone


def cash(account_no: str, rupees: int = 500) -> dict[str, Any]:
    return {"account_no": account_no, "tender": "cash", "amount_paisa": rupees * 100}


def parts(exported: bytes) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(exported)
    return found
