"""A file has been looked at: every record that names it says so, and the phone is told (protocol 13)."""

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from models.upload import KeptFile
from sync.attachments import Settled, tell
from sync.mutation import SERVER
from sync.office import Put, stage
from sync.scoped import shown_at
from sync.writing import Writing, lock_head


def settle(connection: Connection, ibc_id: str, settled: Settled, now: Milliseconds) -> int:
    """Note what became of a file, and tell every record that names it; returns how many.

    Takes the IBC's lock first: a reference that is pushed meanwhile sees the file, or is seen.
    """
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    row = {"ibc_id": ibc_id, "state": settled.state, "settled_at": now, **settled._asdict()}
    insert_rows(connection, KeptFile.__table__, [row], on_conflict="ignore")
    waiting = fetch(
        connection,
        "SELECT id FROM attachments WHERE ibc_id = :ibc_id AND officer_id = :officer_id "
        "AND sha256 = :sha256 AND state IS NULL ORDER BY id",
        ibc_id=ibc_id,
        officer_id=settled.officer_id,
        sha256=settled.sha256,
    )
    for found in waiting:
        seq = writing.next_seq
        said = {"state": settled.state, "refused_because": settled.refused_because}
        stage(writing, author_id=SERVER, puts=[Put("attachment", found.id, said)])
        if settled.refused_because:
            _tell_author(writing, seq, settled.officer_id, found.id, settled.refused_because)
    writing.flush()
    return len(waiting)


def _tell_author(
    writing: Writing, seq: int, officer_id: str, attachment_id: str, because: str
) -> None:
    """Tell the phone whose mutation made the reference; its feed row still stands at that entry."""
    connection, ibc_id = writing.connection, writing.ibc_id
    rows = fetch(
        connection,
        "SELECT COALESCE(of_id, id) AS id, author_id, body_hash FROM mutations "
        "WHERE ibc_id = :ibc_id AND seq = :seq AND record_id = :record_id",
        ibc_id=ibc_id,
        seq=shown_at(connection, ibc_id, f"officer:{officer_id}", "attachment", attachment_id),
        record_id=attachment_id,
    )
    for row in rows:
        tell(writing, seq, row._asdict(), because)
