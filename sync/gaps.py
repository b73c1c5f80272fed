"""What is missing in a device's chain: told to a supervisor when it is old, closed when it has come."""

import orjson
from sqlalchemy import Connection, text

from infra.clock import DAY_MS, Milliseconds
from infra.database import Database, fetch, insert_rows
from ledger.exceptions import case
from models.log import ExceptionCase
from sync.chain import Missing
from sync.writing import Writing, as_json

GAP_PATIENCE_MS = DAY_MS
"""How long numbers may be missing before a person is asked; the device is told at once."""


def ask_about_gaps(database: Database, now: Milliseconds) -> int:
    """Open an exception for each device whose chain has had a gap for too long; how many are new."""
    with database.write() as connection:
        rows = fetch(
            connection,
            "SELECT c.ibc_id, c.device_id, c.missing, c.gap_since, l.seq FROM device_chains c "
            "JOIN log_heads l ON l.ibc_id = c.ibc_id WHERE c.gap_since < :before",
            before=now - GAP_PATIENCE_MS,
        )
        cases = [
            case(
                "CHAIN_GAP",
                ibc_id=row.ibc_id,
                subject_entity="device",
                subject_id=row.device_id,
                # A later gap of the same phone is another story.
                distinct=str(row.gap_since),
                detail=as_json({"missing": _ranges(row.missing), "since": row.gap_since}),
                opened_by_seq=row.seq,
                now=now,
            )
            for row in rows
        ]
        return insert_rows(connection, ExceptionCase.__table__, cases, on_conflict="ignore")


def close_gap(writing: Writing, device_id: str) -> None:
    """Everything that was missing has come: whoever was asked need not look any more."""
    writing.connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'arrived', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND subject_id = :device_id "
            "AND kind = 'CHAIN_GAP' AND state = 'open'"
        ),
        {
            "seq": writing.next_seq - 1,
            "ibc_id": writing.ibc_id,
            "device_id": device_id,
        },
    )


def first_with_number(writing: Writing, author_id: str, seq: int) -> str | None:
    """The mutation that came first under this number of the author's chain."""
    for row in writing.entries():
        if row["author_id"] == author_id and row.get("author_seq") == seq:
            return str(row["id"])
    return stored_with_number(writing.connection, writing.ibc_id, author_id, seq)


def stored_with_number(connection: Connection, ibc_id: str, author_id: str, seq: int) -> str | None:
    rows = fetch(
        connection,
        "SELECT id FROM mutations WHERE ibc_id = :ibc_id AND author_id = :author_id "
        "AND author_seq = :seq ORDER BY mutations.seq LIMIT 1",
        ibc_id=ibc_id,
        author_id=author_id,
        seq=seq,
    )
    return rows[0].id if rows else None


def _ranges(missing: str) -> list[list[int]]:
    return [[gap.first, gap.last] for gap in Missing.of(orjson.loads(missing)).ranges]
