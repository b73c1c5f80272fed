"""What the database knows about a batch, asked set-based before anything is decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import Insert, any_of, fetch, listed
from models import ENTITIES, Entity
from models.declaration import Policy
from models.kinds import Id
from models.log import OWNS_ITS_ID, REUSES_AN_ID, DeviceChain
from sync.chain import Chain, Missing
from sync.mutation import Author, Mutation, Op, Origin
from sync.parcel import Parcel
from sync.writing import Writing


@dataclass(frozen=True, slots=True)
class Found:
    """The database's side of a batch."""

    seen: dict[str, dict[str, Mapping[str, Any]]]
    """Mutation id → body hash → its row in the log."""
    accounts: Mapping[str, str | None]
    """Account → None when it is this IBC's, else the code that doubts it."""
    claimed: dict[tuple[str, str], str]
    """(column, value) → the record that holds the claim."""


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


def load_chains(connection: Connection, ibc_id: str, authors: Sequence[Author]) -> dict[str, Chain]:
    """How far each device's chain has come; one that never wrote begins at nothing."""
    rows = fetch(
        connection,
        "SELECT device_id, last_seq, last_hash, missing FROM device_chains "
        f"WHERE ibc_id = :ibc_id AND {any_of(connection, 'device_id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, [author.id for author in authors]),
    )
    chains = {author.id: Chain(0, "", Missing()) for author in authors}
    for device_id, last_seq, last_hash, missing in rows:
        gaps = Missing([tuple(pair) for pair in orjson.loads(missing)])
        chains[device_id] = Chain(last_seq, last_hash, gaps)
    return chains


def chain_writes(
    ibc_id: str, parcels: Sequence[Parcel], chains: Mapping[str, Chain], now: Milliseconds
) -> list[Insert]:
    """How far the chains have come, and what the phones said of themselves, to be written."""
    rows = {
        author.id: {
            "ibc_id": ibc_id,
            "device_id": author.id,
            "last_seq": chains[author.id].seq,
            "last_hash": chains[author.id].hash,
            "missing": orjson.dumps(chains[author.id].missing.ranges).decode(),
            "last_seen_at": now,
            "pending": carried.pending,
            "app_version": carried.app,
            "clock_offset_ms": carried.clock_offset_ms,
        }
        for author, _, carried in parcels
        if author.origin is Origin.DEVICE
    }
    return [Insert(DeviceChain.__table__, list(rows.values()), "replace")]


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
    others = _account_rows(writing, unknown, "ibc_id <> :ibc_id") if unknown else set()
    doubts: dict[str, str | None] = dict.fromkeys(ours)
    doubts |= {a: "OTHER_IBC" if a in others else "UNKNOWN_ACCOUNT" for a in unknown}
    return doubts


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
