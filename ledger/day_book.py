"""The day book: every entry of one business date, what each account did, and the chain's head as its anchor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch
from ledger.accounts import CHART
from ledger.chain import GENESIS


@dataclass(frozen=True)
class DayBook:
    """One date's book."""

    ibc_id: str
    business_date: str
    closed: bool
    lines: Sequence[Any]
    """Postings with their entries; rows of text SQL have no static type."""
    totals: Sequence[Mapping[str, Any]]
    """Per code: opening, debits, credits and closing, debits less credits."""
    entries_hash: str
    """The hash of the date's last entry: printed, it binds every entry before it (M14)."""
    last_seq: int


def day_book(connection: Connection, ibc_id: str, business_date: str) -> DayBook:
    """Read one date's book."""
    lines = fetch(
        connection,
        "SELECT e.seq, e.kind, e.occurred_at, e.memo, e.hash, p.line_no, p.account_code, "
        "p.account_of, p.side, p.amount_paisa FROM entries e JOIN postings p "
        "ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq WHERE e.ibc_id = :ibc_id "
        "AND e.business_date = :business_date ORDER BY e.seq, p.line_no",
        ibc_id=ibc_id,
        business_date=business_date,
    )
    closed = fetch(
        connection,
        "SELECT 1 FROM periods WHERE ibc_id = :ibc_id AND business_date >= :business_date LIMIT 1",
        ibc_id=ibc_id,
        business_date=business_date,
    )
    return DayBook(
        ibc_id=ibc_id,
        business_date=business_date,
        closed=bool(closed),
        lines=lines,
        totals=_totals(connection, ibc_id, business_date),
        entries_hash=lines[-1].hash if lines else GENESIS,
        last_seq=lines[-1].seq if lines else 0,
    )


def _totals(connection: Connection, ibc_id: str, business_date: str) -> Sequence[Mapping[str, Any]]:
    on_date = "e.business_date = :business_date"
    signed = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"
    found = fetch(
        connection,
        "SELECT p.account_code, "
        f"SUM(CASE WHEN {on_date} THEN 0 ELSE {signed} END) AS opening, "
        f"SUM(CASE WHEN {on_date} AND p.side = 'D' THEN p.amount_paisa ELSE 0 END) AS debits, "
        f"SUM(CASE WHEN {on_date} AND p.side = 'C' THEN p.amount_paisa ELSE 0 END) AS credits "
        "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
        "WHERE e.ibc_id = :ibc_id AND e.business_date <= :business_date "
        "GROUP BY p.account_code ORDER BY p.account_code",
        ibc_id=ibc_id,
        business_date=business_date,
    )
    return [
        {
            "account_code": row.account_code,
            "name": CHART[row.account_code].name,
            "opening": int(row.opening),
            "debits": int(row.debits),
            "credits": int(row.credits),
            "closing": int(row.opening + row.debits - row.credits),
        }
        for row in found
    ]
