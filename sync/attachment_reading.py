"""Who may look at a record's files, and which there are (protocol 13)."""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from infra.database import fetch, listed
from sync.pull import Reader, views_of
from sync.scoped import scoped


class Shown(NamedTuple):
    """A stored file as it is sent out: names in the store, and what to call it."""

    owner_entity: str
    owner_id: str
    sha256: str
    content_type: str
    stored_sha256: str
    thumbnail_sha256: str


def visible_to(connection: Connection, reader: Reader, attachment_id: str) -> Shown | None:
    """The file, when it is stored and the reader holds a scope in which its record appears."""
    shown = stored_file(connection, reader.ibc_id, attachment_id)
    if shown is None:
        return None
    _epoch, _log_seq, views = views_of(connection, reader)
    seen = fetch(
        connection,
        f"{scoped(connection, '1')} AND body IS NOT NULL "
        "AND entity = :entity AND record_id = :record_id LIMIT 1",
        ibc_id=reader.ibc_id,
        scopes=listed(connection, [view.scope for view in views if view.held]),
        entity=shown.owner_entity,
        record_id=shown.owner_id,
    )
    return shown if seen else None


def stored_file(connection: Connection, ibc_id: str, attachment_id: str) -> Shown | None:
    """The file, when it is stored; the office sees every record of its IBC."""
    rows = fetch(
        connection,
        "SELECT a.owner_entity, a.owner_id, k.sha256, k.content_type, k.stored_sha256, k.thumbnail_sha256 "
        "FROM attachments a JOIN kept_files k ON k.ibc_id = a.ibc_id "
        "AND k.officer_id = a.officer_id AND k.sha256 = a.sha256 "
        "WHERE a.ibc_id = :ibc_id AND a.id = :id AND k.state = 'stored'",
        ibc_id=ibc_id,
        id=attachment_id,
    )
    return Shown(*rows[0]) if rows else None


def attachment_rows(
    connection: Connection,
    ibc_id: str,
    *,
    owner_id: str | None,
    state: str | None,
    after: str,
    limit: int,
) -> list[dict[str, Any]]:
    """References with the state of their files, in the order of their ids."""
    rows = fetch(
        connection,
        "SELECT a.id, a.owner_entity, a.owner_id, a.position, a.officer_id, a.sha256, a.bytes, "
        "a.taken_at, a.received_at, COALESCE(a.state, 'expected') AS state, a.refused_because, "
        "COALESCE(k.content_type, a.content_type) AS content_type, k.width, k.height "
        "FROM attachments a LEFT JOIN kept_files k ON k.ibc_id = a.ibc_id "
        "AND k.officer_id = a.officer_id AND k.sha256 = a.sha256 "
        "WHERE a.ibc_id = :ibc_id AND a.id > :after "
        + ("AND a.owner_id = :owner_id " if owner_id else "")
        + ("AND COALESCE(a.state, 'expected') = :state " if state else "")
        + "ORDER BY a.id LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=limit,
        **({"owner_id": owner_id} if owner_id else {}),
        **({"state": state} if state else {}),
    )
    return [row._asdict() for row in rows]
