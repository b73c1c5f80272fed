"""Loads what the books know about custody: which sessions have ended, which dates are closed, what was rebuilt."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from infra.database import any_of, fetch, listed
from ledger.accounts import AT_IBC, custody_session
from ledger.log_row import LogRow
from ledger.view import Books

NAMES_SOURCES = ("collection_id", "deposit_id", "undoes_id")
NAMES_HOLDERS = ("account_of", "deposit_id", "bank_account")
MOVES_IBC_CASH = frozenset({"handover", "deposit", "cash_session", "adjustment", "refund"})


def named_sources(rows: Iterable[LogRow]) -> set[str]:
    """The records whose entries decide what these rows do: slips, cheques, earlier outcomes."""
    named = {row.fields.get(name) for row in rows for name in NAMES_SOURCES}
    for row in rows:
        cheques = row.fields.get("cheque_ids")
        named.update(cheques if isinstance(cheques, list) else ())
    return {name for name in named if isinstance(name, str)}


def named_holders(rows: Iterable[LogRow]) -> set[str]:
    """Sessions, slips and banks whose balances these rows read."""
    named = {row.fields.get(name) for row in rows for name in NAMES_HOLDERS}
    named.update(_session_of(row) for row in rows if "session_date" in row.fields)
    named.update(row.record_id for row in rows if row.entity == "deposit")
    if any(row.entity in MOVES_IBC_CASH for row in rows):
        named.add(AT_IBC)
    return {name for name in named if isinstance(name, str)}


def load_custody(
    connection: Connection,
    ibc_id: str,
    books: Books,
    rows: Sequence[LogRow],
    read_until: int | None,
) -> set[str]:
    """Ended sessions, closed dates and rebuilt receipts, as of a log row; returns whose balances are needed.

    A session that has neither ended nor an overage needs none: its cash only grows here.
    """
    _load_closed(connection, ibc_id, books, read_until)
    taken = [row for row in rows if row.entity == "collection"]
    _load_rebuilt(connection, ibc_id, books, taken)
    sessions = {custody_session(row.actor_id, row.local_date) for row in taken}
    sessions |= {_session_of(row) for row in rows if "session_date" in row.fields}
    sessions |= {leg.of for history in books.history.values() for e in history for leg in e.legs}
    found = fetch(
        connection,
        "SELECT s.account_of, s.ended_as, s.ended_seq, EXISTS (SELECT 1 FROM postings p "
        "WHERE p.ibc_id = s.ibc_id AND p.account_code = 2080 AND p.account_of = s.account_of) "
        "AS is_over FROM custody_sessions s WHERE s.ibc_id = :ibc_id "
        f"AND {any_of(connection, 's.account_of', 'sessions')}",
        ibc_id=ibc_id,
        sessions=listed(connection, sorted(sessions)),
    )
    for row in found:
        if row.ended_as is not None and (read_until is None or row.ended_seq <= read_until):
            books.ended[row.account_of] = row.ended_as
    return {row.account_of for row in found if row.ended_as is not None or row.is_over}


def _load_closed(connection: Connection, ibc_id: str, books: Books, read_until: int | None) -> None:
    as_of = "" if read_until is None else f" AND closed_seq <= {read_until:d}"
    found = fetch(
        connection,
        "SELECT MAX(business_date) AS business_date FROM periods "
        f"WHERE ibc_id = :ibc_id AND closed_seq IS NOT NULL{as_of}",
        ibc_id=ibc_id,
    )
    books.closed_through = found[0].business_date or ""


def _load_rebuilt(
    connection: Connection, ibc_id: str, books: Books, rows: Sequence[LogRow]
) -> None:
    """Of these receipt numbers, those that the office has rebuilt and the books have posted."""
    numbers = {row.fields.get("receipt_no") for row in rows}
    wanted = sorted(number for number in numbers if isinstance(number, str))
    if not wanted:
        return
    found = fetch(
        connection,
        "SELECT c.receipt_no, c.amount_paisa FROM claims k JOIN collections c "
        "ON c.ibc_id = k.ibc_id AND c.id = k.record_id WHERE k.ibc_id = :ibc_id "
        f"AND k.kind = 'receipt_no' AND {any_of(connection, 'k.value', 'numbers')} "
        "AND c.rebuilt_by IS NOT NULL AND c.state IS NOT NULL",
        ibc_id=ibc_id,
        numbers=listed(connection, wanted),
    )
    books.rebuilt.update({row.receipt_no: row.amount_paisa for row in found})


def _session_of(row: LogRow) -> str:
    return custody_session(str(row.fields.get("officer_id")), str(row.fields.get("session_date")))
