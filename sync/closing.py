"""The close of a business date: it takes no further entry, and is never reopened (M13)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds, local_date
from infra.database import fetch
from infra.ids import derived_id
from ledger.log_reader import timezone_of
from models.cash_session import SessionStateWord
from sync.money import act
from sync.office import Put

CLOSED = {"state": SessionStateWord.CLOSED.value}


def close(
    connection: Connection,
    ibc_id: str,
    business_date: str,
    *,
    key: str,
    author_id: str,
    forced: bool,
    reason: str | None,
    now: Milliseconds,
) -> tuple[str, int]:
    """Close a date and every date before it; refused while custody is open, unless finance says why.

    Errors: Refused, KeyReused, BooksBehind.
    """
    period_id = derived_id("period", ibc_id, business_date)
    fields = {
        "business_date": business_date,
        "closer_id": author_id,
        "forced": forced,
        "reason": reason,
    }

    def check() -> dict[str, str]:
        if business_date > local_date(now, timezone_of(connection, ibc_id)).isoformat():
            return {"business_date": "not_over"}
        if business_date <= closed_through(connection, ibc_id):
            return {"business_date": "already_closed"}
        if forced:
            return {} if reason else {"reason": "required"}
        still_open = open_sessions(connection, ibc_id, business_date)
        return {"business_date": f"custody_is_open {len(still_open)}"} if still_open else {}

    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("period", period_id, fields),
        now=now,
        check=check,
        also=lambda: _close_agreed(connection, ibc_id, business_date),
    )
    return period_id, version


def closed_through(connection: Connection, ibc_id: str) -> str:
    """The last closed date; '' while none is."""
    found = fetch(
        connection,
        "SELECT MAX(business_date) AS business_date FROM periods WHERE ibc_id = :ibc_id",
        ibc_id=ibc_id,
    )
    return found[0].business_date or ""


def open_sessions(connection: Connection, ibc_id: str, business_date: str) -> Sequence[Any]:
    """Sessions of the date and before that nobody has counted; rows have no static type."""
    return fetch(
        connection,
        "SELECT id, officer_id, business_date, state FROM custody_sessions "
        "WHERE ibc_id = :ibc_id AND business_date <= :business_date AND ended_as IS NULL "
        "ORDER BY business_date, officer_id",
        ibc_id=ibc_id,
        business_date=business_date,
    )


def is_a_date(text: str) -> bool:
    """Whether this is a calendar date as we write them."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _close_agreed(connection: Connection, ibc_id: str, business_date: str) -> list[Put]:
    """Counted and agreed sessions are closed with their date."""
    found = fetch(
        connection,
        "SELECT id FROM custody_sessions WHERE ibc_id = :ibc_id AND state = 'agreed' "
        "AND business_date <= :business_date ORDER BY id",
        ibc_id=ibc_id,
        business_date=business_date,
    )
    return [Put("cash_session", row.id, CLOSED) for row in found]
