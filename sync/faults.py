"""Second tries: what our own code failed on, and what has waited for too long."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import Database, fetch, insert_rows
from ledger.exceptions import case
from models.log import ExceptionCase
from models.verdict import VerdictWord
from models.versions import said_in
from sync.arriving import OUR_FAULT, Arriving
from sync.effects import apply_effects
from sync.intake import read_mutations
from sync.lookup import load_standings, look_up
from sync.mutation import SERVER, Author, Origin
from sync.outcomes import OutcomeWord
from sync.parcel import Carried
from sync.waiting import give_verdict, release_arrived
from sync.writing import Writing, lock_head

PATIENCE_MS = 5 * 24 * 3600 * 1000
"""How long a mutation may wait for what it points to before a person is asked (ruling 13)."""
TRIES_AT_ONCE_MAX = 100

log = structlog.get_logger()


def try_again(database: Database, ibc_id: str, now: Milliseconds) -> int:
    """Decide again what our code had failed on; returns how many were decided."""
    with database.read() as connection:
        rows = fetch(
            connection,
            "SELECT m.* FROM waiting w JOIN mutations m ON m.ibc_id = w.ibc_id AND m.seq = w.seq "
            "WHERE w.ibc_id = :ibc_id AND w.entity = :fault ORDER BY m.seq LIMIT :most",
            ibc_id=ibc_id,
            fault=OUR_FAULT,
            most=TRIES_AT_ONCE_MAX,
        )
    decided = 0
    for row in rows:
        stored = row._asdict()
        try:
            database.transact(partial(_decide_again, ibc_id=ibc_id, stored=stored, now=now))
        except Exception as error:  # it waits on; the alarm that rang is still open
            log.exception("our_fault_again", mutation_id=stored["id"], error=repr(error))
        else:
            decided += 1
    return decided


def ask_about_old(database: Database, ibc_id: str, now: Milliseconds) -> int:
    """Open an exception for what has waited longer than PATIENCE_MS; returns how many are new."""
    with database.write() as connection:
        rows = fetch(
            connection,
            "SELECT m.* FROM waiting w JOIN mutations m ON m.ibc_id = w.ibc_id AND m.seq = w.seq "
            "WHERE w.ibc_id = :ibc_id AND w.since < :before AND w.entity <> :fault",
            ibc_id=ibc_id,
            before=now - PATIENCE_MS,
            fault=OUR_FAULT,
        )
        cases = [
            case(
                "WAITED_TOO_LONG",
                ibc_id=ibc_id,
                subject_entity=row.entity,
                subject_id=row.record_id,
                mutation_id=row.id,
                opened_by_seq=row.seq,
                now=now,
            )
            for row in rows
        ]
        return insert_rows(connection, ExceptionCase.__table__, cases, on_conflict="ignore")


def _decide_again(
    connection: Connection, ibc_id: str, stored: Mapping[str, Any], now: Milliseconds
) -> None:
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    if not _stop_waiting(connection, ibc_id, stored):
        return
    protocol = said_in(stored["detail"])
    [mutation] = read_mutations([orjson.loads(stored["body"])], now, protocol)
    # Its place in the device's chain is taken already.
    mutation.seq = None
    author = Author(
        id=stored["author_id"], origin=Origin(stored["origin"]), officer_id=stored["officer_id"]
    )
    found = look_up(writing, [mutation], assume_new=False)
    standing = load_standings(writing, [author])[author.id]
    # It is not pushed again: what the chain must sign was checked when it came.
    standing.chain.signs = False
    arriving = Arriving(writing, author, found, standing, Carried())
    arriving.later_fate = True
    seq = writing.next_seq
    outcome = arriving.judge(mutation)
    applied = outcome.outcome is not OutcomeWord.REJECTED
    verdict = VerdictWord.RELEASED if applied else VerdictWord.REJECTED
    give_verdict(writing, seq, stored, verdict, by_role=SERVER, reason=outcome.code)
    release_arrived(writing, arriving.arrived)
    apply_effects(writing)
    writing.flush()
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'decided', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND mutation_id = :id "
            "AND kind = 'OUR_FAULT' AND state = 'open'"
        ),
        {"seq": seq, "ibc_id": ibc_id, "id": stored["id"]},
    )


def _stop_waiting(connection: Connection, ibc_id: str, stored: Mapping[str, Any]) -> bool:
    """Whether it still waited: another worker may have been quicker."""
    taken = connection.execute(
        text("DELETE FROM waiting WHERE ibc_id = :ibc_id AND entity = :fault AND seq = :seq"),
        {"ibc_id": ibc_id, "fault": OUR_FAULT, "seq": stored["seq"]},
    )
    return taken.rowcount == 1
