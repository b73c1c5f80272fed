"""What the database knows about a batch, asked set-based before anything is decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from auth.blocks import Block
from infra.clock import Milliseconds
from infra.database import Insert, any_of, fetch, listed
from infra.tenancy import across
from models import ENTITIES, Entity
from models.declaration import Policy
from models.kinds import Id
from models.log import OWNS_ITS_ID, REUSES_AN_ID, DeviceChain
from sync.chain import Chain, Missing
from sync.mutation import Author, Mutation, Op, Origin
from sync.outcomes import Outcome, OutcomeWord
from sync.parcel import Carried, Parcel
from sync.writing import Writing


@dataclass(frozen=True, slots=True)
class Found:
    """The database's side of a batch."""

    seen: dict[str, dict[str, Mapping[str, Any]]]
    """Mutation id → body hash → its row in the log."""
    accounts: dict[str, str | None]
    """Account → None when it is this IBC's, else the code that doubts it."""
    claimed: dict[tuple[str, str], str]
    """(column, value) → the record that holds the claim."""


@dataclass(slots=True)
class Standing:
    """What is kept of an author: its chain and counts, and the receipt numbers that it was given."""

    chain: Chain
    gap_since: Milliseconds | None = None
    pending_since: Milliseconds | None = None
    refused: int = 0
    held: int = 0
    blocks: list[Block] = field(default_factory=list)
    safe_seq: int = 0
    """Up to here a verified backup holds what it wrote, and it may forget (protocol 6)."""

    def count(self, outcomes: Sequence[Outcome]) -> None:
        """Remember how many were refused and held, for whoever looks at the fleet."""
        new = [outcome.outcome for outcome in outcomes if not outcome.replayed]
        self.refused += new.count(OutcomeWord.REJECTED)
        self.held += new.count(OutcomeWord.HELD)

    def row(self, now: Milliseconds) -> dict[str, Any]:
        """Its columns of `device_chains`."""
        gaps = self.chain.missing.ranges
        return {
            "last_seq": self.chain.seq,
            "last_hash": self.chain.hash,
            "missing": orjson.dumps([list(gap) for gap in gaps]).decode(),
            "gap_since": (self.gap_since or now) if gaps else None,
            "signs": int(self.chain.signs),
            "refused": self.refused,
            "held": self.held,
        }


CLAIM_KINDS = sorted({column for entity in ENTITIES.values() for column in entity.sync.claims})


def look_up(writing: Writing, mutations: Sequence[Mutation], *, assume_new: bool) -> Found:
    """Ask for everything that deciding this batch needs; brings its records into `writing`.

    `assume_new`: take the ids, facts and claims as not seen before. The unique indexes refuse the
    batch when that was wrong, and it is decided again with everything looked up.
    """
    _load_records(writing, mutations, assume_new=assume_new)
    accounts = _accounts(writing, mutations)
    if assume_new:
        return Found({}, accounts, {})
    return Found(_seen(writing, mutations), accounts, claims_of(writing, _claims(mutations)))


@cache
def awaits(entity: Entity) -> list[tuple[str, Entity]]:
    """The columns of an entity that wait for a record of another, and that other."""
    return [
        (field.name, ENTITIES[field.kind.of])
        for field in entity.fields
        if isinstance(field.kind, Id) and field.kind.waits and field.kind.of
    ]


def load_standings(writing: Writing, authors: Sequence[Author]) -> dict[str, Standing]:
    """What is kept of each author, the receipt numbers that it was given among it; one statement.

    It says as well whether anything of the IBC waits.
    """
    connection = writing.connection
    standings = {author.id: Standing(Chain(0, "", Missing())) for author in authors}
    rows = fetch(
        connection,
        "SELECT c.device_id, c.last_seq, c.last_hash, c.missing, c.signs, c.gap_since, "
        "c.pending_since, c.refused, c.held, s.safe_seq, "
        "NULL AS prefix, NULL AS first_serial, NULL AS last_serial FROM device_chains c "
        "LEFT JOIN safe_heads s ON s.ibc_id = c.ibc_id AND s.device_id = c.device_id "
        f"WHERE c.ibc_id = :ibc_id AND {any_of(connection, 'c.device_id', 'ids')} UNION ALL "
        "SELECT b.device_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
        "b.prefix, b.first_serial, b.last_serial FROM receipt_blocks b "
        f"WHERE b.ibc_id = :ibc_id AND {any_of(connection, 'b.device_id', 'ids')} UNION ALL "
        "SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL "
        "WHERE EXISTS (SELECT 1 FROM waiting WHERE ibc_id = :ibc_id)",
        ibc_id=writing.ibc_id,
        ids=listed(connection, [author.id for author in authors]),
    )
    writing.something_waits = False
    for row in rows:
        if row.device_id is None:
            writing.something_waits = True
            continue
        standing = standings[row.device_id]
        if row.prefix is not None:
            standing.blocks.append(Block(row.prefix, row.first_serial, row.last_serial))
            continue
        missing = Missing.of(orjson.loads(row.missing))
        standing.chain = Chain(row.last_seq, row.last_hash, missing, bool(row.signs))
        standing.gap_since, standing.pending_since = row.gap_since, row.pending_since
        standing.refused, standing.held = row.refused, row.held
        standing.safe_seq = row.safe_seq or 0
    return standings


def chain_writes(
    ibc_id: str, parcels: Sequence[Parcel], standings: Mapping[str, Standing], now: Milliseconds
) -> list[Insert]:
    """How far the chains have come, and what the phones said of themselves, to be written."""
    rows = {
        author.id: {
            "ibc_id": ibc_id,
            "device_id": author.id,
            **standings[author.id].row(now),
            # Who carries another's outbox says nothing about how that phone is doing.
            **({} if carried.carrier else _report(standings[author.id], carried, now)),
        }
        for author, _, carried in parcels
        if author.origin is Origin.DEVICE
    }
    return [Insert(DeviceChain.__table__, list(rows.values()), "replace")]


def _report(standing: Standing, carried: Carried, now: Milliseconds) -> dict[str, Any]:
    """How the phone says it is doing; it orders and decides nothing."""
    return {
        "last_seen_at": now,
        "pending": carried.pending,
        "pending_since": (standing.pending_since or now) if carried.pending else None,
        "app_version": carried.app,
        "clock_offset_ms": carried.clock_offset_ms,
        "cursor": carried.cursor,
    }


def _load_records(writing: Writing, mutations: Sequence[Mutation], *, assume_new: bool) -> None:
    by_entity: dict[Entity, list[str]] = {}
    for mutation in mutations:
        entity = mutation.entity
        if entity is None or mutation.errors:
            continue
        if not (assume_new and _makes_record(mutation, entity)):
            by_entity.setdefault(entity, []).append(mutation.record_id)
        for column, parent in awaits(entity):
            if mutation.fields.get(column) is not None:
                by_entity.setdefault(parent, []).append(mutation.fields[column])
    for entity, ids in by_entity.items():
        writing.load(entity, ids)
    stops = writing.records[ENTITIES["stop"]].values()
    writing.load(ENTITIES["round"], {str(stop.fields["round_id"]) for stop in stops})


def _makes_record(mutation: Mutation, entity: Entity) -> bool:
    """Whether its author believes that there is no such record yet."""
    policy = entity.sync.policy
    return policy is Policy.FACT or (
        policy is Policy.MERGE and mutation.op == Op.PUT and mutation.base_version is None
    )


def _seen(
    writing: Writing, mutations: Sequence[Mutation]
) -> dict[str, dict[str, Mapping[str, Any]]]:
    ids = [mutation.id for mutation in mutations if mutation.id is not None]
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    if not ids:
        return found
    rows = fetch(
        writing.connection,
        " UNION ALL ".join(
            "SELECT id, body_hash, outcome, version, code, detail FROM mutations WHERE "
            f"ibc_id = :ibc_id AND {any_of(writing.connection, 'id', 'ids')} AND ({which})"
            for which in (OWNS_ITS_ID, REUSES_AN_ID)
        ),
        ibc_id=writing.ibc_id,
        ids=listed(writing.connection, ids),
    )
    for row in rows:
        found.setdefault(row.id, {})[row.body_hash] = row._asdict()
    return found


def _accounts(writing: Writing, mutations: Sequence[Mutation]) -> dict[str, str | None]:
    named = {
        str(mutation.fields[mutation.entity.sync.about])
        for mutation in mutations
        if mutation.entity is not None
        and not mutation.errors
        and mutation.entity.sync.about is not None
        and mutation.fields.get(mutation.entity.sync.about) is not None
    }
    if not named:
        return {}
    ours = _account_rows(writing, sorted(named), "ibc_id = :ibc_id")
    unknown = sorted(named - ours)
    others = _of_other_ibcs(writing, unknown) if unknown else set()
    doubts: dict[str, str | None] = dict.fromkeys(ours)
    doubts |= {a: "OTHER_IBC" if a in others else "UNKNOWN_ACCOUNT" for a in unknown}
    return doubts


def _of_other_ibcs(writing: Writing, accounts: Sequence[str]) -> set[str]:
    """Which of these are somebody else's: the one question of a push about other IBCs."""
    with across(writing.connection):
        return _account_rows(writing, accounts, "ibc_id <> :ibc_id")


def _account_rows(writing: Writing, accounts: Sequence[str], where: str) -> set[str]:
    rows = fetch(
        writing.connection,
        f"SELECT account_no FROM consumers WHERE {where} "
        f"AND {any_of(writing.connection, 'account_no', 'accounts')}",
        ibc_id=writing.ibc_id,
        accounts=listed(writing.connection, accounts),
    )
    return {row.account_no for row in rows}


def _claims(mutations: Sequence[Mutation]) -> set[str]:
    return {
        str(mutation.fields[column])
        for mutation in mutations
        if mutation.entity is not None and not mutation.errors
        for column in mutation.entity.sync.claims
        if column in mutation.fields
    }


def claims_of(writing: Writing, values: Collection[str]) -> dict[tuple[str, str], str]:
    """(column, value) → the record that holds it, for the values that are claimed."""
    if not values:
        return {}
    rows = fetch(
        writing.connection,
        "SELECT kind, value, record_id FROM claims WHERE ibc_id = :ibc_id "
        f"AND {any_of(writing.connection, 'kind', 'kinds')} "
        f"AND {any_of(writing.connection, 'value', 'claimed')}",
        ibc_id=writing.ibc_id,
        kinds=listed(writing.connection, CLAIM_KINDS),
        claimed=listed(writing.connection, sorted(values)),
    )
    return {(row.kind, row.value): row.record_id for row in rows}
