"""Work that moves while phones are out: stops split off to another officer, given up, consumers to another area."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import any_of, fetch, listed
from infra.ids import derived_id, digest
from infra.strict_json import canonical
from models import ENTITIES
from models.round import RoundStateWord
from models.stop import StopStateWord
from sync.keyed import repeated
from sync.office import Put, Refused, Stale, write
from sync.records import Record, load_by_id
from sync.rounds import Answer, UnknownRound, is_officer, round_answer
from sync.writing import lock_head

ROUND, STOP, AREA = ENTITIES["round"], ENTITIES["stop"], ENTITIES["area"]
ENDED_STATES = frozenset({"settled", "closed", "cancelled"})
"""Nothing is taken out of a round that is over."""


def split(
    connection: Connection,
    ibc_id: str,
    round_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    version: int,
    now: Milliseconds,
) -> Answer:
    """Give doors that nobody has reached to another officer, as a round of his own.

    The stops keep their ids, so that what the first officer did at one of them meanwhile is known.
    Errors: UnknownRound, Stale, Refused, KeyReused.
    """
    lock_head(connection, ibc_id)
    walk = _round(connection, ibc_id, round_id)
    stop_ids = asked["stops"]
    new_id = derived_id("round", ibc_id, key, digest(canonical(stop_ids)))
    fields = {
        **{name: walk.fields[name] for name in ("area_id", "business_date", "kind")},
        "officer_id": asked["officer_id"],
        "planned_count": len(stop_ids),
        "state": RoundStateWord.ASSIGNED.value,
    }
    made = Put("round", new_id, fields)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=made):
        return round_answer(new_id, before.version, fields)
    errors = _misfits(connection, ibc_id, walk, stop_ids)
    if not is_officer(connection, ibc_id, asked["officer_id"]):
        errors["officer_id"] = "unknown_officer"
    if errors:
        raise Refused(made, errors)
    puts = [
        made,
        _shrunk(walk, len(stop_ids), version),
        *(Put("stop", stop_id, {"round_id": new_id}) for stop_id in stop_ids),
    ]
    versions = write(connection, ibc_id, author_id=author_id, puts=puts, now=now, mutation_id=key)
    return round_answer(new_id, versions[0], fields)


def withdraw(
    connection: Connection,
    ibc_id: str,
    round_id: str,
    *,
    author_id: str,
    stop_ids: Sequence[str],
    version: int,
    now: Milliseconds,
) -> Answer:
    """Take doors off a round; their consumers leave the officer's phone, the stops stay to be seen.

    Errors: UnknownRound, Stale, Refused.
    """
    lock_head(connection, ibc_id)
    walk = _round(connection, ibc_id, round_id)
    shrunk = _shrunk(walk, len(stop_ids), version)
    if walk.version != version:
        raise Stale(f"round {round_id} is not at version {version}")
    if errors := _misfits(connection, ibc_id, walk, stop_ids):
        raise Refused(shrunk, errors)
    given_up = {"state": StopStateWord.WITHDRAWN.value}
    puts = [shrunk, *(Put("stop", stop_id, given_up) for stop_id in stop_ids)]
    [after, *_] = write(connection, ibc_id, author_id=author_id, puts=puts, now=now)
    return round_answer(round_id, after, {**walk.fields, **shrunk.fields})


def move_consumers(
    connection: Connection,
    ibc_id: str,
    *,
    author_id: str,
    accounts: Sequence[str],
    area_id: str,
    now: Milliseconds,
) -> int:
    """Put consumers into another area, with their lines in its directory; again moves nobody.

    Rounds that name them go on naming them. Returns how many moved. Errors: Refused.
    """
    lock_head(connection, ibc_id)
    rows = fetch(
        connection,
        "SELECT id, account_no, area_id FROM consumers WHERE ibc_id = :ibc_id "
        f"AND deleted_at IS NULL AND {any_of(connection, 'account_no', 'accounts')}",
        ibc_id=ibc_id,
        accounts=listed(connection, list(accounts)),
    )
    known = {row.account_no: row for row in rows}
    errors = {
        f"accounts.{n}": "unknown_account"
        for n, account_no in enumerate(accounts)
        if account_no not in known
    }
    if not load_by_id(connection, ibc_id, AREA, [area_id]):
        errors["area_id"] = "unknown_area"
    if errors:
        raise Refused(Put("consumer", "", {"area_id": area_id}), errors)
    fields = {"area_id": area_id}
    puts = [
        Put("consumer", row.id, fields)
        for row in sorted(known.values(), key=lambda row: row.account_no)
        if row.area_id != area_id
    ]
    if puts:
        write(connection, ibc_id, author_id=author_id, puts=puts, now=now)
    return len(puts)


def _round(connection: Connection, ibc_id: str, round_id: str) -> Record:
    walk = load_by_id(connection, ibc_id, ROUND, [round_id]).get(round_id)
    if walk is None:
        raise UnknownRound(f"there is no round {round_id}")
    return walk


def _shrunk(walk: Record, count: int, version: int) -> Put:
    planned = int(walk.fields["planned_count"])
    return Put("round", walk.id, {"planned_count": max(planned - count, 0)}, version)


def _misfits(
    connection: Connection, ibc_id: str, walk: Record, stop_ids: Sequence[str]
) -> dict[str, str]:
    """Doors that are not this round's, that somebody has reached, or that are named twice."""
    errors: dict[str, str] = {}
    if walk.fields["state"] in ENDED_STATES:
        errors["state"] = "round_is_over"
    stops = load_by_id(connection, ibc_id, STOP, stop_ids)
    seen: set[str] = set()
    for n, stop_id in enumerate(stop_ids):
        stop = stops.get(stop_id)
        if stop is None or stop.fields["round_id"] != walk.id:
            errors[f"stops.{n}"] = "unknown_stop"
        elif stop.fields["state"] != StopStateWord.PENDING:
            errors[f"stops.{n}"] = "not_pending"
        elif stop_id in seen:
            errors[f"stops.{n}"] = "twice"
        seen.add(stop_id)
    return errors
