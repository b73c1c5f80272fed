"""The officers with their phones: each enrols, pulls, walks the round, syncs in pieces, and writes it down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from threading import Lock
from typing import Any

from infra.clock import Milliseconds, local_date, now_ms, pause
from infra.ids import new_id
from models.demo import DemoCredential
from sync.client import Device, Lost, Repair, Server
from sync.client_facts import Frozen, freeze
from sync.client_http import wait_seconds
from tests.simulation.day.network import Address, BadNetwork
from tests.simulation.day.oracle import Fact, Notebook, Shown
from tests.simulation.day.plan import MINUTE_MS, Deed, Door, Walk, walk

UNKNOWN_ACCOUNTS = ("9999999999991", "9999999999992")
"""Thirteen digits that no office has ever given."""
HASTE = 0.02
"""A day in a minute: phones wait a fiftieth of what they would."""
TRIES_MAX = 12
TIMEZONE = "Asia/Karachi"
TOO_MUCH_PAISA = 1_000_00


@dataclass(slots=True)
class Progress:
    """How much of the day is done, and what is to happen at which share of it; threads share it."""

    facts_in_all: int
    events: list[tuple[float, Callable[[], None]]]
    """Shares of the day in order, each with what happens when it is reached."""
    done: int = 0
    lock: Lock = field(default_factory=Lock)

    def add(self, facts: int) -> None:
        with self.lock:
            self.done += facts
            due = [event for share, event in self.events if share * self.facts_in_all <= self.done]
            self.events = self.events[len(due) :]
        for event in due:
            event()


@dataclass(slots=True)
class Officer:
    """One officer's day."""

    person: DemoCredential
    device: Device
    network: BadNetwork
    notebook: Notebook
    began_at: Milliseconds
    walk: Walk = field(default_factory=lambda: Walk(deeds=()))
    records: dict[str, str] = field(default_factory=dict)
    """Label of a deed → the record it made."""
    groups: dict[str, str] = field(default_factory=dict)
    frozen: list[Frozen] = field(default_factory=list)
    held_back: set[int] = field(default_factory=set)
    round_ids: tuple[str, ...] = ()
    """The rounds that he had in the morning."""

    def morning(self, code: str, facts: int, seed: int) -> None:
        """Enrol, load the first download, pull the rest, look at the doors and plan the walk."""
        persist(lambda: self.device.enrol(code, self.person.staff_no, str(self.person.pin)))
        persist(self.device.download)
        self.settle()
        self.round_ids = tuple(row["id"] for row in self.device.store.rows("round"))
        self.walk = walk(
            stops=self._stops(),
            directory=self._directory(),
            facts=facts,
            seed=f"{seed} {self.person.staff_no}",
            unknown=UNKNOWN_ACCOUNTS,
        )

    def walk_the_round(self, progress: Progress) -> None:
        """Record piece by piece, exchanging after each; what is to be late stays on the phone."""
        place = 0
        for piece in self.walk.pieces:
            self._do_piece(place, piece)
            place += piece
            self.settle()
            progress.add(piece)

    def walk_until_it_is_lost(self, progress: Progress) -> None:
        """Half of the round; what was recorded since the last exchange is lost with the phone."""
        place = 0
        for piece in self.walk.pieces[: max(len(self.walk.pieces) // 2, 2)]:
            self.settle()
            progress.add(piece)
            self._do_piece(place, piece)
            place += piece
        with self.notebook.lock:
            self._note_what_was_told()
        # The day goes on without him.
        progress.add(len(self.walk.deeds) - place)

    def _do_piece(self, place: int, piece: int) -> None:
        for at in range(place, place + piece):
            mutation = self._do(self.walk.deeds[at])
            if at in self.walk.late:
                self.held_back.add(mutation.seq)

    def bring_the_late(self) -> None:
        """After everything else: what the phone still held."""
        self.held_back.clear()
        self.settle()

    def reuse_an_id(self) -> None:
        """A phone gone wrong: another payload under the id of an earlier receipt."""
        old = next(one for one in self.frozen if one.entity == "collection").said
        seq, last_hash = self.device.store.chain_end()
        amount = old["fields"]["amount_paisa"] + TOO_MUCH_PAISA
        again = freeze(
            seq=seq + 1,
            prev=last_hash,
            mutation_id=old["id"],
            entity="collection",
            op="put",
            record_id=old["record_id"],
            base_version=None,
            occurred_at=self.began_at,
            fields={
                **{k: v for k, v in old["fields"].items() if k not in CHANGED_WITH_AMOUNT},
                "amount_paisa": amount,
            },
        )
        self.device.store.append(again)
        self.frozen.append(again)
        self.notebook.note(self._fact(again))
        self.notebook.reused.append(amount)
        self.settle()

    def evening(self) -> None:
        """One more pull, and a look at what the phone was told."""
        self.settle()
        with self.notebook.lock:
            self._note_what_was_told()

    def differs_after_a_comparison(self) -> str:
        """What the phone's own comparison with the server found; nothing when it was equal."""
        repairs: list[Repair] = []
        persist(lambda: repairs.append(self.device.compare()))
        done = repairs[-1]
        if done.equal and not done.put and not done.dropped:
            return ""
        return f"equal {done.equal}, {done.put} rows put, {done.dropped} dropped"

    def _note_what_was_told(self) -> None:
        told = self.device.store.outcomes()
        for one in self.frozen:
            if one.seq in told:
                self.notebook.told[(one.id, one.hash)] = told[one.seq]["outcome"]

    def settle(self) -> None:
        self.device.settle(hasty_pause, held_back=frozenset(self.held_back))

    def _do(self, deed: Deed) -> Frozen:
        at = self.began_at + deed.minute * MINUTE_MS
        fields: dict[str, Any] = dict(deed.fields)
        shown = None
        if deed.group:
            fields["group_id"] = self.groups.setdefault(deed.group, new_id())
        if deed.entity == "collection":
            receipt, mutation = self.device.collect(fields, occurred_at=at)
            shown = self._shown(receipt.number, mutation.record_id, fields, at)
        elif deed.entity == "receipt_void":
            fields["collection_id"] = self.records[deed.about]
            mutation = self.device.record(deed.entity, fields, occurred_at=at)
        elif deed.about:
            record_id = self.records[deed.about]
            mutation = self.device.record(
                deed.entity,
                fields,
                record_id=record_id,
                base_version=self.device.version(deed.entity, record_id),
                occurred_at=at,
            )
        else:
            mutation = self.device.record(deed.entity, fields, occurred_at=at)
        if deed.label:
            self.records[deed.label] = mutation.record_id
        self.frozen.append(mutation)
        self.notebook.note(self._fact(mutation), shown)
        return mutation

    def _shown(self, receipt_no: str, record_id: str, fields: dict[str, Any], at: int) -> Shown:
        account_no = fields.get("account_no")
        return Shown(
            record_id=record_id,
            receipt_no=receipt_no,
            device_id=self.device.id,
            officer_id=self.person.staff_id,
            date=local_date(at, TIMEZONE).isoformat(),
            account_no=account_no,
            known=account_no is not None and account_no not in UNKNOWN_ACCOUNTS,
            tender=fields["tender"],
            amount_paisa=fields["amount_paisa"],
        )

    def _fact(self, mutation: Frozen) -> Fact:
        return Fact(
            device_id=self.device.id,
            mutation_id=mutation.id,
            body_hash=mutation.hash,
            entity=mutation.entity,
        )

    def _stops(self) -> list[Door]:
        store = self.device.store
        names = {row["account_no"]: row["name"] for row in store.rows("consumer")}
        notices = {
            row["account_no"]: row["id"] for row in store.rows("notice") if row["state"] == "issued"
        }
        due = {row["account_no"]: row["due_paisa"] for row in store.rows("position")}
        stops = sorted(store.rows("stop"), key=lambda row: (row["walk_order"], row["id"]))
        return [
            Door(
                account_no=row["account_no"],
                name=names.get(row["account_no"], ""),
                owed_paisa=max(due.get(row["account_no"], row["expected_paisa"]), 0),
                stop_id=row["id"],
                notice_id=notices.get(row["account_no"]),
            )
            for row in stops
        ]

    def _directory(self) -> list[Door]:
        rows = self.device.store.rows("directory")
        return [Door(account_no=row["account_no"], name=row["name"]) for row in rows]


@dataclass(slots=True)
class MovedRound:
    """A round that went to somebody else at noon."""

    round_id: str
    giver: Officer
    taker: Officer
    unsent: int
    """What the giver's phone had held back at that moment."""
    giver_has: str = ""
    taker_has: str = ""
    """How their phones held it in the evening."""


CHANGED_WITH_AMOUNT = frozenset({"denominations", "tendered_paisa", "change_paisa"})


def officers(
    people: Sequence[DemoCredential],
    networks: Sequence[BadNetwork],
    notebook: Notebook,
    facts: int,
) -> list[Officer]:
    """A phone for each, behind a network of its own; the round began early enough to be over now."""
    began_at = now_ms() - (facts * 12 // 5 + 30) * MINUTE_MS
    return [
        Officer(person, Device(Server(*network.address)), network, notebook, began_at)
        for person, network in zip(people, networks, strict=True)
    ]


def persist(question: Callable[[], object]) -> None:
    """Ask again after a lost answer. Errors: Lost after TRIES_MAX tries."""
    for attempt in range(1, TRIES_MAX + 1):
        try:
            question()
        except Lost as loss:
            if attempt == TRIES_MAX:
                raise
            hasty_pause(wait_seconds(attempt, chance=1.0, told_seconds=loss.wait_seconds))
        else:
            return


def hasty_pause(seconds: float) -> None:
    pause(seconds * HASTE)


def network_of(server: Address, seed: int, number: int, person: DemoCredential) -> BadNetwork:
    """One phone's way to the server, with the weather of the seed."""
    dice = Random(f"{seed} network {person.staff_no}")
    return BadNetwork(server, dice, source=f"127.0.1.{number + 1}")
