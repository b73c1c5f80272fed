"""Refresh tokens: a chain of one-time tokens per sign-in, whose last step may be repeated.

A family is one sign-in: its first token's row is its root, and the family id is that row's key. The
root's `revoked_at` ends the whole family, and the root's lock puts everything about it in order.
"""

import hmac
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, text

from auth.cards import active_cards, card_at, enrolment_of
from auth.errors import EnrolmentEnded, RefreshRefused, StaffInactive
from auth.keys import Keys
from auth.proofs import proven, refresh_bytes, to_base64url
from auth.tokens import Claims
from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from infra.ids import digest, new_token
from models.device import DeviceState
from models.identity import RefreshToken

LIFE_MS = 30 * 24 * 60 * 60 * 1000
"""Absolute: rotation does not prolong it (ASVS 10.4.8)."""
TABLE: Table = RefreshToken.__table__  # type: ignore[assignment]  # mapped classes have a Table


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """A sign-in that stands, with the refresh token that continues it."""

    refresh_token: str = field(repr=False)
    family_id: str
    staff_id: str
    device_id: str | None
    ibc_id: str | None
    expires_at: Milliseconds

    @property
    def claims(self) -> Claims:
        return Claims(
            staff_id=self.staff_id,
            device_id=self.device_id,
            ibc_id=self.ibc_id,
            family_id=self.family_id,
        )


Refusal = RefreshRefused | EnrolmentEnded | StaffInactive


def begin(
    connection: Connection,
    *,
    staff_id: str,
    device_id: str | None = None,
    ibc_id: str | None = None,
    now: Milliseconds,
) -> SignIn:
    """Start a family: at the office without a device, on a phone with its device and IBC."""
    token = new_token()
    sign_in = SignIn(
        refresh_token=token,
        family_id=digest(token),
        staff_id=staff_id,
        device_id=device_id,
        ibc_id=ibc_id,
        expires_at=now + LIFE_MS,
    )
    _insert(connection, sign_in, now=now)
    return sign_in


def rotate(
    connection: Connection, keys: Keys, *, token: str, proof: str | None, now: Milliseconds
) -> SignIn | Refusal:
    """Exchange a token for its successor (reliability.md §2.2).

    A refusal is returned, not raised: what it revokes must be committed.
    """
    # 1. Find it, and put everything that happens to its family in order.
    row = _locked(connection, digest(token))
    refusal = EnrolmentEnded() if proof else RefreshRefused()
    if row is None or row.root_revoked_at is not None or row.expires_at <= now:
        return refusal

    # 2. Who asks? A token without its phone's signature was stolen: end the family.
    if row.device_id is None:
        if not active_cards(connection, row.staff_id):
            return StaffInactive()
    elif (trouble := _phone_trouble(connection, row, token, proof, now)) is not None:
        return trouble

    # 3. First use makes the successor; the answer may be lost, so until the successor is used the
    #    same one is made again. Any later use means that somebody has a copy.
    if row.successor_hash is None:
        return _succeed(connection, keys, row, token, now=now)
    successor = _derived(keys, token, row.successor_seed)
    if _was_used(connection, row.successor_hash):
        revoke(connection, row.family_id, now=now)
        return refusal
    if digest(successor) != row.successor_hash:
        return refusal  # The server's secret was changed in between: nobody's fault, sign in anew.
    return _sign_in(row, successor)


def end(connection: Connection, token: str, *, now: Milliseconds) -> None:
    """Sign out: end the family of this token, whichever of its tokens it is."""
    row = _locked(connection, digest(token))
    if row is not None:
        revoke(connection, row.family_id, now=now)


def revoke(connection: Connection, family_id: str, *, now: Milliseconds) -> None:
    connection.execute(
        text(
            "UPDATE refresh_tokens SET revoked_at = :now"
            " WHERE token_hash = :family_id AND revoked_at IS NULL"
        ),
        {"family_id": family_id, "now": now},
    )


def has_ended(connection: Connection, family_id: str) -> bool:
    """Whether the sign-in was ended: signed out, or its token was used twice."""
    rows = fetch(
        connection,
        "SELECT 1 FROM refresh_tokens WHERE token_hash = :family_id AND revoked_at IS NULL",
        family_id=family_id,
    )
    return not rows


def forget_expired(connection: Connection, *, now: Milliseconds) -> int:
    """Delete families that have run out; for the clock process. Returns how many rows went."""
    statement = text("DELETE FROM refresh_tokens WHERE expires_at <= :now")
    return connection.execute(statement, {"now": now}).rowcount


def _locked(connection: Connection, token_hash: str) -> Any:  # a row has no type of its own
    """The token's row as it is once its root is locked; None when there is no such token."""
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE OF root"
    fetch(
        connection,
        "SELECT root.token_hash FROM refresh_tokens AS root"
        " JOIN refresh_tokens AS t ON t.family_id = root.token_hash"
        f" WHERE t.token_hash = :token_hash{lock}",
        token_hash=token_hash,
    )
    # Read after the lock: under READ COMMITTED a statement that waited may have old other rows.
    rows = fetch(
        connection,
        "SELECT t.*, root.revoked_at AS root_revoked_at FROM refresh_tokens AS t"
        " JOIN refresh_tokens AS root ON root.token_hash = t.family_id"
        " WHERE t.token_hash = :token_hash",
        token_hash=token_hash,
    )
    return rows[0] if rows else None


def _phone_trouble(
    connection: Connection, row: Any, token: str, proof: str | None, now: Milliseconds
) -> EnrolmentEnded | StaffInactive | None:
    enrolment = enrolment_of(connection, row.ibc_id, row.device_id)
    if enrolment is None or enrolment.state is not DeviceState.ACTIVE:
        return EnrolmentEnded()
    signed = refresh_bytes(device_id=row.device_id, refresh_token=token)
    if proof is None or not proven(enrolment.public_key, proof, signed):
        revoke(connection, row.family_id, now=now)
        return EnrolmentEnded()
    if card_at(connection, row.staff_id, row.ibc_id) is None:
        return StaffInactive()
    return None


def _succeed(
    connection: Connection, keys: Keys, row: Any, token: str, *, now: Milliseconds
) -> SignIn:
    seed = new_token(16)
    sign_in = _sign_in(row, _derived(keys, token, seed))
    connection.execute(
        text(
            "UPDATE refresh_tokens SET successor_hash = :successor, successor_seed = :seed"
            " WHERE token_hash = :token_hash"
        ),
        {
            "successor": digest(sign_in.refresh_token),
            "seed": seed,
            "token_hash": row.token_hash,
        },
    )
    _insert(connection, sign_in, now=now)
    return sign_in


def _derived(keys: Keys, token: str, seed: str) -> str:
    """Takes the server's secret, the seed in the database and the old token: none alone will do."""
    return to_base64url(hmac.digest(keys.refresh, f"{seed}|{token}".encode(), sha256))


def _was_used(connection: Connection, token_hash: str) -> bool:
    rows = fetch(
        connection,
        "SELECT 1 FROM refresh_tokens WHERE token_hash = :token_hash AND successor_hash IS NULL",
        token_hash=token_hash,
    )
    return not rows


def _sign_in(row: Any, token: str) -> SignIn:
    return SignIn(
        refresh_token=token,
        family_id=row.family_id,
        staff_id=row.staff_id,
        device_id=row.device_id,
        ibc_id=row.ibc_id,
        expires_at=row.expires_at,
    )


def _insert(connection: Connection, sign_in: SignIn, *, now: Milliseconds) -> None:
    row = {
        "token_hash": digest(sign_in.refresh_token),
        "family_id": sign_in.family_id,
        "ibc_id": sign_in.ibc_id,
        "staff_id": sign_in.staff_id,
        "device_id": sign_in.device_id,
        "issued_at": now,
        "expires_at": sign_in.expires_at,
        "successor_hash": None,
        "successor_seed": None,
        "revoked_at": None,
    }
    insert_rows(connection, TABLE, [row])
