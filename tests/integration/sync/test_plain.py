"""What was made ready before the lock ends as what is decided under it, mutation by mutation."""

from itertools import count
from random import Random

import orjson
import pytest

import sync.collisions
from infra.database import Database, fetch
from infra.ids import derived_id
from models import ENTITIES
from sync.intake import read_mutations
from sync.known import KnownAccounts
from sync.parcel import Carried, Parcel
from sync.push import Prepared, prepare, push_together
from tests.building import NOW, a_collection, a_phone, a_visit, an_issue, words
from tests.integration.sync import looking

ROUNDS = 25
TABLES = sorted(
    {entity.table.name for entity in ENTITIES.values()}
    | {"mutations", "feed", "claims", "device_chains", "chain_links", "log_heads", "scope_heads"}
    | {"exceptions", "waiting"}
)


class Undone(Exception):
    """Everything was written and looked at: now it must not have been."""


class Chance:
    """Parcels as phones send them, and now and then as they should not."""

    def __init__(self, seed, ibc, phones):
        self.dice, self.ibc, self.phones = Random(seed), ibc, phones
        self.receipts = dict.fromkeys((phone.device_id for phone in phones), 0)
        self.taken = [derived_id("a collection that nobody took")]

    def parcels(self):
        phones = self.dice.sample(self.phones, self.dice.choice((1, 2, 3)))
        return [self.parcel(phone) for phone in phones]

    def parcel(self, phone):
        odd = 0.15 if self.dice.random() < 0.4 else 0
        rows = [self.row(phone, odd) for _ in range(self.dice.randrange(1, 6))]
        mutations = read_mutations(orjson.loads(orjson.dumps(rows)), NOW)
        return Parcel(phone.author, mutations, Carried())

    def row(self, phone, odd):
        entity, fields = self.dice.choice((self.money, self.visit, self.issue, self.void))(
            phone, odd
        )
        if self.dice.random() < odd:
            phone.seq += 1  # a number that never comes
        row = phone.put(entity, fields)
        if entity == "collection":
            self.taken.append(row["record_id"])
        return row

    def account(self, odd):
        return "9999999999999" if self.dice.random() < odd else self.dice.choice(self.ibc.accounts)

    def money(self, phone, odd):
        self.receipts[phone.device_id] += self.dice.random() >= odd
        prefix = "QZ" if self.dice.random() < odd else f"DE0P{self.phones.index(phone)}"
        number = f"{prefix}-{self.receipts[phone.device_id]:06d}"
        return "collection", a_collection(self.account(odd), number)

    def visit(self, _phone, odd):
        promise = {"outcome": "promise"} if self.dice.random() < odd else {}
        return "visit", a_visit(self.account(odd), remark="two\nlines") | promise

    def issue(self, _phone, odd):
        return "meter_issue", an_issue(self.account(odd), reading_kwh=self.dice.randrange(500))

    def void(self, _phone, odd):
        which = self.taken[0] if self.dice.random() < odd else self.dice.choice(self.taken)
        return "receipt_void", {"collection_id": which, "reason": "wrong house"}


def what_it_would_write(database: Database, prepared: list[Prepared], monkeypatch):
    """The outcomes, and every table as it would be; nothing stays written."""
    seen = {}
    numbers = count()
    monkeypatch.setattr(
        sync.collisions, "new_id", lambda: derived_id("by the server", str(next(numbers)))
    )

    def transact(work):
        try:
            with database.write() as connection:
                seen["pushed"] = work(connection)
                seen["tables"] = {
                    table: sorted(map(repr, fetch(connection, f"SELECT * FROM {table}")))
                    for table in TABLES
                }
                raise Undone  # noqa: TRY301  # it ends the transaction
        except Undone:
            return seen["pushed"]

    monkeypatch.setattr(database, "transact", transact)
    pushed = push_together(database, "DEF", lambda: prepared, NOW)
    monkeypatch.undo()
    return [(words(one.outcomes), one.missing, one.logged) for one in pushed], seen["tables"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_ready_or_decided_one_by_one_everything_ends_the_same(
    database, ibc, seed, monkeypatch
):
    phones = [a_phone(database, ibc, name=f"p{n}") for n in range(3)]
    chance, accounts = Chance(seed, ibc, phones), KnownAccounts(database)
    plain = 0
    for _ in range(ROUNDS):
        prepared = [prepare(accounts, "DEF", parcel, NOW) for parcel in chance.parcels()]
        plain += sum(one.plain is not None for one in prepared)
        undecided = [one._replace(plain=None) for one in prepared]

        ready = what_it_would_write(database, prepared, monkeypatch)
        decided = what_it_would_write(database, undecided, monkeypatch)

        assert ready == decided
        push_together(database, "DEF", lambda prepared=prepared: prepared, NOW)
    assert plain > ROUNDS / 2


def test_accounts_known_before_a_restore_are_asked_for_again(database, ibc, phone):
    accounts = KnownAccounts(database)

    def push_a_visit():
        mutations = read_mutations([phone.put("visit", a_visit(ibc.accounts[0]))], NOW)
        prepared = prepare(accounts, "DEF", Parcel(phone.author, mutations), NOW)
        return push_together(database, "DEF", lambda: [prepared], NOW)[0]

    first = push_a_visit()
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE log_heads SET epoch = 'restored'")
        connection.exec_driver_sql(f"DELETE FROM consumers WHERE account_no = '{ibc.accounts[0]}'")

    second = push_a_visit()
    accounts.is_now("DEF", second.epoch)

    assert words(first.outcomes) == ["applied"]
    assert words(second.outcomes) == ["held UNKNOWN_ACCOUNT"]
    assert accounts.among("DEF", [ibc.accounts[0]]).accounts == set()
    assert looking.count(database, "visits") == 2
