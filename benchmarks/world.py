"""The offices that the benchmarks work in: four IBCs of the demonstration's consumers, and enrolled phones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.enrolment import create_device
from auth.cards import active_cards
from auth.enrolment import Enrolled
from auth.keys import keys_of
from auth.proofs import to_base64url
from auth.tokens import Claims, issue
from infra.clock import now_ms
from infra.database import Database, fetch
from infra.ids import derived_id, new_id
from infra.limits import IMPORT_ROWS_MAX
from models.demo import demo
from models.demo.localities import LOCALITIES
from models.demo.people import officer_numbers, staff_id
from models.demo.premises import area_id
from models.migrations.commands import upgrade
from sync.books import post
from sync.office import Put, write
from sync.writing import begin_log

SECRET_KEY = "benchmarks only, never in production: 0123456789"
IBCS = ("DEF", "CLF", "GZR", "KRG")
TODAY = date(2026, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Phone:
    """One officer's enrolled device, and whose doors it knocks at."""

    ibc_id: str
    device_id: str
    staff_id: str
    number: int
    """Counts all phones; makes receipt numbers that nobody else has."""
    accounts: Sequence[str] = field(repr=False)
    key_bytes: bytes = field(repr=False)

    @cached_property
    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.key_bytes)

    def token(self) -> str:
        """A fresh access token; it lives for 15 minutes."""
        claims = Claims(staff_id=self.staff_id, device_id=self.device_id, ibc_id=self.ibc_id)
        return issue(keys_of(SECRET_KEY), claims, now=now_ms())


def make_offices(database: Database, ibc_ids: Sequence[str], consumers: int) -> None:
    """The newest schema, and in each IBC the same consumers with their bills, posted."""
    with database.write() as connection:
        upgrade(connection)
    for ibc_id in ibc_ids:
        with database.write() as connection:
            begin_log(connection, ibc_id)
        records = demo(consumers, 1, TODAY)
        while chunk := list(islice(records, IMPORT_ROWS_MAX)):
            puts = [Put(one.entity, one.id, one.fields) for one in chunk]
            with database.write() as connection:
                write(connection, ibc_id, author_id="billing", puts=puts, now=now_ms())
        post(database, ibc_id, now_ms())


def enrol(database: Database, ibc_id: str, officer: int, number: int) -> Phone:
    """A phone of the IBC's officer of that place in the list, enrolled without code and PIN."""
    person = staff_id(list(officer_numbers())[officer])
    key = Ed25519PrivateKey.generate()
    with database.write() as connection:
        card = next(one for one in active_cards(connection, person) if one.ibc_id == ibc_id)
        enrolled = Enrolled(ibc_id=ibc_id, device_id=new_id(), card=card, repeated=False)
        public_key = to_base64url(key.public_key().public_bytes_raw())
        create_device(connection, enrolled, public_key, now=now_ms())
        accounts = [
            row.account_no
            for row in fetch(
                connection,
                "SELECT account_no FROM consumers WHERE ibc_id = :ibc_id ORDER BY account_no",
                ibc_id=ibc_id,
            )
        ]
    return Phone(
        ibc_id=ibc_id,
        device_id=enrolled.device_id,
        staff_id=person,
        number=number,
        accounts=accounts,
        key_bytes=key.private_bytes_raw(),
    )


def open_round(database: Database, phone: Phone) -> None:
    """An open round of the phone's officer with a stop at every consumer of the IBC."""
    round_id = derived_id("benchmark round", phone.staff_id)
    walk = {
        "area_id": area_id(LOCALITIES[0]),
        "officer_id": phone.staff_id,
        "business_date": TODAY.isoformat(),
        "kind": "collection",
        "planned_count": len(phone.accounts),
        "state": "assigned",
    }
    puts = [Put("round", round_id, walk)]
    for order, account_no in enumerate(phone.accounts, start=1):
        stop = {
            "round_id": round_id,
            "account_no": account_no,
            "walk_order": order,
            "reason": "two months unpaid",
            "expected_paisa": 5_000_00,
            "state": "pending",
        }
        puts.append(Put("stop", derived_id("benchmark stop", round_id, account_no), stop))
    for start in range(0, len(puts), IMPORT_ROWS_MAX):
        chunk = puts[start : start + IMPORT_ROWS_MAX]
        with database.write() as connection:
            write(connection, phone.ibc_id, author_id="supervisor", puts=chunk, now=now_ms())
