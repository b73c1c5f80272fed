"""The job that looks at what phones have sent whole; running it twice keeps each file once."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, text

from infra.database import Database, fetch
from infra.ids import digest
from infra.part_files import PartFiles
from infra.pictures import NotAPicture, clean
from infra.store import Store, StoreUnavailable, store_of
from infra.tenancy import EVERY, within
from sync import uploads
from sync.attachment_settling import settle
from sync.attachments import Settled
from workers.context import bell, database, now, settings

ATTEMPTS_MAX = 5
"""So often a worker may die over one file before the file is refused unseen."""
SWEPT_AFTER_MS = uploads.DAY_MS
"""A part file that no upload owns is deleted when it is so old: a young one may be about to be owned."""

log = structlog.get_logger()


def clean_uploads(ibc_id: str) -> int:
    """Keep or refuse every whole upload of an IBC; returns how many were settled."""
    bell().answered("attachments", ibc_id)
    return clean_all(database(), part_files(), store_of(settings()), ibc_id)


def sweep_uploads() -> int:
    """Give up uploads that nothing came for, and delete part files that none owns; returns how many."""
    # Whoever sees no upload takes every part file for unowned.
    with within(EVERY):
        return sweep(database(), part_files())


def part_files() -> PartFiles:
    return PartFiles(settings().uploads_dir)


def clean_all(database: Database, parts: PartFiles, store: Store, ibc_id: str) -> int:
    """One file after the other, the oldest first; ends early when the store does not answer."""
    with within(ibc_id):
        return sum(_settled_in_turn(database, parts, store, ibc_id))


def _settled_in_turn(
    database: Database, parts: PartFiles, store: Store, ibc_id: str
) -> Iterator[bool]:
    """Whether each upload was settled by us."""
    for upload in _whole(database, ibc_id):
        try:
            settled = _look_at(database, parts, store, ibc_id, upload)
        except StoreUnavailable as error:
            log.warning("attachments_store_unavailable", ibc_id=ibc_id, error=str(error))
            database.transact(partial(_count_attempt, ibc_id=ibc_id, upload_id=upload.id, step=-1))
            return
        if settled is not None:
            database.transact(partial(_finish, ibc_id=ibc_id, upload_id=upload.id, settled=settled))
        yield settled is not None
        # Only now: whoever is killed above finds the bytes again.
        parts.delete(upload.id)


def sweep(database: Database, parts: PartFiles) -> int:
    database.transact(lambda connection: uploads.forget_expired(connection, now()))
    old = parts.older_than(now() - SWEPT_AFTER_MS)
    with database.read() as connection:
        # Read after the files were listed: an upload owns its file before that is a day old.
        unowned = set(old) - uploads.owned(connection)
    for name in unowned:
        parts.delete(name)
    return len(unowned)


def _whole(database: Database, ibc_id: str) -> Iterator[Any]:
    """Uploads to look at, each counted before we begin: what kills us is not tried for ever."""
    with database.read() as connection:
        rows = fetch(
            connection,
            "SELECT id, officer_id, sha256, attempts FROM uploads "
            "WHERE ibc_id = :ibc_id AND state = 'whole' ORDER BY id",
            ibc_id=ibc_id,
        )
    for row in rows:
        database.transact(partial(_count_attempt, ibc_id=ibc_id, upload_id=row.id, step=1))
        yield row


def _look_at(
    database: Database, parts: PartFiles, store: Store, ibc_id: str, upload: Any
) -> Settled | None:
    """A clean copy in the store, or why there is none; None when the bytes are gone from the disk."""
    sent = parts.read(upload.id)
    if sent is None or digest(sent) != upload.sha256:
        # Another worker was quicker, or the disk has lost it: the phone still has it and begins anew.
        log.warning("upload_lost", ibc_id=ibc_id, upload=upload.id)
        database.transact(lambda c: uploads.forget_whole(c, ibc_id, upload.id))
        return None
    if upload.attempts >= ATTEMPTS_MAX:
        return Settled(upload.officer_id, upload.sha256, refused_because="damaged_picture")
    try:
        picture = clean(sent)
    except NotAPicture as refused:
        return Settled(upload.officer_id, upload.sha256, refused_because=refused.because)
    return Settled(
        upload.officer_id,
        upload.sha256,
        content_type=picture.content_type,
        width=picture.width,
        height=picture.height,
        stored_sha256=store.put(picture.content),
        thumbnail_sha256=store.put(picture.thumbnail),
    )


def _finish(connection: Connection, ibc_id: str, upload_id: str, settled: Settled) -> None:
    """What became of the file, and that the upload is done with, in one transaction."""
    settle(connection, ibc_id, settled, now())
    connection.execute(
        text("UPDATE uploads SET state = 'done' WHERE ibc_id = :ibc_id AND id = :id"),
        {"ibc_id": ibc_id, "id": upload_id},
    )


def _count_attempt(connection: Connection, ibc_id: str, upload_id: str, step: int) -> None:
    connection.execute(
        text("UPDATE uploads SET attempts = attempts + :step WHERE ibc_id = :ibc_id AND id = :id"),
        {"step": step, "ibc_id": ibc_id, "id": upload_id},
    )
