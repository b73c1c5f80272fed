"""The common parcel, made ready before the lock: an unbroken run of new facts, none of them doubtful.

While one parcel is decided under the IBC's lock nobody else of that IBC is served, so rows and
documents are made before it, and under it only their places in the log are filled in. What does
not fit is decided by sync.arriving, one mutation at a time; a test holds both ways equal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from auth.blocks import Block, is_issued
from infra.clock import Milliseconds
from models import Entity
from models.declaration import Policy, Scope
from sync.entries import author_columns, changes_of, entry_of, new_record
from sync.known import KnownAccounts
from sync.lookup import Found, Standing, awaits
from sync.mutation import Author, Mutation, Op, Origin
from sync.outcomes import Outcome, OutcomeWord
from sync.parcel import Parcel
from sync.records import Record
from sync.waiting import PARENTS
from sync.writing import Ready, Writing


@dataclass(frozen=True, slots=True)
class Plain:
    """A parcel made ready: what it will write, and what must be true for that."""

    epoch: str
    """In which the accounts are known to be the IBC's."""
    first_seq: int
    first_prev: str | None
    last_seq: int
    last_hash: str
    is_covered: bool
    """Whether the device's signature stands over all of it."""
    receipt_numbers: Sequence[tuple[str, str]]
    """The least and the greatest receipt number of each prefix."""
    claims: Mapping[tuple[str, str], str]
    parents: Mapping[Entity, set[str]]
    records: Mapping[Entity, Mapping[str, Record]]
    seen: Mapping[str, dict[str, Mapping[str, Any]]]
    ready: Sequence[Ready]
    outcomes: Sequence[Outcome]

    def fits(self, writing: Writing, standing: Standing, found: Found) -> bool:
        """Whether it may be taken as it stands, now that the lock is held."""
        chain = standing.chain
        return (
            self.epoch == writing.head.epoch
            and self.first_seq == chain.seq + 1
            and (self.first_prev is None or self.first_prev == chain.hash)
            and (self.is_covered or not chain.signs)
            and all(_in_one_block(ends, standing.blocks) for ends in self.receipt_numbers)
            and found.seen.keys().isdisjoint(self.seen)
            and found.claimed.keys().isdisjoint(self.claims)
            and self._has_parents(writing)
            and all(
                writing.records[entity].keys().isdisjoint(made)
                for entity, made in self.records.items()
            )
        )

    def _has_parents(self, writing: Writing) -> bool:
        for parent, ids in self.parents.items():
            writing.load(parent, ids)
        return all(ids <= writing.records[parent].keys() for parent, ids in self.parents.items())

    def take(self, writing: Writing, standing: Standing, found: Found) -> Sequence[Outcome]:
        """Put it into the transaction; all of it is applied."""
        writing.put_ready(self.ready)
        for (kind, value), record_id in self.claims.items():
            writing.claim(kind, value, record_id)
        standing.chain.seq, standing.chain.hash = self.last_seq, self.last_hash
        # Parcels that are taken together see each other.
        found.seen.update(self.seen)
        found.claimed.update(self.claims)
        return self.outcomes

    def arrived(self) -> Sequence[Record]:
        """The new records for which some mutation may be waiting."""
        return [
            record
            for entity, made in self.records.items()
            if entity.name in PARENTS
            for record in made.values()
        ]


def made_ready(
    parcel: Parcel, *, ibc_id: str, now: Milliseconds, accounts: KnownAccounts
) -> Plain | None:
    """The parcel made ready, or None when something in it wants a decision."""
    author, mutations, carried = parcel
    if (
        not mutations
        or author.origin is not Origin.DEVICE
        or not carried.trusted
        or carried.signed is False
        or carried.carrier is not None
        or not _is_unbroken(mutations)
        or not all(map(_is_new_fact, mutations))
    ):
        return None
    covered = carried.covered
    is_covered = all(mutation.body_hash in covered for mutation in mutations)
    claims = _claims(mutations)
    if claims is None or (carried.signed and not is_covered):
        return None
    named = _accounts(mutations)
    if named is None:
        return None
    known = accounts.among(ibc_id, named)
    if not named <= known.accounts:
        return None
    ready = [_ready(mutation, author, ibc_id, now) for mutation in mutations]
    records: dict[Entity, dict[str, Record]] = defaultdict(dict)
    for one in ready:
        records[one.record.entity][one.record.id] = one.record
    seen: dict[str, dict[str, Mapping[str, Any]]] = {
        one.entry["id"]: {one.entry["body_hash"]: one.entry} for one in ready
    }
    if len(seen) < len(ready) or sum(map(len, records.values())) < len(ready):
        return None  # an id stands twice
    first, last = ready[0].entry, ready[-1].entry
    return Plain(
        epoch=known.epoch,
        first_seq=first["author_seq"],
        first_prev=mutations[0].prev,
        last_seq=last["author_seq"],
        last_hash=last["body_hash"],
        is_covered=is_covered,
        receipt_numbers=_ends(mutations),
        claims=claims,
        parents=_parents(mutations),
        records=records,
        seen=seen,
        ready=ready,
        outcomes=[Outcome(m.id, OutcomeWord.APPLIED, version=1) for m in mutations],
    )


def _is_unbroken(mutations: Sequence[Mutation]) -> bool:
    """Each number follows the one before it, and each link the hash."""
    before = mutations[0]
    for mutation in mutations[1:]:
        if before.seq is None or mutation.seq != before.seq + 1:
            return False
        if mutation.prev is not None and mutation.prev != before.body_hash:
            return False
        before = mutation
    return before.seq is not None


def _is_new_fact(mutation: Mutation) -> bool:
    return (
        not mutation.errors
        and mutation.protocol is None
        and mutation.entity is not None
        and mutation.op == Op.PUT
        and mutation.base_version is None
        and _is_made_by_phones(mutation.entity)
    )


@cache
def _is_made_by_phones(entity: Entity) -> bool:
    return entity.sync.policy in (Policy.FACT, Policy.MERGE) and isinstance(
        entity.sync.scope, Scope
    )


def _accounts(mutations: Sequence[Mutation]) -> set[str] | None:
    """The accounts that these are about; None when one that should name an account does not."""
    accounts = set()
    for mutation in mutations:
        assert mutation.entity is not None
        about = mutation.entity.sync.about
        if about is None:
            continue
        account = mutation.fields.get(about)
        if account is None:
            return None
        accounts.add(account)
    return accounts


def _claims(mutations: Sequence[Mutation]) -> dict[tuple[str, str], str] | None:
    """(column, value) → the record that claims it; None when two claim the same."""
    claims: dict[tuple[str, str], str] = {}
    for mutation in mutations:
        assert mutation.entity is not None
        for column in mutation.entity.sync.claims:
            key = (column, str(mutation.fields[column]))
            if claims.setdefault(key, mutation.record_id) != mutation.record_id:
                return None
    return claims


def _parents(mutations: Sequence[Mutation]) -> Mapping[Entity, set[str]]:
    """The records that these point to and would wait for."""
    parents: dict[Entity, set[str]] = defaultdict(set)
    for mutation in mutations:
        assert mutation.entity is not None
        for column, parent in awaits(mutation.entity):
            wanted = mutation.fields.get(column)
            if wanted is not None:
                parents[parent].add(wanted)
    return parents


def _ends(mutations: Sequence[Mutation]) -> list[tuple[str, str]]:
    """The least and the greatest receipt number of each prefix that these print."""
    serials: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for mutation in mutations:
        number = mutation.fields.get("receipt_no") if mutation.is_money else None
        if number is not None:
            prefix, _, serial = number.rpartition("-")
            serials[prefix].append((int(serial), number))
    return [(min(found)[1], max(found)[1]) for found in serials.values()]


def _in_one_block(ends: tuple[str, str], blocks: Sequence[Block]) -> bool:
    """Whether a block holds both numbers, and so all between them."""
    return any(all(is_issued(number, [block]) for number in ends) for block in blocks)


def _ready(mutation: Mutation, author: Author, ibc_id: str, now: Milliseconds) -> Ready:
    record = new_record(mutation, author, now)
    scope = record.own_scope(ibc_id)
    assert scope is not None  # facts travel in a scope of their own
    entry = entry_of(
        mutation,
        OutcomeWord.APPLIED,
        author_columns(author),
        version=1,
        changes=changes_of(record.entity, {}, mutation.fields),
    )
    entry["ibc_id"], entry["received_at"] = ibc_id, now
    feed_row = {
        "ibc_id": ibc_id,
        "record_id": record.id,
        "entity": record.entity.name,
        "scope": scope,
        "n": 0,
        "author_id": author.id,
        "body": record.wire_row(),
        "gone": None,
    }
    return Ready(entry, record, record.table_row(ibc_id), feed_row)
