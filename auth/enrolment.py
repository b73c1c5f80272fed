"""Enrolment: a one-time code of the office turns a phone into one officer's device (ruling 6)."""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, text

from auth.cards import Card, Enrolment, card_at, enrolment_of
from auth.credentials import Checked, count_failure, forget_failures, stands
from auth.crockford import as_written, random_text
from auth.errors import EnrolmentRefused, NotEnrollable
from auth.keys import Keys
from auth.roles import Permission, permissions_of
from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from models.device import DeviceState
from models.identity import EnrolmentCode

CODE_CHARS = 8
"""40 bits; with five tries each, a day of life and a PIN beside it."""
CODE_LIFE_MS = 24 * 60 * 60 * 1000
TRIES_MAX = 5
TABLE: Table = EnrolmentCode.__table__  # type: ignore[assignment]  # mapped classes have a Table


@dataclass(frozen=True)
class NewCode:
    """A code as the office reads it out; only its hash is kept."""

    code: str = field(repr=False)
    staff_no: str
    expires_at: Milliseconds


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A phone that is now one officer's device."""

    ibc_id: str
    device_id: str
    card: Card
    repeated: bool
    """Whether it was enrolled before and only its answer was lost."""


def create_code(
    connection: Connection,
    keys: Keys,
    *,
    ibc_id: str,
    staff_id: str,
    created_by: str,
    now: Milliseconds,
    life_ms: Milliseconds = CODE_LIFE_MS,
) -> NewCode:
    """Make a code for a person's phone; earlier unused ones stop working. Errors: NotEnrollable."""
    card = card_at(connection, staff_id, ibc_id)
    if card is None or Permission.SYNC not in permissions_of(card.roles):
        raise NotEnrollable
    connection.execute(
        text(
            "UPDATE enrolment_codes SET expires_at = :now WHERE ibc_id = :ibc_id"
            " AND staff_id = :staff_id AND used_by_device_id IS NULL AND expires_at > :now"
        ),
        {"ibc_id": ibc_id, "staff_id": staff_id, "now": now},
    )
    code = random_text(CODE_CHARS)
    expires_at = now + min(life_ms, CODE_LIFE_MS)
    row = {
        "code_hash": _code_hash(keys, code),
        "ibc_id": ibc_id,
        "staff_id": staff_id,
        "created_by": created_by,
        "expires_at": expires_at,
        "tries": 0,
        "used_by_device_id": None,
    }
    insert_rows(connection, TABLE, [row])
    return NewCode(code, card.staff_no, expires_at)


def use_code(
    connection: Connection,
    keys: Keys,
    *,
    code: str,
    pin: Checked,
    public_key: str,
    device_id: str,
    now: Milliseconds,
) -> Enrolled | EnrolmentRefused:
    """Turn the phone that holds `public_key` into a device; the caller writes its record at once.

    A refusal is returned, not raised: the wrong try that it counts must be committed. `pin` was
    compared before the transaction, because Argon2 would keep all writers waiting.
    """
    # 1. The person and the code; whatever is wrong with either counts, and looks the same outside.
    known = stands(connection, pin, now=now)
    row = _locked(connection, _code_hash(keys, as_written(code)))
    card = _card_of(connection, row, pin, now=now) if known and row is not None else None
    if row is None or card is None:
        return _wrong_try(connection, row, pin, now=now)

    # 2. Used before? The same phone gets its lost answer again; another phone gets nothing.
    wanted_id = row.used_by_device_id or device_id
    enrolment = enrolment_of(connection, row.ibc_id, wanted_id)
    repeated = row.used_by_device_id is not None
    if repeated != (enrolment is not None):
        return _wrong_try(connection, row, pin, now=now)
    if enrolment is not None and not _is_same_phone(enrolment, public_key):
        return _wrong_try(connection, row, pin, now=now)

    # 3. The row's lock has made racing phones queue: from here the code is this phone's.
    connection.execute(
        text("UPDATE enrolment_codes SET used_by_device_id = :device_id WHERE code_hash = :hash"),
        {"device_id": wanted_id, "hash": row.code_hash},
    )
    forget_failures(connection, card.staff_id)
    return Enrolled(ibc_id=row.ibc_id, device_id=wanted_id, card=card, repeated=repeated)


def forget_expired_codes(connection: Connection, *, now: Milliseconds) -> int:
    """Delete codes that have run out; for the clock process. Returns how many went."""
    statement = text("DELETE FROM enrolment_codes WHERE expires_at <= :now")
    return connection.execute(statement, {"now": now}).rowcount


def _code_hash(keys: Keys, code: str) -> str:
    """Keyed: 40 bits behind a plain hash could be tried through by whoever copies the table."""
    return hmac.digest(keys.codes, code.encode(), sha256).hex()


def _locked(connection: Connection, code_hash: str) -> Any:  # a row has no type of its own
    """The code's row, locked: of two phones that race, the second reads what the first wrote."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    rows = fetch(
        connection,
        f"SELECT * FROM enrolment_codes WHERE code_hash = :code_hash{lock}",
        code_hash=code_hash,
    )
    return rows[0] if rows else None


def _card_of(connection: Connection, row: Any, pin: Checked, *, now: Milliseconds) -> Card | None:
    """The card of the person for whom a living code was made; None when it is not this person."""
    if row.staff_id != pin.staff_id or row.expires_at <= now or row.tries >= TRIES_MAX:
        return None
    return card_at(connection, row.staff_id, row.ibc_id)


def _is_same_phone(enrolment: Enrolment, public_key: str) -> bool:
    return enrolment.state is DeviceState.ACTIVE and enrolment.public_key == public_key


def _wrong_try(
    connection: Connection, row: Any, pin: Checked, *, now: Milliseconds
) -> EnrolmentRefused:
    """Count it against the code that was named, and against the person unless it was already."""
    if row is not None:
        connection.execute(
            text("UPDATE enrolment_codes SET tries = tries + 1 WHERE code_hash = :code_hash"),
            {"code_hash": row.code_hash},
        )
    if pin.staff_id is not None and pin.correct:
        count_failure(connection, pin.staff_id, now=now)
    return EnrolmentRefused()
