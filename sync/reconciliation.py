"""Where reconciliation stands, as queries: matches, suggestions, what is open on both sides, and the sums."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from sync.matches import MATCHER
from sync.open_items import FREE_CHEQUE, FREE_CLAIM, FREE_SLIP, FREE_STATEMENT

Row = Mapping[str, Any]  # rows of text SQL have no static type
Place = tuple[Milliseconds, str]

OPEN_LINES = (
    "FROM statement_lines l JOIN statements t ON t.ibc_id = l.ibc_id AND t.id = l.statement_id "
    "WHERE l.ibc_id = :ibc_id AND l.match_id IS NULL"
)
SLIPS = (
    "FROM deposits d WHERE d.ibc_id = :ibc_id AND d.state = 'at_bank' AND d.kind = 'cash' "
    f"AND {FREE_SLIP}"
)
CHEQUES = (
    "FROM instruments i JOIN deposits d ON d.ibc_id = i.ibc_id AND d.id = i.deposit_id "
    f"WHERE i.ibc_id = :ibc_id AND i.state = 'in_clearing' AND {FREE_CHEQUE}"
)
CLAIMS = f"FROM instruments i WHERE i.ibc_id = :ibc_id AND i.state = 'claimed' AND {FREE_CLAIM}"
SETTLEMENTS = (
    "FROM statements t JOIN statement_sources s ON s.ibc_id = t.ibc_id AND s.id = t.source_id "
    f"AND s.kind = 'agency' WHERE t.ibc_id = :ibc_id AND {FREE_STATEMENT}"
)
OPEN_BOOK = {
    "slip": (
        "d.id, d.deposited_on AS on_date, d.total_paisa AS amount_paisa, d.slip_no AS name",
        SLIPS,
    ),
    "cheque": (
        "i.id, d.deposited_on AS on_date, i.amount_paisa, i.instrument_no AS name",
        CHEQUES,
    ),
    "claim": ("i.id, '' AS on_date, i.amount_paisa, i.wallet_txn_id AS name", CLAIMS),
    "settlement": (
        "t.id, t.to_on AS on_date, t.total_paisa - t.fee_paisa AS amount_paisa, s.code AS name",
        SETTLEMENTS,
    ),
}
"""What waits in the books: its columns and where it is found, as sync/open_items.py has it."""
LINE_KINDS = "('AMBIGUOUS', 'UNMATCHED_BANK', 'DUPLICATE_TXN')"


def matches(
    connection: Connection, ibc_id: str, *, state: str | None, after: Place, limit: int
) -> Sequence[Row]:
    """Matches in the order in which they were made."""
    found = fetch(
        connection,
        "SELECT m.*, l.booked_on, (SELECT MAX(c.undone_by) FROM match_claims c "
        "WHERE c.ibc_id = m.ibc_id AND c.match_id = m.id) AS undone_by FROM matches m "
        "JOIN statement_lines l ON l.ibc_id = m.ibc_id AND l.id = m.line_id "
        "WHERE m.ibc_id = :ibc_id AND (m.occurred_at, m.id) > (:after_at, :after_id)"
        f"{' AND m.state = :state' if state else ''} ORDER BY m.occurred_at, m.id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [row._asdict() for row in found]


def suggestions(
    connection: Connection,
    ibc_id: str,
    *,
    state: str,
    line_id: str | None,
    after: Place,
    limit: int,
) -> Sequence[Row]:
    """Suggestions by the time of their making."""
    found = fetch(
        connection,
        "SELECT * FROM suggestions WHERE ibc_id = :ibc_id AND state = :state "
        f"AND (made_at, id) > (:after_at, :after_id){' AND line_id = :line_id' if line_id else ''} "
        "ORDER BY made_at, id LIMIT :limit",
        ibc_id=ibc_id,
        state=state,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"line_id": line_id} if line_id else {}),
    )
    return [row._asdict() for row in found]


def open_items(
    connection: Connection,
    ibc_id: str,
    *,
    side: str | None,
    after: tuple[str, str, str],
    limit: int,
) -> Sequence[Row]:
    """What nothing explains, of both sides, by kind, date and id, each with its case if it has one."""
    parts = []
    if side != "book":
        parts.append(
            "SELECT 'statement' AS side, 'statement_line' AS kind, l.booked_on AS on_date, l.id, "
            "l.amount_paisa, l.narration AS name, (SELECT COUNT(*) FROM suggestions g "
            "WHERE g.ibc_id = l.ibc_id AND g.line_id = l.id AND g.state = 'open') AS suggestions "
            f"{OPEN_LINES}"
        )
    if side != "statement":
        parts += [
            f"SELECT 'book' AS side, '{kind}' AS kind, on_date, id, amount_paisa, name, "
            f"0 AS suggestions FROM (SELECT {columns} {where}) AS {kind}s"
            for kind, (columns, where) in OPEN_BOOK.items()
        ]
    found = fetch(
        connection,
        "SELECT o.*, x.id AS exception_id, x.kind AS exception_kind FROM "
        f"({' UNION ALL '.join(parts)}) AS o LEFT JOIN exceptions x ON x.ibc_id = :ibc_id "
        "AND x.subject_id = o.id AND x.state <> 'resolved' AND x.kind IN ('AMBIGUOUS', "
        "'UNMATCHED_BANK', 'DUPLICATE_TXN', 'UNMATCHED_BOOK', 'CHEQUE_STALE', 'CLAIM_UNCONFIRMED') "
        "WHERE (o.kind, o.on_date, o.id) > (:after_kind, :after_on, :after_id) "
        "ORDER BY o.kind, o.on_date, o.id LIMIT :limit",
        ibc_id=ibc_id,
        after_kind=after[0],
        after_on=after[1],
        after_id=after[2],
        limit=limit,
    )
    return [row._asdict() for row in found]


def summary(connection: Connection, ibc_id: str) -> Row:
    """How many lines and how much money, by how they are explained; amounts without their signs."""
    matched = fetch(
        connection,
        "SELECT CASE WHEN m.state = 'proposed' THEN 'proposed' WHEN m.maker_id = :matcher "
        "AND m.checker_id IS NULL THEN 'matched_by_rule' ELSE 'matched_by_people' END AS how, "
        "COUNT(*) AS lines, SUM(ABS(m.amount_paisa)) AS paisa FROM statement_lines l "
        "JOIN matches m ON m.ibc_id = l.ibc_id AND m.id = l.match_id WHERE l.ibc_id = :ibc_id "
        "GROUP BY 1",
        ibc_id=ibc_id,
        matcher=MATCHER,
    )
    left = fetch(
        connection,
        "SELECT CASE WHEN x.kind = 'AMBIGUOUS' THEN 'ambiguous' WHEN x.kind IS NOT NULL "
        "THEN 'unmatched' WHEN EXISTS (SELECT 1 FROM suggestions g WHERE g.ibc_id = o.ibc_id "
        "AND g.line_id = o.id AND g.state = 'open') THEN 'suggested' ELSE 'unmatched' END AS how, "
        "COUNT(*) AS lines, SUM(ABS(o.amount_paisa)) AS paisa FROM "
        f"(SELECT l.ibc_id, l.id, l.amount_paisa {OPEN_LINES}) AS o "
        "LEFT JOIN exceptions x ON x.ibc_id = o.ibc_id AND x.subject_id = o.id "
        f"AND x.state <> 'resolved' AND x.kind IN {LINE_KINDS} GROUP BY 1",
        ibc_id=ibc_id,
    )
    told = {row.how: {"lines": row.lines, "paisa": int(row.paisa)} for row in (*matched, *left)}
    for kind, (columns, where) in OPEN_BOOK.items():
        [row] = fetch(
            connection,
            "SELECT COUNT(*) AS lines, COALESCE(SUM(amount_paisa), 0) AS paisa "
            f"FROM (SELECT {columns} {where}) AS waiting",
            ibc_id=ibc_id,
        )
        told[f"open_{kind}s"] = {"lines": row.lines, "paisa": int(row.paisa)}
    nothing = {"lines": 0, "paisa": 0}
    return {name: told.get(name, nothing) for name in WORDS}


WORDS = (
    "matched_by_rule",
    "matched_by_people",
    "proposed",
    "suggested",
    "ambiguous",
    "unmatched",
    *(f"open_{kind}s" for kind in OPEN_BOOK),
)
