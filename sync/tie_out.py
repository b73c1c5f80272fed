"""R7: billing's dues against our control account, consumer by consumer, as of a date and an export."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import any_of, fetch, insert_rows, listed
from infra.ids import derived_id
from infra.limits import IMPORT_FILE_ROWS_MAX
from ledger.accounts import ADVANCE, RECEIVABLE
from ledger.exceptions import case
from models.exchange import TieOut, TieOutLine
from models.log import ExceptionCase
from sync.billing_export import LATEST_ANSWERS, NOT_FROM_BILLING, ROWS, UnknownExport, exports
from sync.billing_rows import (
    CellRefused,
    FileRefused,
    account_of,
    head_of,
    is_end,
    lines_of,
    promised,
    whole_of,
)
from sync.writing import as_json, lock_head

COLUMNS = frozenset({"account_no", "balance_paisa"})
SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"
OF_BILLS = f"e.kind IN ({NOT_FROM_BILLING}) AND e.business_date <= :as_of"
SENT = f"e.kind NOT IN ({NOT_FROM_BILLING}) AND e.seq <= :last_entry"

Row = dict[str, Any]


class Cause(StrEnum):
    """Why billing and we differ about a consumer, as far as it is known."""

    REJECTED = "rejected"
    """Billing has rejected exactly this much of what we sent."""
    NOT_ANSWERED = "not_answered"
    """We have sent exactly this much and heard nothing."""
    REJECTED_OR_NOT_ANSWERED = "rejected_or_not_answered"
    UNKNOWN_HERE = "unknown_here"
    """Billing has the account and we do not."""
    MISSING_THERE = "missing_there"
    """We have a balance and billing's file does not name the account."""
    UNEXPLAINED = "unexplained"


NEEDS_A_PERSON = frozenset({Cause.UNKNOWN_HERE, Cause.MISSING_THERE, Cause.UNEXPLAINED})


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What both sides and the files between them say about one consumer, in paisa."""

    billing: int | None
    """None when billing's file does not name the account."""
    ours: int
    known: bool = True
    rejected: int = 0
    not_answered: int = 0


def cause_of(sides: Sides) -> Cause | None:
    """Why the two sides differ; None when they do not. Pure."""
    if sides.billing is None:
        return Cause.MISSING_THERE if sides.ours else None
    lacking = sides.ours - sides.billing
    if not lacking:
        return None
    if not sides.known:
        return Cause.UNKNOWN_HERE
    if lacking == sides.rejected:
        return Cause.REJECTED
    if lacking == sides.not_answered:
        return Cause.NOT_ANSWERED
    if lacking == sides.rejected + sides.not_answered:
        return Cause.REJECTED_OR_NOT_ANSWERED
    return Cause.UNEXPLAINED


def tie_out(
    connection: Connection,
    ibc_id: str,
    raw: bytes,
    *,
    as_of: str,
    export_number: int,
    author_id: str,
    now: Milliseconds,
) -> Row:
    """Compare and keep what differs; the same file about the same export again changes nothing.

    Errors: FileRefused, UnknownExport, UnknownIbc.
    """
    head = lock_head(connection, ibc_id)
    sha256 = hashlib.sha256(raw).hexdigest()
    tie_out_id = derived_id("tie_out", ibc_id, sha256, as_of, str(export_number))
    if before := _stored(connection, ibc_id, tie_out_id):
        return before
    theirs = read_balances(raw)
    cut: Row = {
        "ibc_id": ibc_id,
        "as_of": as_of,
        "last_entry": _last_entry(connection, ibc_id, export_number),
    }
    sides = _sides(connection, cut, theirs)
    causes = {account: cause for account, one in sides.items() if (cause := cause_of(one))}
    row: Row = {
        "ibc_id": ibc_id,
        "id": tie_out_id,
        "sha256": sha256,
        "as_of": as_of,
        "export_number": export_number,
        "account_count": len(sides),
        "billing_paisa": sum(one.billing or 0 for one in sides.values()),
        "ours_paisa": sum(one.ours for one in sides.values()),
        "unsent_paisa": _unsent(connection, cut),
        "difference_count": len(causes),
        "made_at": now,
        "made_by": author_id,
    }
    insert_rows(connection, TieOut.__table__, [row])
    insert_rows(connection, TieOutLine.__table__, list(_lines(row, sides, causes)))
    _close_what_ties(connection, ibc_id, sides, causes, head.seq)
    _open_cases(connection, row, sides, causes, seq=head.seq, now=now)
    return row


def read_balances(raw: bytes) -> dict[str, int]:
    """Billing's dues by account, all or nothing: a sum over half a file proves nothing. Pure."""
    lines = lines_of(BytesIO(raw))
    first = next(lines, None)
    if first is None:
        raise FileRefused(1, "file_empty")
    head = head_of(first, COLUMNS, COLUMNS)
    balances: dict[str, int] = {}
    for line in lines:
        if is_end(line):
            rows, total = promised(line)
            if rows != len(balances):
                raise FileRefused(line.number, f"rows_do_not_add_up {rows} {len(balances)}")
            if total is not None and total != sum(balances.values()):
                said = f"{total} {sum(balances.values())}"
                raise FileRefused(line.number, f"total_does_not_add_up {said}")
            continue
        if not line.text.strip():
            continue
        if len(balances) >= IMPORT_FILE_ROWS_MAX:
            raise FileRefused(line.number, f"too_many_rows {IMPORT_FILE_ROWS_MAX}")
        try:
            cells = dict(zip(head.columns, head.cells(line), strict=True))
            account_no = account_of(cells["account_no"].strip())
            balance = whole_of(cells["balance_paisa"].strip())
        except CellRefused as refusal:
            raise FileRefused(line.number, str(refusal)) from None
        if account_no in balances:
            raise FileRefused(line.number, f"account_twice {account_no}")
        balances[account_no] = balance
    return balances


def tie_outs(
    connection: Connection, ibc_id: str, *, after: tuple[Milliseconds, str], limit: int
) -> list[Row]:
    """Tie-outs in the order in which they were made."""
    found = fetch(
        connection,
        "SELECT * FROM tie_outs WHERE ibc_id = :ibc_id AND (made_at, id) > (:at, :id) "
        "ORDER BY made_at, id LIMIT :limit",
        ibc_id=ibc_id,
        at=after[0],
        id=after[1],
        limit=limit,
    )
    return [row._asdict() for row in found]


def differences(
    connection: Connection, ibc_id: str, tie_out_id: str, *, after: str, limit: int
) -> list[Row]:
    """Consumers about whom the two sides differ, by account."""
    found = fetch(
        connection,
        "SELECT account_no, billing_paisa, ours_paisa, cause, "
        "billing_paisa - ours_paisa AS difference_paisa FROM tie_out_lines "
        "WHERE ibc_id = :ibc_id AND tie_out_id = :id AND account_no > :after "
        "ORDER BY account_no LIMIT :limit",
        ibc_id=ibc_id,
        id=tie_out_id,
        after=after,
        limit=limit,
    )
    return [row._asdict() for row in found]


def _stored(connection: Connection, ibc_id: str, tie_out_id: str) -> Row | None:
    found = fetch(
        connection,
        "SELECT * FROM tie_outs WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=tie_out_id,
    )
    return found[0]._asdict() if found else None


def _last_entry(connection: Connection, ibc_id: str, export_number: int) -> int:
    """The last entry of ours that billing had; export 0 is before the first."""
    if export_number == 0:
        return 0
    found = exports(connection, ibc_id, after=export_number - 1, limit=1)
    if not found or found[0]["file_no"] != export_number:
        raise UnknownExport(f"there is no export {export_number}")
    return int(found[0]["last_entry"])


def _sides(connection: Connection, cut: Row, theirs: Mapping[str, int]) -> dict[str, Sides]:
    ours = _by_account(connection, f"AND (({OF_BILLS}) OR ({SENT}))", cut)
    rejected, not_answered = _unsettled(connection, cut)
    known = _known(connection, cut["ibc_id"])
    return {
        account: Sides(
            billing=theirs.get(account),
            ours=ours.get(account, 0),
            known=account in known or account in ours,
            rejected=rejected.get(account, 0),
            not_answered=not_answered.get(account, 0),
        )
        for account in sorted(theirs.keys() | ours.keys())
    }


def _by_account(connection: Connection, condition: str, cut: Row) -> dict[str, int]:
    found = fetch(
        connection,
        f"SELECT p.account_of, SUM({SIGNED}) AS paisa FROM postings p "
        "JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        f"WHERE p.ibc_id = :ibc_id AND p.account_code IN ({RECEIVABLE}, {ADVANCE}) "
        f"{condition} GROUP BY p.account_of",
        **cut,
    )
    return {row.account_of: int(row.paisa) for row in found}


def _unsettled(connection: Connection, cut: Row) -> tuple[dict[str, int], dict[str, int]]:
    """By account: what billing has rejected of the files it had, and what it has not answered."""
    ids = {"ibc_id": cut["ibc_id"]}
    answers = {
        (row.entry_seq, row.line_no): row.answer for row in fetch(connection, LATEST_ANSWERS, **ids)
    }
    rejected: dict[str, int] = {}
    not_answered: dict[str, int] = {}
    sent = fetch(connection, f"{ROWS} AND e.seq <= :last", **ids, last=cut["last_entry"])
    for row in sent:
        answer = answers.get((row.entry_seq, row.line_no))
        if answer == "accepted":
            continue
        sums = rejected if answer == "rejected" else not_answered
        amount = row.amount_paisa if row.side == "D" else -row.amount_paisa
        sums[row.account_no] = sums.get(row.account_no, 0) + amount
    return rejected, not_answered


def _known(connection: Connection, ibc_id: str) -> set[str]:
    found = fetch(
        connection, "SELECT account_no FROM consumers WHERE ibc_id = :ibc_id", ibc_id=ibc_id
    )
    return {row.account_no for row in found}


def _unsent(connection: Connection, cut: Row) -> int:
    """What our books hold beyond the files and the date: known, and no difference."""
    beyond = _by_account(connection, f"AND NOT (({OF_BILLS}) OR ({SENT}))", cut)
    return sum(beyond.values())


def _lines(row: Row, sides: Mapping[str, Sides], causes: Mapping[str, Cause]) -> Iterator[Row]:
    for account, cause in causes.items():
        yield {
            "ibc_id": row["ibc_id"],
            "tie_out_id": row["id"],
            "account_no": account,
            "billing_paisa": sides[account].billing or 0,
            "ours_paisa": sides[account].ours,
            "cause": cause.value,
        }


def _open_cases(
    connection: Connection,
    row: Row,
    sides: Mapping[str, Sides],
    causes: Mapping[str, Cause],
    *,
    seq: int,
    now: Milliseconds,
) -> None:
    """One exception a consumer and amount: the same difference tomorrow is the same exception."""
    cases = []
    for account, cause in causes.items():
        if cause not in NEEDS_A_PERSON:
            continue
        difference = (sides[account].billing or 0) - sides[account].ours
        cases.append(
            case(
                "BILLING_DIFFERENCE",
                ibc_id=row["ibc_id"],
                subject_entity="consumer",
                subject_id=account,
                account_no=account,
                amount_paisa=difference,
                detail=as_json({"tie_out": row["id"], "cause": cause.value}),
                distinct=str(difference),
                opened_by_seq=seq,
                now=now,
            )
        )
    insert_rows(connection, ExceptionCase.__table__, cases, on_conflict="ignore")


def _close_what_ties(
    connection: Connection,
    ibc_id: str,
    sides: Iterable[str],
    causes: Mapping[str, Cause],
    seq: int,
) -> None:
    """A consumer about whom both sides agree now needs nobody any more."""
    agreeing = [account for account in sides if account not in causes]
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'tied_out', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND kind = 'BILLING_DIFFERENCE' "
            f"AND state <> 'resolved' AND {any_of(connection, 'subject_id', 'accounts')}"
        ),
        {"seq": seq, "ibc_id": ibc_id, "accounts": listed(connection, agreeing)},
    )
