"""Seeded days of chance: whatever the office and three phones do, each ends with what it may see."""

import os
from random import Random

import pytest

from infra.ids import derived_id
from models import ENTITIES
from models.declaration import Owner
from sync.office import Put, write_books
from tests.building import (
    NOW,
    Phone,
    a_bill,
    a_collection,
    a_notice,
    a_phone,
    a_put,
    a_round,
    a_stop,
    a_visit,
    an_issue,
    office_write,
)
from tests.integration.sync.looking import rows
from tests.integration.sync.seeing import held_by, visible_to

STEPS = 70
SEEDS = [int(seed) for seed in os.environ.get("SYNC_SEEDS", "1 2 3 4 5 6 7 8").split()]
"""More of them: SYNC_SEEDS="$(seq -s' ' 200)"."""


class Day:
    """One day: an office and three phones, and what they may do next."""

    def __init__(self, database, ibc, seed):
        self.database, self.ibc, self.dice = database, ibc, Random(seed)
        self.phones = [
            a_phone(database, ibc),
            a_phone(database, ibc, name="2"),
            a_phone(database, ibc, officer=1),
        ]
        self.outbox: dict[str, list] = {phone.device_id: [] for phone in self.phones}
        self.made = 0

    def name(self) -> str:
        self.made += 1
        return f"{self.made:06d}"

    def live(self) -> None:
        doings = (
            (self.write_master, 3),
            (self.write_books, 1),
            (self.plan_round, 2),
            (self.move_round, 4),
            (self.move_stop, 2),
            (self.record, 5),
            (self.edit, 4),
            (self.send, 6),
            (self.fetch, 6),
        )
        for _ in range(STEPS):
            (doing,) = self.dice.choices([d for d, _ in doings], [weight for _, weight in doings])
            doing()

    # The office

    def write(self, *puts) -> None:
        office_write(self.database, self.ibc.code, *puts)

    def write_master(self) -> None:
        account, name = self.dice.choice(self.ibc.accounts), self.name()
        consumer = derived_id("consumer", account)
        self.write(
            self.dice.choice(
                [
                    a_bill(account, f"B{name}"),
                    a_notice(account, f"N{name}"),
                    a_put("meter", derived_id("meter", name), account_no=account, meter_no=name),
                    Put("consumer", consumer, {"name": f"Name {name}"}),
                    Put("consumer", consumer, {"area_id": self.dice.choice(self.ibc.areas)}),
                    a_put("area", self.dice.choice(self.ibc.areas), name=f"Area {name}"),
                ]
            )
        )

    def write_books(self) -> None:
        account = self.dice.choice(self.ibc.accounts)
        fields = a_put("position", derived_id("consumer", account), account_no=account).fields
        put = Put(
            "position",
            derived_id("consumer", account),
            fields | {"due_paisa": self.dice.randrange(9999)},
        )
        with self.database.write() as connection:
            write_books(connection, self.ibc.code, puts=[put], body={}, now=NOW)

    def plan_round(self) -> None:
        round_id = derived_id("round", self.name())
        accounts = self.dice.choices(self.ibc.accounts, k=self.dice.randint(0, 4))
        officer = self.dice.choice([*self.ibc.officers, None])
        state = self.dice.choice(["planned", "assigned"])
        area = self.dice.choice(self.ibc.areas)
        stops = [a_stop(derived_id("stop", self.name()), round_id, account) for account in accounts]
        puts = [a_round(round_id, area, officer, state=state), *stops]
        self.dice.shuffle(puts)
        self.write(*puts)

    def move_round(self) -> None:
        found = self.rows("SELECT id, state FROM rounds")
        walk = self.dice.choice(found)
        steps = [
            wanted
            for (current, wanted), owner in ENTITIES["round"].sync.states.items()
            if current == walk.state and owner is Owner.OFFICE
        ]
        fields = {}
        if steps and self.dice.random() < 0.5:
            fields["state"] = self.dice.choice(steps)
        if not fields or self.dice.random() < 0.3:
            fields["officer_id"] = self.dice.choice([*self.ibc.officers, None])
        puts = [Put("round", walk.id, fields)]
        if self.dice.random() < 0.3:
            puts += self._stop_moves()
            self.dice.shuffle(puts)
        self.write(*puts)

    def move_stop(self) -> None:
        self.write(*self._stop_moves())

    def _stop_moves(self):
        stop = self.dice.choice(self.rows("SELECT id FROM stops"))
        walks = [row.id for row in self.rows("SELECT id FROM rounds")]
        changes = [
            {"round_id": self.dice.choice(walks)},
            {"account_no": self.dice.choice(self.ibc.accounts)},
            {"walk_order": self.dice.randrange(100)},
            {
                "round_id": self.dice.choice(walks),
                "account_no": self.dice.choice(self.ibc.accounts),
            },
        ]
        return [
            Put("stop", stop.id, fields)
            for fields in self.dice.sample(changes, k=self.dice.randint(1, 2))
        ]

    # The phones

    def phone(self) -> Phone:
        return self.dice.choice(self.phones)

    def record(self) -> None:
        phone, account, name = self.phone(), self.dice.choice(self.ibc.accounts), self.name()
        taken = [row.id for row in self.rows("SELECT id FROM collections")]
        notices = [row.id for row in self.rows("SELECT id FROM notices")]
        taken.append(derived_id("collection", self.name()))
        notices.append(derived_id("notice", f"N{self.made + 3:06d}"))
        entity, fields, record_id = self.dice.choice(
            [
                ("visit", a_visit(account), None),
                ("collection", a_collection(account, f"Q3-{name}"), derived_id("collection", name)),
                ("collection", a_collection(account, "Q3-000001"), None),
                ("collection", a_collection("9900000000001", f"Q3-{name}"), None),
                ("meter_issue", an_issue(account), None),
                (
                    "receipt_void",
                    {"collection_id": self.dice.choice(taken), "reason": "x"},
                    None,
                ),
                (
                    "notice_service",
                    {
                        "notice_id": self.dice.choice(notices),
                        "account_no": account,
                        "method": self.dice.choice(["hand", "pasted"]),
                    },
                    None,
                ),
            ]
        )
        self.save(phone, phone.put(entity, fields, record_id=record_id))

    def edit(self) -> None:
        phone = self.phone()
        known = [key for key in sorted(phone.store) if key[0] in ("meter_issue", "stop", "round")]
        if not known:
            return
        entity, record_id = self.dice.choice(known)
        version = phone.store[(entity, record_id)]["version"]
        op, fields = "put", {"remark": self.name()}
        if entity != "meter_issue":
            states = sorted({state for step in ENTITIES[entity].sync.states for state in step})
            fields = {"state": self.dice.choice(states)}
        elif self.dice.random() < 0.3:
            op, fields = "delete", {}
        elif self.dice.random() < 0.5:
            fields = {"reading_kwh": self.dice.randrange(1000)}
        self.save(
            phone,
            phone.put(entity, fields, record_id=record_id, base_version=version, op=op),
        )

    def save(self, phone: Phone, row) -> None:
        self.outbox[phone.device_id].append(row)

    def send(self) -> None:
        phone = self.phone()
        batch = self.outbox[phone.device_id][: self.dice.randint(1, 8)]
        if not batch:
            return
        phone.push(*batch)
        # When the answer is lost the phone sends it all again.
        if self.dice.random() < 0.8:
            del self.outbox[phone.device_id][: len(batch)]

    def fetch(self) -> None:
        phone = self.phone()
        pages = self.dice.choice([1, 2, 1000])
        limit = self.dice.choice([1, 2, 3, 5, 2000])
        pending = len(self.outbox[phone.device_id])
        for _ in range(pages):
            if not phone.pull(limit=limit, pending=pending).more:
                return

    def end(self) -> None:
        for phone in self.phones:
            for row in self.outbox[phone.device_id]:
                phone.push(row)
        for phone in self.phones:
            phone.pull_all(limit=self.dice.choice([1, 2, 3, 2000]))

    def rows(self, statement):
        return sorted(rows(self.database, statement))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_phone_ends_with_what_it_may_see(database, ibc, seed):
    day = Day(database, ibc, seed)

    day.live()
    day.end()

    for phone in day.phones:
        seen, visible = held_by(phone), visible_to(phone)
        assert seen.keys() - visible.keys() == set()
        assert visible.keys() - seen.keys() == set()
        for key, record in visible.items():
            assert seen[key] == record
