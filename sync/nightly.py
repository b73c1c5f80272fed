"""The checks of the books as they run every night: what they find is an exception, once a night and check."""

import structlog
from sqlalchemy import Table

from infra.clock import Milliseconds
from infra.database import Database, insert_rows
from ledger.checks import findings_by_check
from ledger.exceptions import case
from models.log import ExceptionCase
from sync.writing import as_json

EXCEPTIONS: Table = ExceptionCase.metadata.tables["exceptions"]
NAMED_MAX = 20
"""Findings that an exception repeats; `books verify` names the others."""

log = structlog.get_logger()


def check_books(database: Database, ibc_id: str, night: str, now: Milliseconds) -> int:
    """Run every check of an IBC; returns how many found something. Twice a night is once."""
    with database.read() as connection:
        found = findings_by_check(connection, ibc_id)
    broken = {name: findings for name, findings in found.items() if findings}
    rows = [
        case(
            "INVARIANT_BROKEN",
            ibc_id=ibc_id,
            subject_entity="books",
            subject_id=name.split()[0],
            opened_by_seq=0,
            now=now,
            distinct=night,
            detail=as_json(
                {"check": name, "found": [f"{f.where}: {f.what}" for f in findings[:NAMED_MAX]]}
            ),
        )
        for name, findings in broken.items()
    ]
    if rows:
        log.error("books_broken", ibc_id=ibc_id, checks=sorted(broken))
        with database.write() as connection:
            insert_rows(connection, EXCEPTIONS, rows, on_conflict="ignore")
    return len(broken)
