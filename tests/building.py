"""What tests are made of: an IBC with its people and doors, mutations, and phones that behave as phones do."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from infra.clock import from_rfc3339, rfc3339
from infra.database import Database, insert_rows
from infra.ids import derived_id, new_id
from infra.limits import PAGE_CHANGES_MAX
from infra.strict_json import canonical
from infra.tenancy import within
from models import ENTITIES
from models.declaration import Owner
from models.identity import ReceiptBlock
from schemas.samples import sample_put
from sync.intake import read_mutations
from sync.membership import grant
from sync.mutation import Author, Origin
from sync.office import Put, write
from sync.outcomes import Outcome
from sync.parcel import Carried, Pushed
from sync.pull import Page, Reader, pull
from sync.push import push
from sync.writing import begin_log

NOW = from_rfc3339("2026-04-08T09:00:00.000Z")
CLERK = derived_id("clerk")
TRUSTED = Carried()
PAGES_MAX = 100_000
"""More pages than any test needs: a pull that never ends is a failure, not a wait."""

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Office:
    """An IBC with two areas, two officers, six consumers, and one round with three stops."""

    code: str
    areas: tuple[str, ...]
    officers: tuple[str, ...]
    accounts: tuple[str, ...]
    consumers: tuple[str, ...]
    round_id: str
    stops: tuple[str, ...]


def an_office(database: Database, code: str, region: int) -> Office:
    """Write a whole IBC; the accounts of `region` begin with its two digits."""
    accounts = tuple(f"{region:02d}000{n:08d}" for n in range(1, 7))
    built = Office(
        code=code,
        areas=tuple(derived_id(code, "area", n) for n in "12"),
        officers=tuple(derived_id(code, "officer", n) for n in "12"),
        accounts=accounts,
        consumers=tuple(derived_id("consumer", account) for account in accounts),
        round_id=derived_id(code, "round", "1"),
        stops=tuple(derived_id(code, "stop", n) for n in "123"),
    )
    with database.write() as connection:
        begin_log(connection, code)
    puts = [a_put("ibc", derived_id(code), code=code)]
    puts += [a_put("area", area, name=f"Area {n}") for n, area in enumerate(built.areas)]
    puts += [
        a_put("staff", officer, staff_no=f"O{region}{n}")
        for n, officer in enumerate(built.officers)
    ]
    puts += [
        a_consumer(account, area_id=built.areas[n // 3], walk_order=n)
        for n, account in enumerate(accounts)
    ]
    puts.append(a_round(built.round_id, built.areas[0], built.officers[0]))
    puts += [
        a_stop(stop, built.round_id, account, walk_order=n)
        for n, (stop, account) in enumerate(zip(built.stops, accounts[:3], strict=True))
    ]
    office_write(database, code, *puts)
    return built


def office_write(database: Database, code: str, *puts: Put, now: int = NOW) -> list[int]:
    with within(code):
        return database.transact(
            lambda connection: write(connection, code, author_id=CLERK, puts=puts, now=now)
        )


def a_put(entity: str, record_id: str, **fields: Any) -> Put:
    """A first put by the office, all of it, with the fields that matter to the test."""
    return Put(entity, record_id, sample_put(ENTITIES[entity], Owner.OFFICE) | fields)


def a_consumer(account_no: str, **fields: Any) -> Put:
    named = {"account_no": account_no, "name": f"Consumer {account_no}"}
    return a_put("consumer", derived_id("consumer", account_no), **named | fields)


def a_bill(account_no: str, invoice_no: str, **fields: Any) -> Put:
    named = {"account_no": account_no, "invoice_no": invoice_no}
    return a_put("bill", derived_id("bill", invoice_no), **named | fields)


def a_notice(account_no: str, notice_no: str, **fields: Any) -> Put:
    named = {"account_no": account_no, "notice_no": notice_no, "state": "issued", "served_on": None}
    return a_put("notice", derived_id("notice", notice_no), **named | fields)


def a_round(round_id: str, area_id: str, officer_id: str | None, **fields: Any) -> Put:
    named = {"area_id": area_id, "officer_id": officer_id, "state": "assigned"}
    return a_put("round", round_id, **named | fields)


def a_stop(stop_id: str, round_id: str, account_no: str, **fields: Any) -> Put:
    named = {"round_id": round_id, "account_no": account_no, "state": "pending"}
    return a_put("stop", stop_id, **named | fields)


def a_collection(account_no: str | None, receipt_no: str, **fields: Any) -> Row:
    """The fields of money taken in cash."""
    usual = {
        "receipt_no": receipt_no,
        "account_no": account_no,
        "tender": "cash",
        "amount_paisa": 500_00,
    }
    return usual | fields


def a_visit(account_no: str, **fields: Any) -> Row:
    return {"account_no": account_no, "outcome": "not_home"} | fields


def an_issue(account_no: str, **fields: Any) -> Row:
    usual = {
        "account_no": account_no,
        "fault_code": "stuck",
        "severity": "normal",
        "safety": False,
        "remark": "stands still",
    }
    return usual | fields


def body_hash(row: Row) -> str:
    return hashlib.sha256(canonical(row)).hexdigest()


@dataclass(kw_only=True)
class Phone:
    """An enrolment: numbers and chains its mutations, keeps what it pulled and what it wrote."""

    database: Database
    code: str
    device_id: str
    officer_id: str
    seq: int = 0
    prev: str = ""
    cursor: str | None = None
    epoch: str | None = None
    store: dict[tuple[str, str], Row] = field(default_factory=dict)

    @property
    def author(self) -> Author:
        return Author(id=self.device_id, origin=Origin.DEVICE, officer_id=self.officer_id)

    @property
    def reader(self) -> Reader:
        return Reader(ibc_id=self.code, device_id=self.device_id, officer_id=self.officer_id)

    def put(
        self,
        entity: str,
        fields: Row,
        *,
        record_id: str | None = None,
        base_version: int | None = None,
        op: str = "put",
        **envelope: Any,
    ) -> Row:
        """Save a mutation: numbered, chained and frozen."""
        self.seq += 1
        row: Row = {
            "id": new_id(),
            "seq": self.seq,
            "entity": entity,
            "op": op,
            "record_id": record_id or new_id(),
            "base_version": base_version,
            "occurred_at": rfc3339(NOW - 60_000),
            "fields": fields,
        }
        row["prev"] = self.prev
        row |= envelope
        self.prev = body_hash(row)
        return row

    def push(self, *rows: Any, carried: Carried = TRUSTED, now: int = NOW) -> Pushed:
        """Send rows; what was applied becomes part of the store, as a phone keeps what it wrote."""
        sent: list[Any] = orjson.loads(orjson.dumps(rows))
        mutations = read_mutations(sent, now)
        with within(self.code):
            pushed = push(self.database, self.code, self.author, mutations, now, carried)
        for row, outcome in zip(rows, pushed.outcomes, strict=True):
            if not outcome.replayed:
                self._keep(row, outcome)
        return pushed

    def push_one(self, row: Any, carried: Carried = TRUSTED) -> Outcome:
        return self.push(row, carried=carried).outcomes[0]

    def pull(self, *, limit: int = PAGE_CHANGES_MAX, pending: int = 0) -> Page:
        """Take one page in."""
        with within(self.code), self.database.read() as connection:
            page = pull(connection, self.reader, self.cursor, limit=limit, pending=pending)
        self.apply(page)
        return page

    def pull_all(self, *, limit: int = PAGE_CHANGES_MAX, pending: int = 0) -> list[Page]:
        """Pull until there is no more."""
        pages = []
        for _ in range(PAGES_MAX):
            pages.append(self.pull(limit=limit, pending=pending))
            if not pages[-1].more:
                return pages
        raise AssertionError("the pull never ends")

    def apply(self, page: Page) -> None:
        if page.epoch != self.epoch:
            # Reading for the first time, or anew: everything comes, its own writes too.
            self.store.clear()
            self.epoch = page.epoch
        for entity, changes in changes_of(page).items():
            for row in changes["put"]:
                values = dict(zip(changes["fields"], row, strict=True))
                self.store[(entity, values["id"])] = values
            for record_id, _why in changes["drop"]:
                self.store.pop((entity, record_id), None)
        self.cursor = page.cursor

    def has(self, entity: str) -> set[str]:
        return {record_id for name, record_id in self.store if name == entity}

    def see(self, entity: str, record_id: str) -> Row:
        return self.store[(entity, record_id)]

    def _keep(self, row: Any, outcome: Outcome) -> None:
        if outcome.outcome.value not in ("applied", "held") or outcome.version is None:
            return
        key = (row["entity"], row["record_id"])
        if row["op"] == "delete":
            self.store.pop(key, None)
            return
        if row["base_version"] is not None and key not in self.store:
            # An edit of what it was told to drop, or has not read yet, makes no record.
            return
        header = ENTITIES[row["entity"]].header
        fresh = dict.fromkeys(header) | {"id": row["record_id"]}
        if "occurred_at" in header:
            fresh["occurred_at"] = row["occurred_at"]
        self.store[key] = self.store.get(key, fresh) | row["fields"] | {"version": outcome.version}


RECEIPT_BOOKS = {("DEF", 0, "1"): "Q3", ("DEF", 0, "2"): "Q5", ("DEF", 1, "1"): "Q4"}
"""The prefix of the receipts that each phone of the first office was given; Z9 at the second."""


def give_receipts(database: Database, phone: Phone, prefix: str, kind: str = "phone") -> None:
    """A block of receipt numbers, as long as a test may want it."""
    row = {
        "prefix": prefix,
        "ibc_id": phone.code,
        "device_id": phone.device_id,
        "kind": kind,
        "first_serial": 1,
        "last_serial": 999_999,
        "issued_at": NOW,
        "state": "issued",
    }
    with database.write() as connection:
        insert_rows(connection, ReceiptBlock.__table__, [row], on_conflict="ignore")


def a_phone(database: Database, office: Office, officer: int = 0, name: str = "1") -> Phone:
    """Enrol a phone of one of the office's officers, with its own receipt numbers."""
    officer_id = office.officers[officer]
    device_id = derived_id(office.code, "device", str(officer), name)
    with database.write() as connection:
        own = [f"device:{device_id}", f"ibc:{office.code}"]
        grant(connection, office.code, f"device:{device_id}", own)
        grant(connection, office.code, f"officer:{officer_id}", [f"officer:{officer_id}"])
    phone = Phone(database=database, code=office.code, device_id=device_id, officer_id=officer_id)
    usual = f"{office.code[:2]}{officer}{name}".upper()
    give_receipts(database, phone, RECEIPT_BOOKS.get((office.code, officer, name), usual[:6]))
    if office.code == "CLF":
        give_receipts(database, phone, "Z9")
    return phone


def changes_of(page: Page) -> dict[str, Any]:
    return orjson.loads(page.json(NOW))["changes"]


def put_ids(pages: Iterable[Page], entity: str) -> list[str]:
    """The ids that pages bring of an entity, each as often as it came."""
    found = []
    for page in pages:
        changes = changes_of(page).get(entity)
        found += [row[0] for row in changes["put"]] if changes else []
    return found


def dropped_ids(pages: Iterable[Page], entity: str) -> list[str]:
    found = []
    for page in pages:
        changes = changes_of(page).get(entity)
        found += [record_id for record_id, _ in changes["drop"]] if changes else []
    return found


def words(outcomes: Sequence[Outcome]) -> list[str]:
    """Outcomes in short: `applied`, or the word with its code."""
    return [f"{o.outcome.value} {o.code}" if o.code else o.outcome.value for o in outcomes]
