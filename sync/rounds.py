"""A supervisor plans a round and moves it along: office writes whose references are checked first."""

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
from sync.office import Put, Refused, write
from sync.records import load_by_id
from sync.writing import lock_head

Answer = dict[str, Any]
ROUND = ENTITIES["round"]


class UnknownRound(LookupError):
    """There is no such round at this IBC."""


def plan(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Make a round with its stops. Errors: Refused, KeyReused."""
    stops = asked["stops"]
    # The stops are part of the round's id: other stops under the same key are another request.
    round_id = derived_id("round", ibc_id, key, digest(canonical(stops)))
    fields = {
        "area_id": asked["area_id"],
        "officer_id": asked["officer_id"],
        "business_date": asked["business_date"],
        "kind": asked["kind"],
        "planned_count": len(stops),
        "state": RoundStateWord.PLANNED.value,
    }
    put = Put("round", round_id, fields)
    lock_head(connection, ibc_id)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return round_answer(round_id, before.version, fields)
    errors = _unknown(connection, ibc_id, asked, stops)
    if errors:
        raise Refused(put, errors)
    puts = [put, *(_stop(round_id, n, stop) for n, stop in enumerate(stops))]
    versions = write(connection, ibc_id, author_id=author_id, puts=puts, now=now, mutation_id=key)
    return round_answer(round_id, versions[0], fields)


def move(
    connection: Connection,
    ibc_id: str,
    round_id: str,
    *,
    author_id: str,
    fields: Mapping[str, Any],
    version: int,
    now: Milliseconds,
) -> Answer:
    """Bring a round into another state. Errors: UnknownRound, Stale, Refused."""
    lock_head(connection, ibc_id)
    known = load_by_id(connection, ibc_id, ROUND, [round_id]).get(round_id)
    if known is None:
        raise UnknownRound(f"there is no round {round_id}")
    put = Put("round", round_id, dict(fields), version)
    errors = _misfits(connection, ibc_id, fields)
    if errors:
        raise Refused(put, errors)
    [after] = write(connection, ibc_id, author_id=author_id, puts=[put], now=now)
    return round_answer(round_id, after, {**known.fields, **fields})


def _misfits(connection: Connection, ibc_id: str, fields: Mapping[str, Any]) -> dict[str, str]:
    officer_id = fields.get("officer_id")
    if officer_id is None:
        return {}
    if fields["state"] != RoundStateWord.ASSIGNED:
        return {"officer_id": "only_with_assigned"}
    if not is_officer(connection, ibc_id, officer_id):
        return {"officer_id": "unknown_officer"}
    return {}


def _unknown(
    connection: Connection,
    ibc_id: str,
    asked: Mapping[str, Any],
    stops: Sequence[Mapping[str, Any]],
) -> dict[str, str]:
    """What the plan names and this IBC does not have, and doors that it names twice."""
    errors: dict[str, str] = {}
    if not load_by_id(connection, ibc_id, ENTITIES["area"], [asked["area_id"]]):
        errors["area_id"] = "unknown_area"
    if not is_officer(connection, ibc_id, asked["officer_id"]):
        errors["officer_id"] = "unknown_officer"
    known = known_accounts(connection, ibc_id, [stop["account_no"] for stop in stops])
    seen: set[str] = set()
    for n, stop in enumerate(stops):
        account_no = stop["account_no"]
        if account_no not in known:
            errors[f"stops.{n}.account_no"] = "unknown_account"
        elif account_no in seen:
            errors[f"stops.{n}.account_no"] = "twice"
        seen.add(account_no)
    return errors


def known_accounts(connection: Connection, ibc_id: str, accounts: Sequence[str]) -> set[str]:
    """Which of these are accounts of consumers of this IBC, and of no successor."""
    found = fetch(
        connection,
        "SELECT c.account_no FROM consumers c LEFT JOIN successors s "
        "ON s.ibc_id = c.ibc_id AND s.account_no = c.account_no "
        "WHERE c.ibc_id = :ibc_id AND c.deleted_at IS NULL AND s.account_no IS NULL "
        f"AND {any_of(connection, 'c.account_no', 'accounts')}",
        ibc_id=ibc_id,
        accounts=listed(connection, sorted(set(accounts))),
    )
    return {row.account_no for row in found}


def is_officer(connection: Connection, ibc_id: str, staff_id: str) -> bool:
    """Whether this person may be given rounds here."""
    card = load_by_id(connection, ibc_id, ENTITIES["staff"], [staff_id]).get(staff_id)
    return card is not None and bool(card.fields["active"]) and "officer" in card.fields["roles"]


def _stop(round_id: str, n: int, stop: Mapping[str, Any]) -> Put:
    fields = {
        "round_id": round_id,
        "account_no": stop["account_no"],
        "walk_order": stop["walk_order"],
        "reason": stop.get("reason"),
        "expected_paisa": stop["expected_paisa"],
        "state": StopStateWord.PENDING.value,
    }
    return Put("stop", derived_id("stop", round_id, str(n)), fields)


def round_answer(round_id: str, version: int, fields: Mapping[str, Any]) -> Answer:
    """A round as the office is answered."""
    names = ("area_id", "officer_id", "business_date", "kind", "planned_count", "state")
    return {"id": round_id, "version": version, **{name: fields[name] for name in names}}
