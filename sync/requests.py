"""What consumers asked for at the door: claimed, answered, and confirmed by whoever asked (users.md 7)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds, local_date
from infra.database import fetch
from ledger.log_reader import timezone_of
from models import ENTITIES
from models.request import ANSWER_DAYS, RequestKindWord, RequestStateWord
from sync.complaints import hold_id_of
from sync.office import Put, Refused, write
from sync.records import load_by_id
from sync.writing import lock_head

Row = dict[str, Any]
REQUEST, HOLD = ENTITIES["request"], ENTITIES["hold"]
S = RequestStateWord

MOVES: frozenset[tuple[RequestStateWord | None, RequestStateWord]] = frozenset(
    {
        (None, S.CLAIMED),
        (S.REOPENED, S.CLAIMED),
        (S.CLAIMED, S.GRANTED),
        (S.CLAIMED, S.REFUSED),
        (S.GRANTED, S.CONFIRMED),
        (S.GRANTED, S.REOPENED),
        (S.REFUSED, S.REOPENED),
    }
)
"""(state, next state); what is not here cannot be done. The consumer ends it, not the office."""


class UnknownRequest(LookupError):
    """There is no such request at this IBC."""


def claim(
    connection: Connection,
    ibc_id: str,
    request_id: str,
    *,
    author_id: str,
    version: int,
    now: Milliseconds,
) -> Row:
    """Take a request that nobody has. Errors: UnknownRequest, Stale, Refused."""
    said = {"state": S.CLAIMED.value, "assignee_id": author_id}
    return _move(
        connection, ibc_id, request_id, said, author_id=author_id, version=version, now=now
    )


def answer(
    connection: Connection,
    ibc_id: str,
    request_id: str,
    *,
    author_id: str,
    asked: Mapping[str, Any],
    version: int,
    now: Milliseconds,
) -> Row:
    """Grant or refuse what one has claimed. Errors: UnknownRequest, Stale, Refused."""
    today = local_date(now, timezone_of(connection, ibc_id)).isoformat()
    said = {"state": asked["state"], "answer": asked["answer"], "answered_on": today}
    return _move(
        connection, ibc_id, request_id, said, author_id=author_id, version=version, now=now
    )


def confirm(
    connection: Connection,
    ibc_id: str,
    request_id: str,
    *,
    author_id: str,
    solved: bool,
    version: int,
    now: Milliseconds,
) -> Row:
    """What the consumer says of the answer: solved, or not, and then the clock goes on.

    Errors: UnknownRequest, Stale, Refused.
    """
    said = {"state": S.CONFIRMED.value} if solved else {"state": S.REOPENED.value}
    return _move(
        connection, ibc_id, request_id, said, author_id=author_id, version=version, now=now
    )


def _move(
    connection: Connection,
    ibc_id: str,
    request_id: str,
    said: Row,
    *,
    author_id: str,
    version: int,
    now: Milliseconds,
) -> Row:
    lock_head(connection, ibc_id)
    known = load_by_id(connection, ibc_id, REQUEST, [request_id]).get(request_id)
    if known is None:
        raise UnknownRequest(f"there is no request {request_id}")
    moved = Put("request", request_id, said, version)
    was, wanted = known.fields.get("state"), said["state"]
    if known.version == version:
        if (was, wanted) not in MOVES:
            raise Refused(moved, {"state": f"illegal_transition {was or 'received'} {wanted}"})
        if was == S.CLAIMED and known.fields["assignee_id"] != author_id:
            raise Refused(moved, {"assignee_id": "assigned_to_another"})
    puts = [moved, *_hold(connection, ibc_id, request_id, said)]
    write(connection, ibc_id, author_id=author_id, puts=puts, now=now)
    found = request(connection, ibc_id, request_id)
    assert found is not None  # it was just written
    return found


def _hold(connection: Connection, ibc_id: str, request_id: str, said: Row) -> list[Put]:
    """The hold of a complaint lasts until the day of its answer, and stands again when reopened."""
    hold_id = hold_id_of(request_id)
    if said["state"] not in (S.GRANTED, S.REFUSED, S.REOPENED):
        return []
    if not load_by_id(connection, ibc_id, HOLD, [hold_id]):
        return []
    return [Put("hold", hold_id, {"until_date": said.get("answered_on")})]


def requests(
    connection: Connection,
    ibc_id: str,
    *,
    asked: Mapping[str, Any],
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Row]:
    """Requests in the order in which they were made, with the day by which each must be answered."""
    names = [name for name in ("kind", "account_no") if asked.get(name)]
    state = {"received": "AND r.state IS NULL "}.get(asked.get("state", ""), "")
    if asked.get("state") and not state:
        state = "AND r.state = :state "
    found = fetch(
        connection,
        f"{SELECT} WHERE r.ibc_id = :ibc_id AND r.deleted_at IS NULL {state}"
        + "".join(f"AND r.{name} = :{name} " for name in names)
        + "AND (r.occurred_at, r.id) > (:after_at, :after_id) "
        "ORDER BY r.occurred_at, r.id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": asked["state"]} if "= :state" in state else {}),
        **{name: asked[name] for name in names},
    )
    timezone = timezone_of(connection, ibc_id)
    return [_told(row, timezone) for row in found]


def request(connection: Connection, ibc_id: str, request_id: str) -> Row | None:
    """One request; None when there is no such."""
    found = fetch(
        connection,
        f"{SELECT} WHERE r.ibc_id = :ibc_id AND r.id = :id AND r.deleted_at IS NULL",
        ibc_id=ibc_id,
        id=request_id,
    )
    return _told(found[0], timezone_of(connection, ibc_id)) if found else None


SELECT = (
    "SELECT r.*, s.name AS officer FROM requests r "
    "LEFT JOIN staff s ON s.ibc_id = r.ibc_id AND s.id = r.officer_id"
)


def _told(row: Any, timezone: str) -> Row:
    asked_on = local_date(row.occurred_at, timezone)
    return {
        **row._asdict(),
        "state": row.state or "received",
        "due_on": answer_due(RequestKindWord(row.kind), asked_on).isoformat(),
    }


def answer_due(kind: RequestKindWord, asked_on: date) -> date:
    """The last day on which an answer is in time: what the slip says, and phones say the same."""
    return asked_on + timedelta(days=ANSWER_DAYS[kind])
