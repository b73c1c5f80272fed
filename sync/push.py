"""From mutations to truth: what a push does, numbered as docs/protocol.md numbers it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from infra.clock import Milliseconds
from infra.database import Database
from ledger.exceptions import case
from models import ENTITIES, Entity
from models.declaration import Owner, Policy
from models.meter_issue import CLOSED_STATES
from sync.chain import Chain
from sync.effects import apply_effects
from sync.intake import is_account_no, readable_money
from sync.lookup import Found, awaits, chain_writes, load_chain, look_up
from sync.merge import Changes, base_of, merge
from sync.mutation import Author, Mutation, Op, Origin
from sync.outcomes import Outcome, OutcomeWord
from sync.records import Record
from sync.resolve import Action, Decision, State, resolve
from sync.waiting import release_arrived, release_of, versions_since
from sync.writing import UnknownIbc, Writing, as_json, lock_head, log_row

log = structlog.get_logger()

OUR_FAULT = "our_fault"
"""What a mutation waits for on which our own code failed (sync/faults.py tries again)."""
HELD_WITH_RECORD = frozenset({"UNKNOWN_ACCOUNT", "OTHER_IBC", "RECEIPT_NO_REUSED"})
"""Doubted, and yet well-formed: the record is kept and the books put its money in suspense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What came with the mutations: whether to trust them, and how the phone is doing."""

    trusted: bool = True
    """False for a revoked device: all that is new is stored and held."""
    signed: bool = True
    """False when the signature over the head is wrong."""
    clock_offset_ms: int | None = None
    app: str | None = None
    pending: int | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a push."""

    epoch: str
    outcomes: Sequence[Outcome]
    missing: Sequence[int]
    """The author's sequence numbers that have not arrived."""
    logged: int
    """How many entries the log has grown by: 0 when everything was a repeat."""


def push(
    database: Database,
    ibc_id: str,
    author: Author,
    mutations: Sequence[Mutation],
    now: Milliseconds,
    carried: Carried = Carried(),  # frozen, so one for all is safe
) -> Pushed:
    """Take in a batch: one transaction, an outcome each, in order.

    Errors: UnknownIbc; DBAPIError when the database stays unavailable (nothing was stored).
    """

    def work(batch: Sequence[Mutation], *, assume_new: bool) -> Pushed:
        return database.transact(
            lambda connection: _push(
                connection, ibc_id, author, batch, now, carried, assume_new=assume_new
            )
        )

    try:
        return work(mutations, assume_new=True)
    except (OperationalError, UnknownIbc):
        raise
    except IntegrityError:
        # Something in it was seen before under another number; look everything up.
        pass
    except Exception as error:  # our own fault, which must not cost the neighbours
        log.exception("push_failed_as_a_batch", ibc_id=ibc_id, error=repr(error))
        return _one_by_one(work, database, ibc_id, author, mutations, now)
    try:
        return work(mutations, assume_new=False)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("push_failed_as_a_batch", ibc_id=ibc_id, error=repr(error))
    return _one_by_one(work, database, ibc_id, author, mutations, now)


def _one_by_one(
    work: Callable[..., Pushed],
    database: Database,
    ibc_id: str,
    author: Author,
    mutations: Sequence[Mutation],
    now: Milliseconds,
) -> Pushed:
    """Each mutation alone, so that the one on which our code fails stops nobody (ruling 1)."""
    outcomes: list[Outcome] = []
    for mutation in mutations:
        try:
            pushed = work([mutation], assume_new=False)
        except OperationalError:
            raise
        except Exception as error:  # kept, alarmed and tried again by a worker
            log.exception("our_fault", ibc_id=ibc_id, mutation_id=mutation.id, error=repr(error))
            keep = partial(
                _keep_for_later, ibc_id=ibc_id, author=author, mutation=mutation, now=now
            )
            pushed = database.transact(keep)
        outcomes += pushed.outcomes
    return Pushed(pushed.epoch, outcomes, pushed.missing, len(outcomes))


def _keep_for_later(
    connection: Connection, ibc_id: str, author: Author, mutation: Mutation, now: Milliseconds
) -> Pushed:
    """Store a mutation that our code could not decide; it waits for us, and an alarm rings."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    chain = load_chain(connection, ibc_id, author)
    arriving = Arriving(writing, author, Found({}, {}, {}), chain, Carried())
    outcome = arriving.keep(mutation)
    writing.flush(*chain_writes(ibc_id, author, chain))
    return Pushed(writing.head.epoch, [outcome], chain.missing.numbers(), writing.logged_count)


def _push(
    connection: Connection,
    ibc_id: str,
    author: Author,
    mutations: Sequence[Mutation],
    now: Milliseconds,
    carried: Carried,
    *,
    assume_new: bool,
) -> Pushed:
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    chain = load_chain(connection, ibc_id, author)
    assume_new = assume_new and all((m.seq or 0) > chain.seq for m in mutations)
    found = look_up(writing, mutations, assume_new=assume_new)
    arriving = Arriving(writing, author, found, chain, carried)
    outcomes = [arriving.take(mutation) for mutation in mutations]
    release_arrived(writing, arriving.arrived)
    apply_effects(writing)
    report = {
        "last_seen_at": now,
        "pending": carried.pending,
        "app_version": carried.app,
        "clock_offset_ms": carried.clock_offset_ms,
    }
    writing.flush(*chain_writes(ibc_id, author, chain, **report))
    return Pushed(writing.head.epoch, outcomes, chain.missing.numbers(), writing.logged_count)


class Arriving:
    """One batch being decided: what is known, and what has been decided so far."""

    def __init__(
        self, writing: Writing, author: Author, found: Found, chain: Chain, carried: Carried
    ) -> None:
        self.writing = writing
        self.author = author
        self.seen = dict(found.seen)
        self.accounts = found.accounts
        self.claimed = found.claimed
        self.chain = chain
        self.doubt = None if carried.signed else "SIGNATURE_BAD"
        if not carried.trusted:
            self.doubt = "DEVICE_UNTRUSTED"
        self.arrived: list[Record] = []
        self.later_fate = False
        """Whether these were stored undecided before: their entries are `of` the first ones."""

    def take(self, mutation: Mutation) -> Outcome:
        """One mutation, from "seen before?" to its outcome."""
        # 1 Seen before? Same id and same bytes: the recorded outcome again. Other bytes: held.
        if mutation.id is None:
            return Outcome(id=None, outcome=OutcomeWord.REJECTED, errors=mutation.errors)
        rows = self.seen.get(mutation.id, {})
        if mutation.body_hash in rows:
            return _replay(mutation.id, rows[mutation.body_hash])
        if rows:
            return self._hold(mutation, "ID_REUSED")
        return self.judge(mutation)

    def judge(self, mutation: Mutation) -> Outcome:
        """A mutation that was not seen before, from what it says to its outcome."""
        # 2 What does it say? Money is held where anything else is rejected (ruling 11).
        if mutation.errors:
            amount = readable_money(mutation.entity, mutation.fields) if mutation.entity else None
            if amount is None:
                return self._reject(mutation, mutation.errors)
            return self._hold(mutation, self.doubt or "MALFORMED", amount, mutation.errors)
        assert mutation.entity is not None  # an unknown entity is an error, caught above
        # 3 Whose is it? The device's chain, its trust, then the consumer's IBC.
        doubt = self.doubt or self._chain_doubt(mutation)
        if doubt:
            return self._hold(mutation, doubt)
        awaited = self._awaited(mutation)
        if awaited:
            return self._wait(mutation, awaited)
        # 4 Decide, then do.
        return self._decide(mutation, mutation.entity)

    def _decide(self, mutation: Mutation, entity: Entity) -> Outcome:
        records = self.writing.records[entity]
        record = records.get(mutation.record_id)
        if record is not None and not self._may_touch(record):
            record = None if entity.sync.policy is not Policy.FACT else record
            if record is None and entity.sync.policy is Policy.MERGE:
                return self._hold(mutation, "RECORD_REUSED")
        decision = resolve(entity.sync.policy, Op(mutation.op), _state_of(record, mutation))
        match decision.action:
            case Action.PUT if record is None:
                return self._create(mutation, entity)
            case Action.PUT:
                assert record is not None  # the case above took the missing
                return self._change(mutation, record, mutation.fields, OutcomeWord.APPLIED)
            case Action.KEEP:
                return self._record(
                    mutation, OutcomeWord.APPLIED, version=record.version if record else None
                )[1]
            case Action.MOVE:
                return self._move(mutation, record)
            case Action.MERGE:
                return self._merge(mutation, record)
            case Action.DELETE:
                return self._delete(mutation, record)
            case Action.HOLD:
                return self._hold(mutation, str(decision.why))
            case Action.CONFLICT:
                return self._conflict(mutation, decision)
            case Action.REJECT:
                field = "entity" if decision.why == "office_writes_this" else "record_id"
                return self._reject(mutation, {field: str(decision.why)})

    def _create(self, mutation: Mutation, entity: Entity) -> Outcome:
        """A new record; doubted money is recorded as held, everything else that is doubted too."""
        fields = mutation.fields | dict.fromkeys(entity.stamped, self.author.officer_id)
        # The claim comes first: doubted money claims its receipt number like any other.
        claim_doubt = self._claim_doubt(mutation, entity)
        code = self._account_doubt(mutation, entity) or claim_doubt
        if code and code not in HELD_WITH_RECORD:
            return self._hold(mutation, code)
        if code:
            seq, outcome = self._held(mutation, code, _amount(entity, mutation.fields), version=1)
        else:
            seq, outcome = self._record(
                mutation,
                OutcomeWord.APPLIED,
                version=1,
                changes=_changes(entity, {}, mutation.fields),
            )
        record = Record(
            entity=entity,
            id=mutation.record_id,
            version=1,
            author_id=self.author.id,
            occurred_at=mutation.occurred_at,
            received_at=self.writing.now,
            fields=fields,
        )
        self.writing.put(seq, record, echo=False)
        self.arrived.append(record)
        return outcome

    def _change(
        self,
        mutation: Mutation,
        record: Record,
        fields: Mapping[str, Any],
        word: OutcomeWord,
        *,
        code: str | None = None,
        case_id: str | None = None,
        echo: bool | None = None,
    ) -> Outcome:
        version = record.version + 1
        seq, outcome = self._record(
            mutation,
            word,
            version=version,
            changes=_changes(record.entity, record.fields, fields),
            code=code,
            case_id=case_id,
        )
        changed = record._replace(
            version=version,
            author_id=self.author.id,
            received_at=self.writing.now,
            fields={**record.fields, **fields},
        )
        if echo is None:
            echo = word is not OutcomeWord.APPLIED
        self.writing.put(seq, changed, echo=echo)
        return outcome

    def _move(self, mutation: Mutation, record: Record | None) -> Outcome:
        """A step of a state machine: legal for a phone, or a conflict that keeps both sides' word."""
        assert record is not None  # resolve rejects what is missing
        sync = record.entity.sync
        current = record.fields[sync.state_field]
        wanted = mutation.fields.get(sync.state_field, current)
        if wanted != current and sync.states.get((current, wanted)) is not Owner.DEVICE:
            why = Decision(Action.CONFLICT, "ILLEGAL_TRANSITION")
            return self._conflict(mutation, why)
        return self._change(
            mutation,
            record,
            mutation.fields,
            OutcomeWord.APPLIED,
            # A phone that stepped from an older copy has not seen what was changed since.
            echo=mutation.base_version != record.version,
        )

    def _merge(self, mutation: Mutation, record: Record | None) -> Outcome:
        assert record is not None
        assert mutation.base_version is not None
        since = versions_since(self.writing, record, mutation.base_version)
        base = base_of(record.fields, record.version, since, mutation.base_version)
        if base is None:
            return self._conflict(mutation, Decision(Action.CONFLICT, "BASE_GONE"))
        merged = merge(base, record.fields, mutation.fields)
        if not merged.conflicts:
            return self._change(mutation, record, merged.fields, OutcomeWord.MERGED)
        return self._conflict(
            mutation,
            Decision(Action.CONFLICT, "SAME_FIELD"),
            record=record,
            apply=merged.fields,
            detail={name: list(three) for name, three in merged.conflicts.items()},
        )

    def _delete(self, mutation: Mutation, record: Record | None) -> Outcome:
        assert record is not None
        seq, outcome = self._record(mutation, OutcomeWord.APPLIED, version=record.version + 1)
        gone = record._replace(
            version=record.version + 1,
            author_id=self.author.id,
            deleted_at=self.writing.now,
        )
        self.writing.put(seq, gone, echo=False)
        return outcome

    def _conflict(
        self,
        mutation: Mutation,
        decision: Decision,
        *,
        record: Record | None = None,
        apply: Mapping[str, Any] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> Outcome:
        case_id = self._open_case(
            "CONFLICT", mutation, detail={"why": decision.why, **(detail or {})}
        )
        if record is not None and apply:
            return self._change(
                mutation,
                record,
                apply,
                OutcomeWord.CONFLICT,
                code=decision.why,
                case_id=case_id,
            )
        return self._record(mutation, OutcomeWord.CONFLICT, code=decision.why, case_id=case_id)[1]

    def _reject(self, mutation: Mutation, errors: Mapping[str, str]) -> Outcome:
        return self._record(mutation, OutcomeWord.REJECTED, errors=errors)[1]

    def _hold(
        self,
        mutation: Mutation,
        code: str,
        amount: int | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> Outcome:
        return self._held(mutation, code, amount, errors)[1]

    def _held(
        self,
        mutation: Mutation,
        code: str,
        amount: int | None = None,
        errors: Mapping[str, str] | None = None,
        version: int | None = None,
    ) -> tuple[int, Outcome]:
        case_id = self._open_case(code, mutation, amount=amount)
        return self._record(
            mutation,
            OutcomeWord.HELD,
            code=code,
            case_id=case_id,
            errors=errors,
            version=version,
        )

    def keep(self, mutation: Mutation) -> Outcome:
        """Store it undecided, because our own code failed on it."""
        self._open_case("OUR_FAULT", mutation)
        seq, outcome = self._record(mutation, OutcomeWord.WAITING, code="OUR_FAULT")
        self.writing.wait(OUR_FAULT, str(mutation.id), seq)
        return outcome

    def _wait(self, mutation: Mutation, awaited: tuple[Entity, str]) -> Outcome:
        seq, outcome = self._record(mutation, OutcomeWord.WAITING, code="PARENT_MISSING")
        self.writing.wait(awaited[0].name, awaited[1], seq)
        return outcome

    def _record(
        self,
        mutation: Mutation,
        word: OutcomeWord,
        *,
        version: int | None = None,
        code: str | None = None,
        errors: Mapping[str, str] | None = None,
        case_id: str | None = None,
        changes: str | None = None,
    ) -> tuple[int, Outcome]:
        """Write the mutation and its outcome into the log; nothing is decided here."""
        assert mutation.id is not None
        detail: dict[str, Any] = {"errors": errors} if errors else {}
        if case_id:
            detail["exception_id"] = case_id
        row = log_row(
            mutation_id=mutation.id,
            origin=self.author.origin.value,
            author_id=self.author.id,
            entity=mutation.entity_name,
            op=mutation.op,
            record_id=mutation.record_id,
            occurred_at=mutation.occurred_at,
            outcome=word,
            body=mutation.body,
            body_hash=mutation.body_hash,
            officer_id=self.author.officer_id,
            author_seq=mutation.seq,
            base_version=mutation.base_version,
            version=version,
            code=code,
            detail=as_json(detail),
            changes=changes,
        )
        if self.later_fate:
            row |= release_of(mutation.id, mutation.body_hash)
        seq = self.writing.log(row)
        self.seen.setdefault(mutation.id, {})[mutation.body_hash] = row
        self.chain.follow(mutation.seq, mutation.body_hash)
        outcome = Outcome(
            id=mutation.id,
            outcome=word,
            version=version,
            code=code,
            errors=errors or {},
            exception_id=case_id,
        )
        return seq, outcome

    def _open_case(
        self,
        kind: str,
        mutation: Mutation,
        *,
        amount: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> str:
        if amount is None and mutation.entity is not None:
            amount = _amount(mutation.entity, mutation.fields)
        # What is not an account number may hold what no database stores, a NUL say.
        account = mutation.fields.get("account_no")
        return self.writing.open_case(
            case(
                kind,
                ibc_id=self.writing.ibc_id,
                subject_entity=mutation.entity_name,
                subject_id=mutation.record_id,
                mutation_id=mutation.id,
                distinct=mutation.body_hash,
                account_no=account if is_account_no(account) else None,
                amount_paisa=amount,
                detail=as_json(detail),
                opened_by_seq=self.writing.next_seq,
                now=self.writing.now,
            )
        )

    def _chain_doubt(self, mutation: Mutation) -> str | None:
        """Does it fit the device's chain? (protocol 1)"""
        if mutation.seq is None or self.author.origin is not Origin.DEVICE:
            return None
        return self.chain.doubt(mutation.seq, mutation.prev)

    def _account_doubt(self, mutation: Mutation, entity: Entity) -> str | None:
        """Whose consumer? Another IBC's, or nobody's that we know: stored, and doubted."""
        about = entity.sync.about
        if about is None:
            return None
        account = mutation.fields.get(about)
        if account is None:
            return "UNKNOWN_ACCOUNT"
        return self.accounts[account]

    def _claim_doubt(self, mutation: Mutation, entity: Entity) -> str | None:
        """The first claim of a receipt number stands; a second is doubted."""
        doubt = None
        for column, code in entity.sync.claims.items():
            key = (column, str(mutation.fields[column]))
            holder = self.claimed.setdefault(key, mutation.record_id)
            if holder != mutation.record_id:
                doubt = code
            else:
                self.writing.claim(*key, mutation.record_id)
        return doubt

    def _awaited(self, mutation: Mutation) -> tuple[Entity, str] | None:
        """The record that the mutation points to, waits for, and that nobody has seen."""
        assert mutation.entity is not None
        for column, parent in awaits(mutation.entity):
            wanted = mutation.fields.get(column)
            if wanted is not None and wanted not in self.writing.records[parent]:
                return parent, wanted
        return None

    def _may_touch(self, record: Record) -> bool:
        """Is it among the records of this officer? Others' look as if they did not exist."""
        if record.entity.name == "stop":
            walk = self.writing.records[ENTITIES["round"]].get(str(record.fields["round_id"]))
            return walk is not None and walk.fields["officer_id"] == self.author.officer_id
        return bool(record.fields.get("officer_id") == self.author.officer_id)


def _state_of(record: Record | None, mutation: Mutation) -> State:
    """How the record stands to the edit; the words of sync.resolve."""
    if record is None:
        return _state_of_nothing(mutation)
    if record.deleted_at is not None:
        return State.MISSING if mutation.op == Op.DELETE else State.BASELESS
    if mutation.op == Op.PUT and _says_the_same(record, mutation):
        return State.SAME
    if record.fields.get("state") in CLOSED_STATES:
        return State.CLOSED
    if mutation.base_version is None or mutation.base_version > record.version:
        return State.BASELESS
    return State.FRESH if mutation.base_version == record.version else State.STALE


def _says_the_same(record: Record, mutation: Mutation) -> bool:
    """A fact says what it leaves out as well; an edit speaks only of what it names."""
    names = (
        [field.name for field in record.entity.owned_by(Owner.DEVICE)]
        if record.entity.sync.policy is Policy.FACT
        else mutation.fields
    )
    return all(record.fields.get(name) == mutation.fields.get(name) for name in names)


def _state_of_nothing(mutation: Mutation) -> State:
    """An edit of what was held, rejected or never came has nothing to stand on."""
    assert mutation.entity is not None
    is_edit = mutation.op == Op.PUT and mutation.base_version is not None
    return (
        State.BASELESS if is_edit and mutation.entity.sync.policy is Policy.MERGE else State.MISSING
    )


def _replay(mutation_id: str, row: Mapping[str, Any]) -> Outcome:
    """The recorded outcome again, word for word."""
    detail = orjson.loads(row["detail"]) if row.get("detail") else {}
    return Outcome(
        id=mutation_id,
        outcome=OutcomeWord(row["outcome"]),
        version=row.get("version"),
        code=row.get("code"),
        errors=detail.get("errors", {}),
        exception_id=detail.get("exception_id"),
        replayed=True,
    )


def _changes(entity: Entity, before: Mapping[str, Any], fields: Mapping[str, Any]) -> str | None:
    """What a MERGE record's version changed: the base of later three-way merges."""
    if entity.sync.policy is not Policy.MERGE:
        return None
    changes: Changes = {
        name: (before.get(name), value)
        for name, value in fields.items()
        if before.get(name) != value
    }
    return orjson.dumps(changes).decode()


def _amount(entity: Entity, fields: Mapping[str, Any]) -> int | None:
    return readable_money(entity, fields) if entity.sync.money else None
