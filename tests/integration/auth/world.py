"""People, phones and what the tests put into the database."""

from dataclasses import dataclass
from threading import Barrier
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth import credentials
from auth.keys import keys_of
from auth.proofs import enrol_bytes, refresh_bytes, to_base64url
from infra.database import Database, insert_rows
from models import ENTITIES
from tests.threads import Threads

NOW = 1_775_600_000_000
SECRET_KEY = "a secret of the test, thirty-two bytes and more"
KEYS = keys_of(SECRET_KEY)
PIN, PASSWORD = "4711", "correct horse"


@dataclass(frozen=True)
class Phone:
    """A phone with its key."""

    device_id: str
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        return to_base64url(self.key.public_key().public_bytes_raw())

    def sign(self, signed: bytes) -> str:
        return to_base64url(self.key.sign(signed))

    def refresh_proof(self, token: str) -> str:
        return self.sign(refresh_bytes(device_id=self.device_id, refresh_token=token))

    def enrol_proof(self, *, code: str, staff_no: str) -> str:
        return self.sign(
            enrol_bytes(
                code=code,
                device_id=self.device_id,
                public_key=self.public_key,
                staff_no=staff_no,
            )
        )


def a_phone(number: int = 1) -> Phone:
    device_id = f"0196a000-0000-7000-8000-{number:012d}"
    return Phone(device_id, Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big")))


@dataclass(frozen=True)
class World:
    """What the tests put into the database, and how they look at it."""

    database: Database
    pin_hash: str
    password_hash: str

    def put(self, entity: str, ibc_id: str, record_id: str, **fields: object) -> None:
        row = {
            "ibc_id": ibc_id,
            "id": record_id,
            "version": 1,
            "author_id": "test",
            "occurred_at": NOW,
            "received_at": NOW,
            "deleted_at": None,
            **fields,
        }
        with self.database.write() as connection:
            insert_rows(connection, ENTITIES[entity].table, [row], on_conflict="replace")

    def person(self, staff_id: str, *roles: str, ibc_id: str = "DEF", active: bool = True) -> None:
        """A card with the person's password and PIN; the staff number is made from the id."""
        staff_no = staff_no_of(staff_id)
        self.put(
            "staff",
            ibc_id,
            staff_id,
            staff_no=staff_no,
            name="Sana",
            name_ur="ثنا",
            roles=orjson.dumps(roles).decode(),
            grade=None,
            active=active,
        )
        with self.database.write() as connection:
            credentials.keep(
                connection,
                staff_id=staff_id,
                staff_no=staff_no,
                password_hash=self.password_hash,
                pin_hash=self.pin_hash,
            )

    def device(
        self, phone: Phone, staff_id: str, *, ibc_id: str = "DEF", state: str = "active"
    ) -> None:
        self.put(
            "device",
            ibc_id,
            phone.device_id,
            staff_id=staff_id,
            public_label="phone",
            public_key=phone.public_key,
            state=state,
        )

    def transact(self, work, *given, **named):
        return self.database.transact(lambda connection: work(connection, *given, **named))

    def rows(self, statement: str) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.exec_driver_sql(statement).all())


def staff_no_of(staff_id: str) -> str:
    return f"S{staff_id[-4:]}"


def at_once(*calls):
    """Run the calls in threads that start together; their answers in the same order."""
    barrier = Barrier(len(calls))

    def run(call):
        barrier.wait()
        return call()

    with Threads(len(calls)) as threads:
        return list(threads.map(run, calls))
