"""Uploads of attachments: begun, continued at the byte, finished when the hash is right (protocol 13)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from infra.ids import new_id
from infra.limits import (
    ATTACHMENT_BYTES_MAX,
    ATTACHMENT_DAY_BYTES_MAX,
    ATTACHMENT_DAY_FILES_MAX,
)
from models.upload import Upload, UploadStateWord

DAY_MS = 24 * 3600 * 1000
UPLOAD_KEPT_MS = 7 * DAY_MS
"""How long an upload waits for its next byte: a phone may be without a signal for days."""


class UnknownUpload(LookupError):
    """This phone has no such upload; begin one."""


class UploadExpired(LookupError):
    """Nothing came for too long, and the bytes were given up; begin anew."""


class OtherOffset(Exception):
    """The upload stands at another byte; ask how far it is (HEAD), then go on from there."""


class UploadIsWhole(Exception):
    """All bytes have arrived and belong to the record; there is nothing left to take back."""


class FileTooLarge(ValueError):
    """The file is larger than ATTACHMENT_BYTES_MAX; make the picture smaller."""


class QuotaSpent(Exception):
    """This phone has begun as many attachments as one may within a day; go on tomorrow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Whose upload it is: an enrolment."""

    ibc_id: str
    device_id: str
    officer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An upload as it stands."""

    id: str
    sha256: str
    byte_count: int
    received: int
    state: str
    expires_at: Milliseconds

    @property
    def has_all(self) -> bool:
        return self.received == self.byte_count


def begin(
    connection: Connection, sender: Sender, *, sha256: str, byte_count: int, now: Milliseconds
) -> Progress:
    """The phone's upload of this file: a new one, or the one that it has begun before.

    So a lost answer costs nothing, and a phone that forgot the address goes on where it was.
    What this officer has already sent whole is whole at once. Errors: FileTooLarge, QuotaSpent.
    """
    if byte_count > ATTACHMENT_BYTES_MAX:
        raise FileTooLarge(f"{byte_count} bytes: ATTACHMENT_BYTES_MAX is {ATTACHMENT_BYTES_MAX}")
    for row in _rows(connection, sender, "sha256 = :sha256", sha256=sha256):
        known = _progress(row)
        if known.state != UploadStateWord.OPEN:
            return known
        if known.expires_at > now and known.byte_count == byte_count:
            return known
        # Expired, or announced with a wrong length: its part file is swept.
        forget(connection, sender.ibc_id, known.id)
    is_kept = _is_kept(connection, sender, sha256)
    if not is_kept:
        _check_quota(connection, sender, byte_count, now)
    row = {
        "ibc_id": sender.ibc_id,
        "id": new_id(),
        "device_id": sender.device_id,
        "officer_id": sender.officer_id,
        "sha256": sha256,
        "byte_count": byte_count,
        "received": byte_count if is_kept else 0,
        "state": (UploadStateWord.DONE if is_kept else UploadStateWord.OPEN).value,
        "attempts": 0,
        "created_at": now,
        "expires_at": now + UPLOAD_KEPT_MS,
    }
    if not insert_rows(connection, Upload.__table__, [row], on_conflict="ignore"):
        # The same phone began it at the same moment.
        return begin(connection, sender, sha256=sha256, byte_count=byte_count, now=now)
    return Progress(**{name: row[name] for name in Progress.__slots__})


def find(connection: Connection, sender: Sender, upload_id: str, now: Milliseconds) -> Progress:
    """The phone's own upload. Errors: UnknownUpload (another phone's looks the same), UploadExpired."""
    for row in _rows(connection, sender, "id = :id", id=upload_id):
        if row.expires_at <= now and row.state == UploadStateWord.OPEN:
            raise UploadExpired(UploadExpired.__doc__)
        return _progress(row)
    raise UnknownUpload(UnknownUpload.__doc__)


def advance(
    connection: Connection, ibc_id: str, before: Progress, received: int, now: Milliseconds
) -> Progress:
    """Promise that so many bytes are safe; when they are all, a worker may take them.

    Errors: OtherOffset when another request was quicker.
    """
    state = UploadStateWord.WHOLE if received == before.byte_count else UploadStateWord.OPEN
    expires_at = now + UPLOAD_KEPT_MS
    moved = connection.execute(
        text(
            "UPDATE uploads SET received = :received, state = :state, expires_at = :expires_at "
            "WHERE ibc_id = :ibc_id AND id = :id AND state = 'open' AND received = :before"
        ),
        {
            "received": received,
            "state": state.value,
            "expires_at": expires_at,
            "ibc_id": ibc_id,
            "id": before.id,
            "before": before.received,
        },
    )
    if moved.rowcount != 1:
        raise OtherOffset(OtherOffset.__doc__)
    return Progress(
        id=before.id,
        sha256=before.sha256,
        byte_count=before.byte_count,
        received=received,
        state=state.value,
        expires_at=expires_at,
    )


def terminate(connection: Connection, sender: Sender, upload_id: str, now: Milliseconds) -> None:
    """Give an unfinished upload up. Errors: UnknownUpload, UploadExpired, UploadIsWhole."""
    known = find(connection, sender, upload_id, now)
    if known.state != UploadStateWord.OPEN:
        raise UploadIsWhole(UploadIsWhole.__doc__)
    forget(connection, sender.ibc_id, upload_id)


def forget(connection: Connection, ibc_id: str, upload_id: str) -> None:
    """Delete the row; its part file has no owner then and is swept."""
    connection.execute(
        text("DELETE FROM uploads WHERE ibc_id = :ibc_id AND id = :id"),
        {"ibc_id": ibc_id, "id": upload_id},
    )


def forget_whole(connection: Connection, ibc_id: str, upload_id: str) -> None:
    """The bytes of a whole upload are gone: the phone, which asks, is told to begin anew."""
    connection.execute(
        text("DELETE FROM uploads WHERE ibc_id = :ibc_id AND id = :id AND state = 'whole'"),
        {"ibc_id": ibc_id, "id": upload_id},
    )


def forget_expired(connection: Connection, now: Milliseconds) -> int:
    """Give up what waited too long for its next byte; what waits for a worker never expires."""
    gone = connection.execute(
        text("DELETE FROM uploads WHERE state IN ('open', 'done') AND expires_at <= :now"),
        {"now": now},
    )
    return int(gone.rowcount)


def owned(connection: Connection) -> set[str]:
    """The ids of all uploads: whose part files are not to be swept."""
    return {row.id for row in fetch(connection, "SELECT id FROM uploads")}


def _check_quota(connection: Connection, sender: Sender, byte_count: int, now: int) -> None:
    [sent] = fetch(
        connection,
        "SELECT COUNT(*) AS files, COALESCE(SUM(byte_count), 0) AS bytes FROM uploads "
        "WHERE ibc_id = :ibc_id AND device_id = :device_id AND created_at > :since",
        ibc_id=sender.ibc_id,
        device_id=sender.device_id,
        since=now - DAY_MS,
    )
    if int(sent.bytes) + byte_count > ATTACHMENT_DAY_BYTES_MAX:
        raise QuotaSpent(f"ATTACHMENT_DAY_BYTES_MAX is {ATTACHMENT_DAY_BYTES_MAX} in 24 hours")
    if sent.files >= ATTACHMENT_DAY_FILES_MAX:
        raise QuotaSpent(f"ATTACHMENT_DAY_FILES_MAX is {ATTACHMENT_DAY_FILES_MAX} in 24 hours")


def _is_kept(connection: Connection, sender: Sender, sha256: str) -> bool:
    return bool(
        fetch(
            connection,
            "SELECT 1 FROM kept_files WHERE ibc_id = :ibc_id AND officer_id = :officer_id "
            "AND sha256 = :sha256",
            ibc_id=sender.ibc_id,
            officer_id=sender.officer_id,
            sha256=sha256,
        )
    )


def _rows(connection: Connection, sender: Sender, where: str, **values: Any) -> Any:
    return fetch(
        connection,
        "SELECT id, sha256, byte_count, received, state, expires_at FROM uploads "
        f"WHERE ibc_id = :ibc_id AND device_id = :device_id AND {where}",
        ibc_id=sender.ibc_id,
        device_id=sender.device_id,
        **values,
    )


def _progress(row: Any) -> Progress:
    return Progress(**row._asdict())
