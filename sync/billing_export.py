"""Numbered files of postings for billing: each posting in exactly one, the same bytes whenever they are asked for."""

import csv
import hashlib
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, any_of, fetch, insert_rows, listed
from infra.limits import EXPORT_ROWS_MAX
from ledger.accounts import ADVANCE, RECEIVABLE
from ledger.chain import GENESIS
from models.exchange import Export, ExportResend
from sync.books_offset import lock_offset

FROM_BILLING = ("bill_charged", "bill_credited")
"""Kinds of entries that mirror what billing told us; it is not told them again."""
NOT_FROM_BILLING = ", ".join(f"'{kind}'" for kind in FROM_BILLING)
COLUMNS = (
    "record",
    "posting_id",
    "business_date",
    "account_no",
    "account",
    "side",
    "amount_paisa",
    "kind",
    "source",
    "source_id",
    "rule_no",
)
FIRST_TIME, RESENT = "P", "R"

Row = dict[str, Any]
ROWS = (
    "SELECT e.seq AS entry_seq, p.line_no, e.business_date, p.account_of AS account_no, "
    "p.account_code, p.side, p.amount_paisa, e.kind, e.source_entity, e.source_id, d.rule_no "
    "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "LEFT JOIN fees d ON d.ibc_id = e.ibc_id AND d.id = e.source_id AND e.source_entity = 'fee' "
    f"WHERE e.ibc_id = :ibc_id AND p.account_code IN ({RECEIVABLE}, {ADVANCE}) "
    f"AND e.kind NOT IN ({NOT_FROM_BILLING}) "
)
"""What changed for a consumer by other means than a bill; entries, and the rule of a fee, never change."""


class UnknownExport(LookupError):
    """No file of that number was made."""


class ExportDiffers(Exception):
    """The file written again is not the file that was sent: the books were changed behind it."""


class NotRejected(ValueError):
    """Only what billing has rejected goes out again."""


def make(database: Database, ibc_id: str, *, author_id: str, now: Milliseconds) -> list[Row]:
    """Make the files that are due, none when nothing was posted since; returns their rows."""
    made: list[Row] = []
    while row := database.transact(lambda c: _make_next(c, ibc_id, author_id, now)):
        made.append(row)
    return made


def _make_next(
    connection: Connection, ibc_id: str, author_id: str, now: Milliseconds
) -> Row | None:
    # The books' lock: nobody posts and nobody else exports meanwhile.
    head = lock_offset(connection, ibc_id).entry_seq
    before = _last(connection, ibc_id)
    first = before["last_entry"] + 1 if before else 1
    last = _cut(connection, ibc_id, first, head)
    row: Row = {
        "ibc_id": ibc_id,
        "file_no": before["file_no"] + 1 if before else 1,
        "first_entry": first,
        "last_entry": last,
        "previous_sha256": before["sha256"] if before else GENESIS,
        "made_at": now,
        "made_by": author_id,
    }
    _take_resends(connection, ibc_id, row["file_no"])
    rows = _rows(connection, ibc_id, row)
    if not rows:
        return None
    row |= _totals(rows)
    row["sha256"] = hashlib.sha256(_written(row, rows)).hexdigest()
    insert_rows(connection, Export.__table__, [row])
    return row


def content(connection: Connection, ibc_id: str, file_no: int) -> bytes:
    """The bytes of a file, as they were sent. Errors: UnknownExport, ExportDiffers."""
    found = exports(connection, ibc_id, after=file_no - 1, limit=1)
    if not found or found[0]["file_no"] != file_no:
        raise UnknownExport(f"there is no export {file_no}")
    written = _written(found[0], _rows(connection, ibc_id, found[0]))
    if hashlib.sha256(written).hexdigest() != found[0]["sha256"]:
        raise ExportDiffers(f"export {file_no} no longer has the hash under which it was sent")
    return written


def exports(connection: Connection, ibc_id: str, *, after: int, limit: int) -> list[Row]:
    """Files by their number."""
    found = fetch(
        connection,
        "SELECT * FROM exports WHERE ibc_id = :ibc_id AND file_no > :after "
        "ORDER BY file_no LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=limit,
    )
    return [row._asdict() for row in found]


def resend(
    connection: Connection,
    ibc_id: str,
    posting_ids: Sequence[str],
    *,
    author_id: str,
    now: Milliseconds,
) -> int:
    """Send rejected postings once more, in the next file; returns how many were not on their way.

    Errors: NotRejected, with the first posting that billing has not rejected.
    """
    lock_offset(connection, ibc_id)
    wanted = {posting_id: place_of(ibc_id, posting_id) for posting_id in posting_ids}
    rejected = _rejected(connection, ibc_id, [p for p in wanted.values() if p is not None])
    for posting_id, place in wanted.items():
        if place not in rejected:
            raise NotRejected(f"billing has not rejected {posting_id}")
    waiting = {
        (row.entry_seq, row.line_no)
        for row in fetch(
            connection,
            "SELECT entry_seq, line_no FROM export_resends "
            "WHERE ibc_id = :ibc_id AND file_no IS NULL",
            ibc_id=ibc_id,
        )
    }
    rows = [
        {
            "ibc_id": ibc_id,
            "entry_seq": entry_seq,
            "line_no": line_no,
            "asked_at": now,
            "asked_by": author_id,
            "file_no": None,
        }
        for entry_seq, line_no in sorted(rejected & set(wanted.values()) - waiting)
    ]
    return insert_rows(connection, ExportResend.__table__, rows)


def posting_id(ibc_id: str, entry_seq: int, line_no: int) -> str:
    """How billing and we name one posting to each other."""
    return f"{ibc_id}-{entry_seq}-{line_no}"


def place_of(ibc_id: str, name: str) -> tuple[int, int] | None:
    """The entry and line that a posting id names; None when it is none of this IBC's."""
    code, _, place = name.strip().partition("-")
    entry_seq, _, line_no = place.partition("-")
    if code != ibc_id or not (_is_number(entry_seq) and _is_number(line_no)):
        return None
    return int(entry_seq), int(line_no)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15


def _last(connection: Connection, ibc_id: str) -> Row | None:
    found = fetch(
        connection,
        "SELECT * FROM exports WHERE ibc_id = :ibc_id ORDER BY file_no DESC LIMIT 1",
        ibc_id=ibc_id,
    )
    return found[0]._asdict() if found else None


def _cut(connection: Connection, ibc_id: str, first: int, head: int) -> int:
    """The last entry of the next file: the head of the books, or the last that still fits whole."""
    beyond = fetch(
        connection,
        f"{ROWS} AND e.seq >= :first AND e.seq <= :head "
        "ORDER BY e.seq, p.line_no LIMIT 1 OFFSET :rows",
        ibc_id=ibc_id,
        first=first,
        head=head,
        rows=EXPORT_ROWS_MAX,
    )
    return beyond[0].entry_seq - 1 if beyond else head


def _take_resends(connection: Connection, ibc_id: str, file_no: int) -> None:
    connection.execute(
        text(
            "UPDATE export_resends SET file_no = :file_no WHERE ibc_id = :ibc_id AND file_no IS NULL"
        ),
        {"ibc_id": ibc_id, "file_no": file_no},
    )


def _rows(connection: Connection, ibc_id: str, export: Row) -> list[Row]:
    """The rows of a file: its own entries, then what is sent again in it."""
    own = fetch(
        connection,
        f"{ROWS} AND e.seq >= :first AND e.seq <= :last ORDER BY e.seq, p.line_no",
        ibc_id=ibc_id,
        first=export["first_entry"],
        last=export["last_entry"],
    )
    again = fetch(
        connection,
        f"{ROWS} AND EXISTS (SELECT 1 FROM export_resends r WHERE r.ibc_id = e.ibc_id "
        "AND r.entry_seq = p.entry_seq AND r.line_no = p.line_no AND r.file_no = :file_no) "
        "ORDER BY e.seq, p.line_no",
        ibc_id=ibc_id,
        file_no=export["file_no"],
    )
    return [
        {"record": record, **row._asdict()}
        for record, rows in ((FIRST_TIME, own), (RESENT, again))
        for row in rows
    ]


def _totals(rows: Sequence[Row]) -> Row:
    def total(side: str) -> int:
        return sum(row["amount_paisa"] for row in rows if row["side"] == side)

    return {"row_count": len(rows), "debit_paisa": total("D"), "credit_paisa": total("C")}


def _written(export: Row, rows: Sequence[Row]) -> bytes:
    """Head, rows, and the control totals at the end; nothing in it but what the books say."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = (export["ibc_id"], export["file_no"], export["first_entry"], export["last_entry"])
    writer.writerow(("H", *head, export["previous_sha256"]))
    writer.writerow(COLUMNS)
    writer.writerows(_line(export["ibc_id"], row) for row in rows)
    totals = _totals(rows)
    writer.writerow(("T", totals["row_count"], totals["debit_paisa"], totals["credit_paisa"]))
    return out.getvalue().encode()


def _line(ibc_id: str, row: Row) -> Iterator[Any]:
    yield row["record"]
    yield posting_id(ibc_id, row["entry_seq"], row["line_no"])
    names = ("business_date", "account_no", "account_code", "side", "amount_paisa", "kind")
    yield from (row[name] for name in (*names, "source_entity", "source_id"))
    yield row["rule_no"] or ""


def _rejected(
    connection: Connection, ibc_id: str, places: Sequence[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Those of these postings whose latest answer is a rejection."""
    found = fetch(
        connection,
        f"{LATEST_ANSWERS} AND a.answer = 'rejected' AND {any_of(connection, 'a.entry_seq', 'seqs')}",
        ibc_id=ibc_id,
        seqs=listed(connection, sorted({entry_seq for entry_seq, _ in places})),
    )
    return {(row.entry_seq, row.line_no) for row in found}


LATEST_ANSWERS = (
    "SELECT a.entry_seq, a.line_no, a.answer, a.reason, a.sha256 FROM billing_answers a "
    "WHERE a.ibc_id = :ibc_id AND NOT EXISTS (SELECT 1 FROM billing_answers later "
    "WHERE later.ibc_id = a.ibc_id AND later.entry_seq = a.entry_seq "
    "AND later.line_no = a.line_no "
    "AND (later.taken_at, later.sha256) > (a.taken_at, a.sha256))"
)
