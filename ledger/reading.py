"""What people ask of the books, as queries: balances, entries, custody, a consumer's standing, exceptions."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import any_of, fetch, listed
from ledger.accounts import CHART, CREDIT
from ledger.rules import AFTER_DECISION, HELD

ROWS_MAX = 1_000
"""Rows of one page; a caller who asks for more gets this many."""
PAYMENTS_SHOWN = 6
"""As many last payments as the consumer's card shows (domain manual §5)."""

SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"
CLAIMED = ", ".join(f"'{code}'" for code, when in sorted(HELD.items()) if when == AFTER_DECISION)

Page = Sequence[Mapping[str, Any]]  # rows of text SQL have no static type


class Basis(StrEnum):
    """By which of an entry's times a balance is cut off."""

    POSTED = "posted"
    OCCURRED = "occurred"
    BUSINESS_DATE = "business_date"


CUT_OFF = {
    Basis.POSTED: "e.posted_at < :until",
    Basis.OCCURRED: "e.occurred_at < :until",
    Basis.BUSINESS_DATE: "e.business_date <= :until",
}


def balances(
    connection: Connection,
    ibc_id: str,
    *,
    basis: Basis,
    until: Milliseconds | str,
    code: int | None = None,
    of: str | None = None,
    after: tuple[int, str] = (0, ""),
    limit: int = ROWS_MAX,
) -> Page:
    """Balances per account, each on its normal side.

    `until` is a moment, or a date for the business date; `after` is the (account_code, account_of)
    of the last row of the page before.
    """
    # A range of one code: by equality SQLite sorts all of its accounts before it groups (40×).
    conditions = _conditions(
        {"p.account_code BETWEEN :code AND :code": code, "p.account_of = :of": of},
    )
    # From below the code, whose one account may be that of nobody in particular ('').
    after = max(after, ((code or 1) - 1, ""))
    found = fetch(
        connection,
        f"SELECT p.account_code, p.account_of, SUM({SIGNED}) AS debit_paisa FROM postings p "
        "JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        f"WHERE p.ibc_id = :ibc_id AND {CUT_OFF[basis]}{conditions} "
        "AND (p.account_code, p.account_of) > (:after_code, :after_of) "
        "GROUP BY p.account_code, p.account_of ORDER BY p.account_code, p.account_of LIMIT :limit",
        ibc_id=ibc_id,
        until=until,
        after_code=after[0],
        after_of=after[1],
        limit=min(limit, ROWS_MAX),
        **_given(code=code, of=of),
    )
    return [
        {
            "account_code": row.account_code,
            "account_of": row.account_of,
            "balance_paisa": _on_normal_side(row.account_code, int(row.debit_paisa)),
        }
        for row in found
    ]


def trial_balance(
    connection: Connection, ibc_id: str, *, basis: Basis, until: Milliseconds | str
) -> Page:
    """One row per account code: debits, credits and the balance on the normal side."""
    found = fetch(
        connection,
        "SELECT p.account_code, SUM(CASE p.side WHEN 'D' THEN p.amount_paisa ELSE 0 END) AS debits,"
        " SUM(CASE p.side WHEN 'C' THEN p.amount_paisa ELSE 0 END) AS credits FROM postings p "
        "JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        f"WHERE p.ibc_id = :ibc_id AND {CUT_OFF[basis]} "
        "GROUP BY p.account_code ORDER BY p.account_code",
        ibc_id=ibc_id,
        until=until,
    )
    return [
        {
            "account_code": row.account_code,
            "name": CHART[row.account_code].name,
            "debits_paisa": int(row.debits),
            "credits_paisa": int(row.credits),
            "balance_paisa": _on_normal_side(row.account_code, int(row.debits - row.credits)),
        }
        for row in found
    ]


def entries(
    connection: Connection,
    ibc_id: str,
    *,
    kind: str | None = None,
    code: int | None = None,
    of: str | None = None,
    source_id: str | None = None,
    date_from: str | None = None,
    date_to: str | None = None,
    after: int = 0,
    limit: int = ROWS_MAX,
) -> Page:
    """Entries with their postings, oldest first; `after` is the seq of the last one seen."""
    conditions = _conditions(
        {
            "e.kind = :kind": kind,
            "e.source_id = :source_id": source_id,
            "e.business_date >= :date_from": date_from,
            "e.business_date <= :date_to": date_to,
        }
    )
    if code is not None and of is not None:
        conditions += f" AND e.seq IN ({OF_ONE_ACCOUNT})"
    elif code is not None or of is not None:
        own = _conditions({"p.account_code = :code": code, "p.account_of = :of": of})
        conditions += f" AND EXISTS ({OF_THIS_ENTRY}{own})"
    found = fetch(
        connection,
        f"SELECT e.* FROM entries e WHERE e.ibc_id = :ibc_id AND e.seq > :after{conditions} "
        "ORDER BY e.seq LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=min(limit, ROWS_MAX),
        **_given(
            kind=kind, code=code, of=of, source_id=source_id, date_from=date_from, date_to=date_to
        ),
    )
    postings = _postings_of(connection, ibc_id, [row.seq for row in found])
    return [{**row._asdict(), "postings": postings.get(row.seq, [])} for row in found]


OF_ONE_ACCOUNT = (
    "SELECT p.entry_seq FROM postings p WHERE p.ibc_id = :ibc_id "
    "AND p.account_code = :code AND p.account_of = :of"
)
OF_THIS_ENTRY = (
    "SELECT 1 FROM postings p WHERE p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "AND p.amount_paisa > 0"
)
"""The amount says nothing: it keeps SQLite from walking the account's index instead (700×)."""


def _postings_of(
    connection: Connection, ibc_id: str, seqs: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    postings: dict[int, list[dict[str, Any]]] = {}
    if not seqs:
        return postings
    for row in fetch(
        connection,
        "SELECT p.entry_seq, p.line_no, p.account_code, p.account_of, p.side, p.amount_paisa "
        f"FROM postings p WHERE p.ibc_id = :ibc_id AND {any_of(connection, 'p.entry_seq', 'seqs')} "
        "ORDER BY p.entry_seq, p.line_no",
        ibc_id=ibc_id,
        seqs=listed(connection, seqs),
    ):
        postings.setdefault(row.entry_seq, []).append(row._asdict())
    return postings


def custody(connection: Connection, ibc_id: str, *, after: str = "", limit: int = ROWS_MAX) -> Page:
    """Per officer: cash answerable for, session by session, and money claimed beside the books."""
    officers = fetch(
        connection,
        "SELECT officer_id FROM custody_sessions WHERE ibc_id = :ibc_id AND officer_id > :after "
        f"UNION SELECT m.officer_id {CLAIMED_FROM} AND m.officer_id > :after "
        "ORDER BY officer_id LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=min(limit, ROWS_MAX),
    )
    names = [row.officer_id for row in officers]
    sessions: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for row in fetch(
        connection,
        f"SELECT s.officer_id, s.account_of, s.business_date, SUM({SIGNED}) AS paisa "
        "FROM custody_sessions s JOIN postings p ON p.ibc_id = s.ibc_id "
        "AND p.account_code = 1010 AND p.account_of = s.account_of "
        f"WHERE s.ibc_id = :ibc_id AND {any_of(connection, 's.officer_id', 'names')} "
        "GROUP BY s.officer_id, s.account_of, s.business_date ORDER BY s.business_date",
        ibc_id=ibc_id,
        names=listed(connection, names),
    ):
        own = {
            "session": row.account_of,
            "business_date": row.business_date,
            "cash_paisa": int(row.paisa),
        }
        sessions[row.officer_id].append(own)
    claimed = _claimed(connection, ibc_id, names)
    return [
        {
            "officer_id": name,
            "cash_paisa": sum(session["cash_paisa"] for session in sessions[name]),
            "claimed_paisa": claimed.get(name, 0),
            "sessions": sessions[name],
        }
        for name in names
    ]


CLAIMED_FROM = (
    "FROM exceptions x JOIN mutations m ON m.ibc_id = x.ibc_id AND m.id = x.mutation_id "
    "AND m.seq = x.opened_by_seq WHERE x.ibc_id = :ibc_id AND x.state = 'open' "
    f"AND x.subject_entity = 'collection' AND x.kind IN ({CLAIMED})"
)
"""Held money of which no entry exists until a person decides (ruling 12)."""


def _claimed(connection: Connection, ibc_id: str, officers: Sequence[str]) -> dict[str, int]:
    found = fetch(
        connection,
        f"SELECT m.officer_id, SUM(x.amount_paisa) AS paisa {CLAIMED_FROM} "
        f"AND {any_of(connection, 'm.officer_id', 'officers')} GROUP BY m.officer_id",
        ibc_id=ibc_id,
        officers=listed(connection, officers),
    )
    return {row.officer_id: int(row.paisa or 0) for row in found}


def consumer(connection: Connection, ibc_id: str, account_no: str) -> Mapping[str, Any]:
    """A consumer's standing by the books, with his last payments and what has not cleared."""
    totals = fetch(
        connection,
        f"SELECT p.account_code, SUM({SIGNED}) AS paisa FROM postings p WHERE p.ibc_id = :ibc_id "
        "AND p.account_code IN (1100, 2010, 2110) AND p.account_of = :account_no "
        "GROUP BY p.account_code",
        ibc_id=ibc_id,
        account_no=account_no,
    )
    by_code = {row.account_code: int(row.paisa) for row in totals}
    payments = fetch(
        connection,
        "SELECT DISTINCT e.seq, e.kind, e.business_date, e.occurred_at, e.source_id, "
        "c.receipt_no, c.tender, c.amount_paisa, c.state FROM postings p "
        "JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        "LEFT JOIN collections c ON c.ibc_id = e.ibc_id AND c.id = e.source_id "
        "WHERE p.ibc_id = :ibc_id AND p.account_code IN (1100, 2010, 2110) "
        "AND p.account_of = :account_no AND p.side = 'C' AND e.source_entity = 'collection' "
        "AND e.kind NOT IN ('advance_applied', 'reversed') "
        "ORDER BY e.occurred_at DESC, e.seq DESC LIMIT :limit",
        ibc_id=ibc_id,
        account_no=account_no,
        limit=PAYMENTS_SHOWN,
    )
    return {
        "account_no": account_no,
        "due_paisa": by_code.get(1100, 0),
        "advance_paisa": -by_code.get(2010, 0),
        "uncleared_paisa": -by_code.get(2110, 0),
        "payments": [row._asdict() for row in payments],
    }


def exceptions(
    connection: Connection,
    ibc_id: str,
    *,
    state: str = "open",
    kind: str | None = None,
    owner_role: str | None = None,
    account_no: str | None = None,
    after: tuple[Milliseconds, str] = (0, ""),
    limit: int = ROWS_MAX,
) -> Page:
    """Exceptions in the order in which they were opened; `after` is the last (opened_at, id)."""
    conditions = _conditions(
        {
            "kind = :kind": kind,
            "owner_role = :owner_role": owner_role,
            "account_no = :account_no": account_no,
        }
    )
    found = fetch(
        connection,
        "SELECT * FROM exceptions WHERE ibc_id = :ibc_id AND state = :state "
        f"AND (opened_at, id) > (:after_at, :after_id){conditions} "
        "ORDER BY opened_at, id LIMIT :limit",
        ibc_id=ibc_id,
        state=state,
        after_at=after[0],
        after_id=after[1],
        limit=min(limit, ROWS_MAX),
        **_given(kind=kind, owner_role=owner_role, account_no=account_no),
    )
    return [row._asdict() for row in found]


def _conditions(wanted: Mapping[str, Any]) -> str:
    return "".join(f" AND {sql}" for sql, value in wanted.items() if value is not None)


def _given(**parameters: Any) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if value is not None}


def _on_normal_side(code: int, debit_paisa: int) -> int:
    return -debit_paisa if CHART[code].normal == CREDIT else debit_paisa
