"""Two hundred phones at one IBC, whose rounds are taken, split and given back while answers get lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from auth import tokens
from auth.keys import Keys, keys_of
from auth.proofs import to_base64url
from auth.roles import Role
from auth.tokens import Claims
from infra.database import Database, fetch, insert_rows
from infra.ids import derived_id, new_id
from models.identity import ReceiptBlock
from models.log import Grant
from sync.client import Device, Lost, Store
from sync.client_facts import Frozen
from sync.writing import begin_log
from tests.building import NOW, Phone, a_consumer, a_put, a_round, a_stop, an_issue, office_write
from tests.integration.first.phones import Wire
from tests.integration.office.conftest import SECRET_KEY
from tests.integration.office.desk import a_desk
from tests.integration.sync.seeing import visible_to
from tests.simulation.scopes.oracle import Notebook

CODE = "CRD"
REGION = "09"
AREAS = 10
STOPS_OF_A_ROUND = 3
LETTERS = "ABCDEFGHJK"
LOST_BEFORE, LOST_AFTER, TWICE = 0.08, 0.12, 0.05
"""Of all exchanges: never arrived, answered and not heard, sent twice."""
SYNC_CHANCE, OFFICE_CHANCE = 0.5, 0.2
"""That a phone exchanges after its work; that the office moves something after a phone's turn."""


class CutWire(Wire):
    """The way of one phone, with the weather of the seed."""

    def __init__(self, client: Any, dice: Random) -> None:
        super().__init__(client)
        self.dice = dice
        self.clear = False

    def post(self, path: str, value: Any, token: str | None = None, *, packed: bool = False) -> Any:
        weather = 1.0 if self.clear else self.dice.random()
        if weather < LOST_BEFORE:
            raise Lost("the request never arrived")
        if weather < LOST_BEFORE + TWICE:
            super().post(path, value, token, packed=packed)
        said = super().post(path, value, token, packed=packed)
        if weather > 1.0 - LOST_AFTER and not self.clear:
            raise Lost("the answer was cut")
        return said


@dataclass
class Crowd:
    """The phones, the office that moves their work, and what they wrote down."""

    database: Database
    supervisor: Any
    """A desk of tests/integration/office/desk.py."""
    phones: list[Device]
    officers: list[str]
    accounts: list[str]
    areas: list[str]
    dice: Random
    notebook: Notebook = field(default_factory=Notebook)
    recorded: dict[str, list[Frozen]] = field(default_factory=dict)
    """Phone → what was recorded on it."""

    def live(self, turns: int) -> None:
        """Everybody works, some sync, the office moves things; in the end all that is unsent comes."""
        for phone in self.phones:
            self._settle(phone)
        for _ in range(turns):
            for phone in self.dice.sample(self.phones, len(self.phones)):
                self._work(phone)
                if self.dice.random() < SYNC_CHANCE:
                    self._try(phone)
                if self.dice.random() < OFFICE_CHANCE:
                    self._move_something()
        # Once to bring what is unsent, once to hear what the others brought.
        for _ in range(2):
            for phone in self.phones:
                self._settle(phone)
        for phone in self.phones:
            phone.server.clear = True  # type: ignore[attr-defined]  # a CutWire
            told = phone.store.outcomes()
            self.notebook.told |= {
                (one.id, one.hash): told[one.seq]["outcome"]
                for one in self.recorded.get(phone.id, ())
                if one.seq in told
            }

    # The street

    def _work(self, phone: Device) -> None:
        """A door of the round, or somebody in the street."""
        stops = [row for row in phone.store.rows("stop") if row["state"] == "pending"]
        match self.dice.randrange(4):
            case 0 if stops:
                self._knock(phone, self.dice.choice(stops))
            case 1 if stops:
                stop = self.dice.choice(stops)
                self._knock(phone, stop)
                self._take(phone, stop["account_no"])
            case 2:
                self._take(phone, self.dice.choice(self.accounts))
            case _:
                issue = self._record(
                    phone, "meter_issue", an_issue(self.dice.choice(self.accounts)), makes=True
                )
                self._edit(phone, "meter_issue", issue.record_id, {"severity": "high"})
        started = [row for row in phone.store.rows("round") if row["state"] == "assigned"]
        if started and self.dice.random() < 0.3:
            self._edit(phone, "round", self.dice.choice(started)["id"], {"state": "started"})

    def _knock(self, phone: Device, stop: dict[str, Any]) -> None:
        seen = {"account_no": stop["account_no"], "outcome": "not_home", "stop_id": stop["id"]}
        self._record(phone, "visit", seen, makes=True)
        state = self.dice.choice(("visited", "visited", "skipped"))
        if not phone.store.edits_waiting("stop", stop["id"]):
            self._edit(phone, "stop", stop["id"], {"state": state})

    def _take(self, phone: Device, account_no: str) -> None:
        paisa = self.dice.randrange(1, 90) * 100_00
        money = {"account_no": account_no, "tender": "cash", "amount_paisa": paisa}
        receipt, mutation = phone.collect(money)
        self.notebook.taken_paisa[receipt.number] = paisa
        self._note(phone, mutation, makes=True)

    def _edit(self, phone: Device, entity: str, record_id: str, fields: dict[str, Any]) -> None:
        version = phone.version(entity, record_id)
        self._note(
            phone,
            phone.record(entity, fields, record_id=record_id, base_version=version),
            makes=False,
        )

    def _record(self, phone: Device, entity: str, fields: dict[str, Any], *, makes: bool) -> Frozen:
        mutation = phone.record(entity, fields)
        self._note(phone, mutation, makes=makes)
        return mutation

    def _note(self, phone: Device, mutation: Frozen, *, makes: bool) -> None:
        self.notebook.note(mutation, makes=makes)
        self.recorded.setdefault(phone.id, []).append(mutation)

    def _try(self, phone: Device) -> None:
        try:
            phone.exchange()
        except Lost:
            return

    def _settle(self, phone: Device) -> None:
        phone.settle(lambda _seconds: None)

    # The office

    def _move_something(self) -> None:
        rows = self._rows(
            "SELECT id, version, state, officer_id FROM rounds WHERE ibc_id = :ibc_id "
            "AND state IN ('assigned', 'started', 'reassigned') ORDER BY id"
        )
        walk = self.dice.choice(rows)
        self._count_unsent(walk.officer_id)
        path = f"/rounds/{walk.id}"
        pending = self._rows(
            "SELECT id FROM stops WHERE ibc_id = :ibc_id AND round_id = :round_id "
            "AND state = 'pending' ORDER BY walk_order, id",
            round_id=walk.id,
        )
        some = [row.id for row in pending][: self.dice.randrange(1, STOPS_OF_A_ROUND)]
        match self.dice.randrange(6):
            case 0 | 1 | 2:
                self._reassign(walk, path)
            case 3 if some:
                split = {"officer_id": self.dice.choice(self.officers), "stops": some}
                self._ask(f"{path}/split", split, walk.version, key=new_id())
            case 4 if some:
                self._ask(f"{path}/withdraw", {"stops": some[:1]}, walk.version)
            case _:
                moved = {
                    "area_id": self.dice.choice(self.areas),
                    "accounts": self.dice.sample(self.accounts, 3),
                }
                self._ask("/consumers/move", moved, None)

    def _reassign(self, walk: Any, path: str) -> None:
        version = walk.version
        if walk.state == "started":
            self._ask(f"{path}/state", {"state": "reassigned"}, version)
            version += 1
        given = {"state": "assigned", "officer_id": self.dice.choice(self.officers)}
        self._ask(f"{path}/state", given, version)

    def _count_unsent(self, officer_id: str) -> None:
        phone = self.phones[self.officers.index(officer_id)]
        self.notebook.taken_with_unsent += phone.store.pending() > 0

    def _ask(self, path: str, body: Any, version: int | None, key: str | None = None) -> None:
        answer = self.supervisor.post(path, body, version=version, key=key)
        assert answer.status_code in (200, 201), answer.text

    def _rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        with self.database.read() as connection:
            return fetch(connection, statement, ibc_id=CODE, **parameters)


def strangers(crowd: Crowd, every: int) -> list[str]:
    """Records that a phone should not hold or lacks, by plain SQL over the rounds: of every so many."""
    wrong = []
    for phone in crowd.phones[::every]:
        seen_as = Phone(
            database=crowd.database, code=CODE, device_id=phone.id, officer_id=phone.staff_id
        )
        visible, held = visible_to(seen_as).keys(), phone.store.contents().keys()
        wrong += [f"{phone.id} lacks {name}" for name in visible - held]
        wrong += [f"{phone.id} should not hold {name}" for name in held - visible]
    return wrong


def open_office(database: Database, count: int) -> tuple[list[str], list[str], list[str]]:
    """An IBC with so many officers, a round of three doors for each: officers, accounts, areas."""
    areas = [derived_id(CODE, "area", str(n)) for n in range(AREAS)]
    officers = [derived_id(CODE, "officer", str(n)) for n in range(count)]
    accounts = [f"{REGION}{n:011d}" for n in range(count * STOPS_OF_A_ROUND)]
    with database.write() as connection:
        begin_log(connection, CODE)
    puts = [a_put("ibc", derived_id(CODE), code=CODE)]
    puts += [a_put("area", area, name=f"Area {n}") for n, area in enumerate(areas)]
    puts += [
        a_put("staff", officer, staff_no=f"C{n}", roles=["officer"], active=True)
        for n, officer in enumerate(officers)
    ]
    puts += [
        a_consumer(account, area_id=areas[n % AREAS], walk_order=n)
        for n, account in enumerate(accounts)
    ]
    for n, officer in enumerate(officers):
        round_id = derived_id(CODE, "round", str(n))
        puts.append(a_round(round_id, areas[n % AREAS], officer, planned_count=STOPS_OF_A_ROUND))
        doors = accounts[n * STOPS_OF_A_ROUND : (n + 1) * STOPS_OF_A_ROUND]
        puts += [
            a_stop(derived_id(round_id, account), round_id, account, walk_order=place)
            for place, account in enumerate(doors)
        ]
    office_write(database, CODE, *puts)
    return officers, accounts, areas


def enrol(
    database: Database, client: Any, keys: Keys, officers: Sequence[str], seed: int
) -> list[Device]:
    """A phone for each officer, enrolled at once."""
    phones, cards, grants, blocks = [], [], [], []
    for n, officer in enumerate(officers):
        device_id = derived_id(CODE, "device", str(n))
        prefix = f"{LETTERS[n // 100]}{n % 100:02d}"
        dice = Random(f"{seed} wire {n}")  # weather, not a secret
        phone = Device(CutWire(client, dice), Store(), now=lambda: NOW)  # type: ignore[arg-type]
        claims = Claims(staff_id=officer, device_id=device_id, ibc_id=CODE)
        for name, value in {
            "device_id": device_id,
            "ibc": CODE,
            "staff": {"id": officer},
            "access_token": tokens.issue(keys, claims, now=NOW),
            "receipt_secret": "A" * 43,
            "receipt_block": {"prefix": prefix, "first_serial": 1, "last_serial": 500},
            "receipts_used": 0,
        }.items():
            phone.store.keep(name, value)
        public_key = to_base64url(phone._own_key().public_key().public_bytes_raw())
        cards.append(
            a_put("device", device_id, staff_id=officer, public_key=public_key, state="active")
        )
        scopes = {f"device:{device_id}": [f"device:{device_id}", f"ibc:{CODE}"]}
        grants += [
            {"ibc_id": CODE, "holder": holder, "scope": scope, "seq": 0, "state": "held"}
            for holder, held in scopes.items()
            for scope in held
        ]
        block = {"prefix": prefix, "ibc_id": CODE, "device_id": device_id, "kind": "phone"}
        span = {"first_serial": 1, "last_serial": 500, "issued_at": NOW, "state": "issued"}
        blocks.append(block | span)
        phones.append(phone)
    office_write(database, CODE, *cards)
    with database.write() as connection:
        insert_rows(connection, Grant.__table__, grants)
        insert_rows(connection, ReceiptBlock.__table__, blocks)
    return phones


def a_crowd(database: Database, client: Any, count: int, seed: int) -> Crowd:
    """An office, its phones and its supervisor, as the seed has it."""
    officers, accounts, areas = open_office(database, count)
    keys = keys_of(SECRET_KEY)
    phones = enrol(database, client, keys, officers, seed)
    return Crowd(
        database=database,
        supervisor=a_desk(client, database, keys, CODE, Role.SUPERVISOR),
        phones=phones,
        officers=officers,
        accounts=accounts,
        areas=areas,
        dice=Random(f"{seed} crowd"),  # a street, not a secret
    )
