"""One transaction's worth of log, records and feed, gathered in memory and written set-based at its end."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Insert, Update, any_of, insert_rows, listed, write_all
from ledger.chain import link
from models import Entity
from models.log import ChainLink, Claim, ExceptionCase, Feed, LogHead, ScopeHead, Waiting
from models.log import Mutation as LogRow
from sync.outcomes import OutcomeWord
from sync.records import Record, load_by_id

GENESIS = "0" * 64
"""What the first link of a chain follows."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where an IBC's log stands while we hold its lock."""

    epoch: str
    seq: int
    chain_hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A record that a log entry changed."""

    seq: int
    before: Record | None
    after: Record
    echo: bool
    """Whether its author must be sent it too, because the server made something else of it."""


class Ready(NamedTuple):
    """A new record whose rows were made before the lock; only their place in the log is missing."""

    entry: dict[str, Any]
    record: Record
    table_row: dict[str, Any]
    feed_row: dict[str, Any]


@dataclass(slots=True)
class Writing:
    """Everything that one transaction will write for one IBC; nothing is written before `flush`."""

    connection: Connection
    ibc_id: str
    head: Head
    now: Milliseconds
    records: dict[Entity, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    """The records concerned, as this transaction has them so far."""
    changes: list[Change] = field(default_factory=list)
    something_waits: bool = True
    """False once it is known that nothing of the IBC had been waiting before."""
    _log: list[dict[str, Any]] = field(default_factory=list)
    _ready: dict[str, Ready] = field(default_factory=dict)
    _new: dict[Entity, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _changed: dict[Entity, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _feed: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)
    _positions: dict[int, int] = field(default_factory=dict)
    _claims: list[dict[str, Any]] = field(default_factory=list)
    _cases: list[dict[str, Any]] = field(default_factory=list)
    _waiting: list[dict[str, Any]] = field(default_factory=list)
    version_changes: dict[str, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """MERGE records: record id → version → its changes, for edits that meet in one batch."""

    @property
    def next_seq(self) -> int:
        """The log position that the next entry will take."""
        return self.head.seq + len(self._log) + 1

    @property
    def logged_count(self) -> int:
        return len(self._log)

    def load(self, entity: Entity, ids: Iterable[str]) -> None:
        """Bring the records that exist among `ids` into `records`."""
        missing = [i for i in dict.fromkeys(ids) if i not in self.records[entity]]
        self.records[entity] |= load_by_id(self.connection, self.ibc_id, entity, missing)

    def log(self, row: dict[str, Any]) -> int:
        """Append an entry to the log; returns its place."""
        seq = self.next_seq
        row["ibc_id"], row["seq"], row["received_at"] = self.ibc_id, seq, self.now
        self._log.append(row)
        if row.get("changes") is not None:
            self.version_changes[row["record_id"]][row["version"]] = row["changes"]
        return seq

    def logged(self, seq: int) -> dict[str, Any]:
        """The entry that this transaction put at `seq`."""
        return self._log[seq - self.head.seq - 1]

    def entries(self) -> Sequence[Mapping[str, Any]]:
        """The entries of this transaction so far."""
        return self._log

    def take_waiting(self, ids: Collection[str]) -> list[int]:
        """The entries of this transaction that wait for one of `ids`; they wait no longer."""
        taken = [row["seq"] for row in self._waiting if row["record_id"] in ids]
        self._waiting = [row for row in self._waiting if row["record_id"] not in ids]
        return taken

    def put(self, seq: int, after: Record, *, echo: bool = True) -> None:
        """Make `after` the record, as a consequence of log entry `seq`."""
        known = self.records[after.entity]
        before = known.get(after.id)
        known[after.id] = after
        is_new = before is None or after.id in self._new[after.entity]
        (self._new if is_new else self._changed)[after.entity][after.id] = after
        self.changes.append(Change(seq, before, after, echo))

    def put_ready(self, ready: Sequence[Ready]) -> None:
        """Append the entries of new records that were made ready, and make the records."""
        seq = self.next_seq
        for one in ready:
            record = one.record
            one.entry["seq"] = one.feed_row["seq"] = seq
            self.records[record.entity][record.id] = record
            self._new[record.entity][record.id] = record
            self._ready[record.id] = one
            self.changes.append(Change(seq, None, record, echo=False))
            self._log.append(one.entry)
            if one.entry["changes"] is not None:
                self.version_changes[record.id][1] = one.entry["changes"]
            seq += 1

    def show(self, seq: int, scope: str, record: Record, *, echo: bool = True) -> None:
        """Put the record's current document into a scope, at a new position."""
        gone = "deleted" if record.deleted_at is not None else None
        author_id = None if echo else record.author_id
        self._announce(seq, scope, record, None if gone else record.wire_row(), gone, author_id)

    def withdraw(self, seq: int, scope: str, record: Record, why: str) -> None:
        """Tell a scope that it no longer sees the record."""
        self._announce(seq, scope, record, None, why, None)

    def claim(self, kind: str, value: str, record_id: str) -> None:
        self._claims.append(
            {"ibc_id": self.ibc_id, "kind": kind, "value": value, "record_id": record_id}
        )

    def open_case(self, case: dict[str, Any]) -> str:
        """Open an exception (a row made by ledger.exceptions.case); returns its id."""
        self._cases.append(case)
        return str(case["id"])

    def wait(self, entity: str, record_id: str, seq: int) -> None:
        """Remember that log entry `seq` waits for a record."""
        self._waiting.append(
            {
                "ibc_id": self.ibc_id,
                "entity": entity,
                "record_id": record_id,
                "seq": seq,
                "since": self.now,
            }
        )

    def flush(self, *also: Insert) -> None:
        """Write it all at once: records, log, chain, feed, scope heads and the head itself.

        `also` goes with it, and is written when there is nothing else.
        """
        if not self._log:
            write_all(self.connection, also)
            return
        new = [
            Insert(entity.table, list(map(self._table_row, records.values())))
            for entity, records in self._in_order(self._new)
        ]
        changed = [
            Update(
                entity.table,
                [record.table_row(self.ibc_id) for record in records.values()],
                ("ibc_id", "id"),
            )
            for entity, records in self._in_order(self._changed)
        ]
        kept = [
            Insert(LogRow.__table__, self._log),
            Insert(Claim.__table__, self._claims),
            Insert(ExceptionCase.__table__, self._cases, "ignore"),
            Insert(Waiting.__table__, self._waiting),
        ]
        feed = self._feed_writes()
        write_all(self.connection, [*new, *changed, *kept, *feed, *also, *self._head_writes()])

    def _table_row(self, record: Record) -> dict[str, Any]:
        ready = self._ready.get(record.id)
        # What was made ready may have been changed since, by an effect of its own arrival.
        if ready is not None and ready.record is record:
            return ready.table_row
        return record.table_row(self.ibc_id)

    @staticmethod
    def _in_order(
        records: Mapping[Entity, dict[str, Record]],
    ) -> list[tuple[Entity, dict[str, Record]]]:
        """By name, so that the same mix of entities is the same statement, prepared once."""
        return sorted(records.items(), key=lambda pair: pair[0].name)

    def _announce(
        self,
        seq: int,
        scope: str,
        record: Record,
        body: str | None,
        gone: str | None,
        author_id: str | None,
    ) -> None:
        n = self._positions.get(seq, 0)
        self._positions[seq] = n + 1
        self._feed[(record.id, record.entity.name, scope)] = {
            "ibc_id": self.ibc_id,
            "record_id": record.id,
            "entity": record.entity.name,
            "scope": scope,
            "seq": seq,
            "n": n,
            "author_id": author_id,
            "body": body,
            "gone": gone,
        }

    def _feed_writes(self) -> list[Insert]:
        memberships = self._memberships()
        for change in self.changes:
            self._announce_change(change, memberships)
        rows = list(self._feed.values())
        heads: dict[str, tuple[int, int]] = {}
        for row in rows:
            position = (row["seq"], row["n"])
            heads[row["scope"]] = max(heads.get(row["scope"], position), position)
        moved = [
            {"ibc_id": self.ibc_id, "scope": scope, "seq": seq, "n": n}
            for scope, (seq, n) in heads.items()
        ]
        return [
            Insert(Feed.__table__, rows, "replace", FEED_KEY),
            Insert(ScopeHead.__table__, moved, "replace"),
        ]

    def _announce_change(self, change: Change, memberships: Mapping[str, list[str]]) -> None:
        after = change.after
        ready = self._ready.get(after.id)
        if ready is not None and ready.record is after:
            self._positions[change.seq] = 1
            self._feed[(after.id, after.entity.name, ready.feed_row["scope"])] = ready.feed_row
            return
        account = after.member_account
        if account is not None:
            for scope in memberships.get(account, ()):
                self.show(change.seq, scope, after, echo=change.echo)
            return
        was = change.before.own_scope(self.ibc_id) if change.before else None
        now = after.own_scope(self.ibc_id)
        if was is not None and was != now:
            self.withdraw(change.seq, was, after, "moved")
        if now is not None:
            self.show(change.seq, now, after, echo=change.echo)

    def _memberships(self) -> dict[str, list[str]]:
        """Account → the scopes in which it is a member, for the accounts that changed."""
        accounts = {
            account
            for change in self.changes
            if (account := change.after.member_account) is not None
        }
        found: dict[str, list[str]] = defaultdict(list)
        if not accounts:
            return found
        statement = text(
            "SELECT DISTINCT account_no, scope FROM members WHERE ibc_id = :ibc_id "
            f"AND {any_of(self.connection, 'account_no', 'accounts')}"
        )
        parameters = {
            "ibc_id": self.ibc_id,
            "accounts": listed(self.connection, sorted(accounts)),
        }
        for account_no, scope in self.connection.execute(statement, parameters):
            found[account_no].append(scope)
        return found

    def _head_writes(self) -> list[Insert | Update]:
        """The link of the log's chain over this transaction, and the head behind it."""
        first = self.head.seq + 1
        last = self.head.seq + len(self._log)
        items = [(row["body_hash"], row["outcome"], row["author_id"]) for row in self._log]
        chain_hash = link(self.head.chain_hash, first, items)
        ours = {"ibc_id": self.ibc_id}
        return [
            Insert(
                ChainLink.__table__,
                [ours | {"first_seq": first, "last_seq": last, "hash": chain_hash}],
            ),
            Update(
                LogHead.__table__, [ours | {"seq": last, "chain_hash": chain_hash}], ("ibc_id",)
            ),
        ]


FEED_KEY = ("ibc_id", "record_id", "entity", "scope")


def lock_head(connection: Connection, ibc_id: str) -> Head:
    """Take the IBC's lock: the first statement of every transaction that writes to it (ruling 1).

    Errors: UnknownIbc when there is no such IBC.
    """
    row = connection.execute(
        text(
            "SELECT epoch, seq, chain_hash FROM log_heads WHERE ibc_id = :ibc_id"
            + ("" if connection.dialect.name == "sqlite" else " FOR UPDATE")
        ),
        {"ibc_id": ibc_id},
    ).one_or_none()
    if row is None:
        raise UnknownIbc(f"there is no IBC {ibc_id!r}")
    return Head(*row)


def begin_log(connection: Connection, ibc_id: str) -> None:
    """Open the log of a new IBC; every IBC of one database lives in the same epoch."""
    epoch = connection.execute(text("SELECT epoch FROM log_heads LIMIT 1")).scalar()
    insert_rows(
        connection,
        LogHead.__table__,
        [
            {
                "ibc_id": ibc_id,
                "epoch": epoch or secrets.token_hex(8),
                "seq": 0,
                "chain_hash": GENESIS,
            }
        ],
        on_conflict="ignore",
    )


class UnknownIbc(LookupError):
    """No IBC has that code."""


def log_row(
    *,
    mutation_id: str,
    origin: str,
    author_id: str,
    entity: str,
    op: str,
    record_id: str,
    occurred_at: Milliseconds,
    outcome: OutcomeWord,
    body: str,
    body_hash: str,
    **optional: Any,
) -> dict[str, Any]:
    """A row of the log: what `Writing.log` takes; columns not named are null."""
    return {
        "id": mutation_id,
        "origin": origin,
        "author_id": author_id,
        "entity": entity,
        "op": op,
        "record_id": record_id,
        "occurred_at": occurred_at,
        "outcome": outcome.value,
        "body": body,
        "body_hash": body_hash,
        **optional,
    }


def as_json(value: Any) -> str | None:
    """JSON text for a column, or null when there is nothing to say."""
    return orjson.dumps(value).decode() if value else None


__all__ = ["GENESIS", "Change", "Head", "UnknownIbc", "Writing", "begin_log", "lock_head"]
