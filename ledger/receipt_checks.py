"""M10: a receipt's number is used once, and a block has no gap that nobody can explain (domain manual §6.8)."""

from collections.abc import Iterator
from itertools import islice

import orjson
from sqlalchemy import Connection

from infra.database import fetch
from ledger.findings import NAMED_MAX, Finding, each_row


def receipt_numbers_are_unique(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M10: of all collections with one receipt number, all but one were held for it."""
    yield from each_row(
        connection,
        "M10",
        "SELECT c.receipt_no, COUNT(*) AS n FROM collections c WHERE c.ibc_id = :ibc_id "
        "AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.ibc_id = c.ibc_id "
        "AND x.subject_id = c.id AND x.kind = 'RECEIPT_NO_REUSED') "
        "GROUP BY c.receipt_no HAVING COUNT(*) > 1 ORDER BY c.receipt_no",
        "receipt {receipt_no}",
        "{n} collections carry this number and nobody was told.",
        ibc_id=ibc_id,
    )


def blocks_have_no_gap(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M10: below the last number that a phone used, each was received, is doubted, or was explained.

    A phone of whose chain something is still missing is left out: what is missing may be these.
    Books of paper are keyed in in any order; who settles one looks at its numbers.
    """
    yield from islice(_gaps(connection, ibc_id), NAMED_MAX)


def _gaps(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    settled = _explained(connection, ibc_id) | _doubted(connection, ibc_id)
    serial = "CAST(SUBSTR(k.value, LENGTH(b.prefix) + 2) AS INTEGER)"
    rows = fetch(
        connection,
        "SELECT prefix, before, serial FROM (SELECT b.prefix, "
        f"{serial} AS serial, COALESCE(LAG({serial}) OVER "
        "(PARTITION BY b.prefix ORDER BY k.value), b.first_serial - 1) AS before "
        "FROM receipt_blocks b JOIN device_chains d ON d.ibc_id = b.ibc_id "
        "AND d.device_id = b.device_id AND d.missing = '[]' "
        "JOIN claims k ON k.ibc_id = b.ibc_id AND k.kind = 'receipt_no' "
        "AND k.value > b.prefix || '-' AND k.value < b.prefix || '.' "
        "WHERE b.ibc_id = :ibc_id AND b.kind = 'phone') AS used "
        "WHERE serial > before + 1 ORDER BY prefix, serial",
        ibc_id=ibc_id,
    )
    for row in rows:
        for number in range(row.before + 1, row.serial):
            if (row.prefix, number) not in settled:
                yield Finding(
                    "M10",
                    f"receipt {row.prefix}-{number:06d}",
                    "Later numbers of its block were used, and nothing says what became of it.",
                )


def _explained(connection: Connection, ibc_id: str) -> set[tuple[str, int]]:
    rows = fetch(
        connection,
        "SELECT prefix, first_serial, last_serial FROM receipt_gaps "
        "WHERE ibc_id = :ibc_id AND deleted_at IS NULL",
        ibc_id=ibc_id,
    )
    return {
        (row.prefix, number)
        for row in rows
        for number in range(row.first_serial, row.last_serial + 1)
    }


def _doubted(connection: Connection, ibc_id: str) -> set[tuple[str, int]]:
    """Numbers that phones sent and that made no record: held, refused, or waiting for us."""
    rows = fetch(
        connection,
        "SELECT body FROM mutations WHERE ibc_id = :ibc_id AND entity = 'collection' "
        "AND origin = 'device' AND outcome IN ('held', 'rejected', 'waiting')",
        ibc_id=ibc_id,
    )
    found = set()
    for row in rows:
        fields = orjson.loads(row.body).get("fields")
        number = fields.get("receipt_no") if type(fields) is dict else None
        prefix, _, serial = number.rpartition("-") if type(number) is str else ("", "", "")
        if serial.isdecimal():
            found.add((prefix, int(serial)))
    return found
