"""Settle several cases alike, each in its own transaction, so that one that cannot stand stops nobody."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import Database
from sync.case_states import CaseState
from sync.desk import Person, UnknownCase, open_desk, resolve, touches_money
from sync.office import Refused, Stale


def settle_alike(
    database: Database,
    ibc_id: str,
    *,
    cases: Sequence[Mapping[str, Any]],
    choice: str,
    note: str | None,
    person: Person,
    now: Milliseconds,
) -> list[dict[str, Any]]:
    """What became of each case, in order."""

    def work(connection: Connection, seen: Mapping[str, Any]) -> str:
        desk = open_desk(
            connection, ibc_id, seen["id"], version=seen["version"], person=person, now=now
        )
        resolve(desk, {name: {"choice": choice} for name in desk.between}, note)
        state = CaseState.PROPOSED if touches_money(desk.case) else CaseState.RESOLVED
        return state.value

    settled = []
    for seen in cases:
        outcome, errors = "", {}
        try:
            outcome = database.transact(partial(work, seen=seen))
        except Stale:
            outcome = "stale"
        except UnknownCase:
            outcome = "unknown"
        except Refused as refused:
            outcome, errors = "refused", refused.errors
        settled.append({"id": seen["id"], "outcome": outcome, "errors": errors})
    return settled
