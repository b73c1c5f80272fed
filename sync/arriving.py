"""One parcel being decided, mutation by mutation, against what the database knows (docs/protocol.md 1–2)."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from auth.blocks import is_issued
from ledger.exceptions import case
from models import ENTITIES, Entity
from models.declaration import Owner, Policy
from models.meter_issue import CLOSED_STATES
from sync.conflict_case import seen_by, side_by_side
from sync.entries import author_columns, changes_of, entry_of, new_record
from sync.gaps import first_with_number
from sync.intake import is_account_no, readable_money
from sync.lookup import Found, Standing, awaits
from sync.merge import merge
from sync.mutation import Author, Mutation, Op, Origin
from sync.outcomes import Outcome, OutcomeWord
from sync.parcel import Carried
from sync.records import Record
from sync.resolve import Action, Decision, State, resolve
from sync.scoped import was_shown
from sync.waiting import release_of
from sync.writing import Writing, as_json

OUR_FAULT = "our_fault"
"""What a mutation waits for on which our own code failed (sync/faults.py tries again)."""
HELD_WITH_RECORD = frozenset(
    {"UNKNOWN_ACCOUNT", "OTHER_IBC", "RECEIPT_NO_REUSED", "RECEIPT_NOT_ISSUED"}
)
"""Doubted, and yet well-formed: the record is kept and the books put its money in suspense."""


class Arriving:
    """What is known of one parcel, and what has been decided so far.

    Parcels that are taken together share what was found: what the first brings, the second has
    been seen before.
    """

    def __init__(
        self, writing: Writing, author: Author, found: Found, standing: Standing, carried: Carried
    ) -> None:
        self.writing = writing
        self.author = author
        self.seen = found.seen
        self.accounts = found.accounts
        self.claimed = found.claimed
        self.chain = standing.chain
        self.blocks = standing.blocks
        self.carried = carried
        # Before a device has ever signed, what claims nothing is trusted as its token is.
        self.must_be_covered = carried.signed is not None or self.chain.signs
        self.signed_by = author_columns(author)
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
            return self._hold(
                mutation, self._trust_doubt(mutation) or "MALFORMED", amount, mutation.errors
            )
        assert mutation.entity is not None  # an unknown entity is an error, caught above
        # 3 Whose is it? The device's chain, its trust, then the consumer's IBC.
        doubt = self._trust_doubt(mutation) or self._chain_doubt(mutation)
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
        is_late = False
        if record is not None and not self._may_touch(record):
            is_late = entity.sync.policy is Policy.STATES and self._held_once(record)
            record = record if entity.sync.policy is Policy.FACT or is_late else None
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
            case Action.MOVE if is_late and entity.name == "round":
                # It is another officer's walk now; at a door what was done stands where it can.
                why = Decision(Action.CONFLICT, "ROUND_TAKEN")
                return self._conflict(mutation, why, record)
            case Action.MOVE:
                return self._move(mutation, record)
            case Action.MERGE:
                return self._merge(mutation, record)
            case Action.DELETE:
                return self._delete(mutation, record)
            case Action.HOLD:
                return self._hold(mutation, str(decision.why))
            case Action.CONFLICT:
                return self._conflict(mutation, decision, record)
            case Action.REJECT:
                field = "entity" if decision.why == "office_writes_this" else "record_id"
                return self._reject(mutation, {field: str(decision.why)})

    def _create(self, mutation: Mutation, entity: Entity) -> Outcome:
        """A new record; doubted money is recorded as held, everything else that is doubted too."""
        # The claim comes first: doubted money claims its receipt number like any other, but for a
        # number of somebody else's block, which must stay free for whoever it was given to.
        claim_doubt = self._block_doubt(mutation) or self._claim_doubt(mutation, entity)
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
                changes=changes_of(entity, {}, mutation.fields),
            )
        record = new_record(mutation, self.author, self.writing.now)
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
            changes=changes_of(record.entity, record.fields, fields),
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
            return self._conflict(mutation, why, record)
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
        base = seen_by(self.writing, record, mutation.base_version)
        if base is None:
            return self._conflict(mutation, Decision(Action.CONFLICT, "BASE_GONE"), record)
        merged = merge(base, record.fields, mutation.fields, record.entity.rules)
        if not merged.conflicts:
            return self._change(mutation, record, merged.fields, OutcomeWord.MERGED)
        return self._conflict(
            mutation,
            Decision(Action.CONFLICT, "SAME_FIELD"),
            record,
            apply=merged.fields,
            between=list(merged.conflicts),
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
        record: Record | None,
        *,
        apply: Mapping[str, Any] | None = None,
        between: Collection[str] | None = None,
    ) -> Outcome:
        detail = side_by_side(self.writing, mutation, record, between)
        case_id = self._open_case("CONFLICT", mutation, detail={"why": decision.why, **detail})
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
        detail = self._other_side(mutation) if code == "FORK" else None
        case_id = self._open_case(code, mutation, amount=amount, detail=detail)
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
        doubt = self._trust_doubt(mutation)
        if doubt:
            # Tried again it would be trusted: what a revoked phone sends is never decided by us.
            return self._hold(mutation, doubt)
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
        if self.carried.carrier:
            detail["carried_by"] = self.carried.carrier
        if mutation.protocol:
            detail["protocol"] = mutation.protocol
        row = entry_of(
            mutation,
            word,
            self.signed_by,
            version=version,
            code=code,
            detail=as_json(detail),
            changes=changes,
        )
        if self.later_fate:
            row |= release_of(mutation.id, mutation.body_hash)
        seq = self.writing.log(row)
        self.seen.setdefault(mutation.id, {})[mutation.body_hash] = row
        # Whoever stole a token must not take the phone's next number from it.
        if self._is_vouched_for(mutation):
            self.chain.follow(mutation.seq, mutation.prev, mutation.body_hash)
        outcome = Outcome(
            id=mutation.id,
            outcome=word,
            version=version,
            code=code,
            errors=errors or {},
            exception_id=case_id,
        )
        return seq, outcome

    def _other_side(self, mutation: Mutation) -> Mapping[str, Any]:
        """Both links that claim one number; the exception of a cloned phone names them."""
        assert mutation.seq is not None  # only a link with a number forks
        first = first_with_number(self.writing, self.author.id, mutation.seq)
        return {"seq": mutation.seq, "mutation_ids": [first, mutation.id]}

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

    def _trust_doubt(self, mutation: Mutation) -> str | None:
        """A phone that was revoked, or a link that its key should have signed and has not."""
        if not self.carried.trusted:
            return "DEVICE_UNTRUSTED"
        return None if self._is_vouched_for(mutation) else "SIGNATURE_BAD"

    def _is_vouched_for(self, mutation: Mutation) -> bool:
        """Does the device's signature cover it, where it must? (decision 0014)"""
        return not self.must_be_covered or mutation.body_hash in self.carried.covered

    def _block_doubt(self, mutation: Mutation) -> str | None:
        """Was the receipt number given to this phone? (M10)"""
        number = mutation.fields.get("receipt_no")
        if number is None or not mutation.is_money or self.author.origin is not Origin.DEVICE:
            return None
        return None if is_issued(number, self.blocks) else "RECEIPT_NOT_ISSUED"

    def _chain_doubt(self, mutation: Mutation) -> str | None:
        """Does it fit the device's chain? (protocol 1)"""
        if mutation.seq is None or self.author.origin is not Origin.DEVICE:
            return None
        return self.chain.doubt(mutation.seq, mutation.prev, mutation.body_hash)

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

    def _held_once(self, record: Record) -> bool:
        """Was it this phone's before it was taken away? Then its step is late, and not a stranger's."""
        return was_shown(
            self.writing.connection,
            self.writing.ibc_id,
            (f"device:{self.author.id}", f"officer:{self.author.officer_id}"),
            record.entity.name,
            record.id,
        )


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


def _amount(entity: Entity, fields: Mapping[str, Any]) -> int | None:
    return readable_money(entity, fields) if entity.sync.money else None
