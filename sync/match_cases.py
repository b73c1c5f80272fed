"""What reconciliation leaves open, as cases: lines that nothing explains, items that no line came for."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, text

from infra.clock import Milliseconds, local_date, start_of_date
from infra.database import any_of, fetch, insert_rows, listed
from ledger.exceptions import case
from ledger.log_reader import timezone_of
from ledger.matching import DEPOSIT_DAYS_MAX as DAYS_MAX
from ledger.matching import BankLine, banking_days
from sync.consequences import EXCEPTIONS
from sync.open_items import FREE_CHEQUE, FREE_CLAIM, FREE_SLIP
from sync.writing import as_json, lock_head

LINE_KINDS = ("AMBIGUOUS", "UNMATCHED_BANK", "DUPLICATE_TXN")
CASES_MAX = 5_000
"""Cases of one kind about the books that one run opens; the next run goes on."""
WHY = {
    "AMBIGUOUS": "{n} candidates fit this line, and two are never matched by a rule",
    "UNMATCHED_BANK": "nothing in the books fits this line",
    "DUPLICATE_TXN": "the agency sent transaction {txn_id} more than once",
}
SLIPS = (
    "SELECT d.id, d.total_paisa AS amount_paisa, d.deposited_on AS since, NULL AS account_no, "
    "d.slip_no AS name FROM deposits d WHERE d.ibc_id = :ibc_id AND d.state = 'at_bank' "
    f"AND d.kind = 'cash' AND d.deposited_on <= :date AND {FREE_SLIP}"
)
CHEQUES = (
    "SELECT i.id, i.amount_paisa, d.deposited_on AS since, i.account_no, "
    "i.instrument_no AS name FROM instruments i JOIN deposits d ON d.ibc_id = i.ibc_id "
    "AND d.id = i.deposit_id WHERE i.ibc_id = :ibc_id AND i.state = 'in_clearing' "
    f"AND d.deposited_on <= :date AND {FREE_CHEQUE}"
)
CLAIMS = (
    "SELECT i.id, i.amount_paisa, x.occurred_at AS since, i.account_no, "
    "i.wallet_txn_id AS name FROM instruments i JOIN collections x ON x.ibc_id = i.ibc_id "
    "AND x.id = i.id WHERE i.ibc_id = :ibc_id AND i.state = 'claimed' "
    f"AND x.occurred_at < :moment AND {FREE_CLAIM}"
)
STALE = {
    "UNMATCHED_BOOK": ("deposit", SLIPS),
    "CHEQUE_STALE": ("instrument", CHEQUES),
    "CLAIM_UNCONFIRMED": ("instrument", CLAIMS),
}
"""Kind → what it is about, and which open items are too old."""


def line_cases(
    connection: Connection,
    ibc_id: str,
    lines: Mapping[str, BankLine],
    kinds: Mapping[str, str],
    candidates: Mapping[str, int],
    now: Milliseconds,
) -> None:
    """Open what these lines need and close what they need no longer."""
    seq = lock_head(connection, ibc_id).seq
    cases = [
        case(
            kind,
            ibc_id=ibc_id,
            subject_entity="statement_line",
            subject_id=line_id,
            opened_by_seq=seq,
            now=now,
            account_no=lines[line_id].account_no,
            amount_paisa=lines[line_id].amount_paisa,
            detail=as_json(
                {"why": WHY[kind].format(n=candidates.get(line_id), txn_id=lines[line_id].txn_id)}
            ),
        )
        for line_id, kind in kinds.items()
    ]
    _replace(connection, ibc_id, sorted(lines), LINE_KINDS, cases, seq)


def close_line_cases(connection: Connection, ibc_id: str, line_id: str, seq: int) -> None:
    """The line is matched: nothing about it is open."""
    _replace(connection, ibc_id, [line_id], LINE_KINDS, [], seq)


def note_book_cases(connection: Connection, ibc_id: str, now: Milliseconds) -> int:
    """Open what has waited more than three banking days, close what waits no longer."""
    seq = lock_head(connection, ibc_id).seq
    timezone = timezone_of(connection, ibc_id)
    last = last_timely(local_date(now, timezone))
    opened = 0
    for kind, (entity, stale) in STALE.items():
        asked = {
            "ibc_id": ibc_id,
            "kind": kind,
            **(
                {"moment": start_of_date(last, timezone)}
                if ":moment" in stale
                else {"date": (last - timedelta(days=1)).isoformat()}
            ),
        }
        connection.execute(
            text(
                "UPDATE exceptions SET state = 'resolved', resolution = 'matched', "
                "resolved_by_seq = :seq, version = version + 1 WHERE ibc_id = :ibc_id "
                "AND kind = :kind AND state <> 'resolved' "
                f"AND subject_id NOT IN (SELECT id FROM ({stale}) AS still)"
            ),
            asked | {"seq": seq},
        )
        found = fetch(
            connection,
            f"SELECT * FROM ({stale}) AS late WHERE NOT EXISTS (SELECT 1 FROM exceptions x "
            "WHERE x.ibc_id = :ibc_id AND x.subject_id = late.id AND x.kind = :kind "
            "AND x.state <> 'resolved') LIMIT :most",
            **asked,
            most=CASES_MAX,
        )
        cases = [_late(ibc_id, kind, entity, row, seq, now) for row in found]
        subjects = [row.id for row in found]
        _replace(connection, ibc_id, subjects, [kind], cases, seq)
        opened += len(cases)
    return opened


def last_timely(today: date) -> date:
    """The first day that lies no more than three banking days before today."""
    day = today
    while banking_days((day - timedelta(days=1)).isoformat(), today.isoformat()) <= DAYS_MAX:
        day -= timedelta(days=1)
    return day


def _late(
    ibc_id: str, kind: str, entity: str, row: Any, seq: int, now: Milliseconds
) -> dict[str, Any]:
    return case(
        kind,
        ibc_id=ibc_id,
        subject_entity=entity,
        subject_id=row.id,
        opened_by_seq=seq,
        now=now,
        account_no=row.account_no,
        amount_paisa=row.amount_paisa,
        detail=as_json(
            {"why": f"{row.name or row.id} has waited more than {DAYS_MAX} banking days"}
        ),
    )


def _replace(
    connection: Connection,
    ibc_id: str,
    subjects: Sequence[str],
    kinds: Sequence[str],
    cases: Sequence[Mapping[str, Any]],
    seq: int,
) -> None:
    """Of these subjects and kinds, exactly these cases stand open; people's work on them is kept."""
    wanted = listed(connection, [one["id"] for one in cases])
    asked = {
        "ibc_id": ibc_id,
        "seq": seq,
        "subjects": listed(connection, list(subjects)),
        "kinds": listed(connection, list(kinds)),
        "wanted": wanted,
    }
    about = (
        f"{any_of(connection, 'subject_id', 'subjects')} AND {any_of(connection, 'kind', 'kinds')}"
    )
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'matched', "
            f"resolved_by_seq = :seq, version = version + 1 WHERE ibc_id = :ibc_id AND {about} "
            f"AND state <> 'resolved' AND NOT ({any_of(connection, 'id', 'wanted')})"
        ),
        asked,
    )
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'open', resolution = NULL, resolved_by_seq = NULL, "
            f"version = version + 1 WHERE ibc_id = :ibc_id AND {about} AND state = 'resolved' "
            f"AND resolution = 'matched' AND {any_of(connection, 'id', 'wanted')}"
        ),
        {name: value for name, value in asked.items() if name != "seq"},
    )
    insert_rows(connection, EXCEPTIONS, list(cases), on_conflict="ignore")
