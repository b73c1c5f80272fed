"""A person's kept proofs: find them, check one, and lock the door after too many wrong tries."""

from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Connection, Table, text

from auth.cards import active_cards
from auth.errors import SignInRefused, StaffInactive
from auth.passwords import secret_matches
from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from models.identity import Credential as CredentialRow

FAILURES_MAX = 5
LOCKED_MS = 15 * 60 * 1000
TABLE: Table = CredentialRow.__table__  # type: ignore[assignment]  # mapped classes have a Table


class Proof(StrEnum):
    """What a person can show."""

    PASSWORD = "password_hash"  # noqa: S105  # the name of a column
    PIN = "pin_hash"


@dataclass(frozen=True)
class Credential:
    """What is kept of one person."""

    staff_id: str
    staff_no: str
    password_hash: str | None = field(repr=False)
    pin_hash: str | None = field(repr=False)


@dataclass(frozen=True)
class Checked:
    """What came of comparing a secret; made outside of any transaction, used inside one."""

    staff_id: str | None
    """None when nobody has that staff number."""
    correct: bool


def find(connection: Connection, staff_no: str) -> Credential | None:
    rows = fetch(
        connection,
        "SELECT staff_id, staff_no, password_hash, pin_hash FROM credentials"
        " WHERE staff_no = :staff_no",
        staff_no=staff_no,
    )
    return Credential(*rows[0]) if rows else None


def check(credential: Credential | None, proof: Proof, secret: str) -> Checked:
    """Compare; costs one hash for everybody, known, unknown or locked. Errors: HashingBusy."""
    if credential is None:
        return Checked(None, secret_matches(None, secret))
    return Checked(credential.staff_id, secret_matches(getattr(credential, proof), secret))


def stands(connection: Connection, checked: Checked, *, now: Milliseconds) -> bool:
    """Whether the check counts as right; a wrong one is counted.

    Call it in the transaction that acts on the answer: many guesses sent at once are compared at
    once, but they are counted one after the other here, and after the fifth not even the right
    one passes.
    """
    if checked.staff_id is None or is_locked(connection, checked.staff_id, now=now):
        return False
    if not checked.correct:
        count_failure(connection, checked.staff_id, now=now)
    return checked.correct


def sign_in(
    connection: Connection, checked: Checked, *, now: Milliseconds
) -> str | SignInRefused | StaffInactive:
    """Who signs in with this check; a refusal is returned, for what it counts must be committed."""
    if not stands(connection, checked, now=now) or checked.staff_id is None:
        return SignInRefused()
    forget_failures(connection, checked.staff_id)
    if not active_cards(connection, checked.staff_id):
        return StaffInactive()
    return checked.staff_id


def is_locked(connection: Connection, staff_id: str, *, now: Milliseconds) -> bool:
    # The row's lock makes simultaneous guesses queue up; SQLite's writers queue anyway.
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    rows = fetch(
        connection,
        f"SELECT locked_until FROM credentials WHERE staff_id = :staff_id{lock}",
        staff_id=staff_id,
    )
    return bool(rows) and rows[0].locked_until is not None and rows[0].locked_until > now


def count_failure(connection: Connection, staff_id: str, *, now: Milliseconds) -> None:
    connection.execute(
        text(
            "UPDATE credentials SET"
            " locked_until = CASE WHEN failures + 1 >= :most THEN :until ELSE locked_until END,"
            " failures = CASE WHEN failures + 1 >= :most THEN 0 ELSE failures + 1 END"
            " WHERE staff_id = :staff_id"
        ),
        {"staff_id": staff_id, "most": FAILURES_MAX, "until": now + LOCKED_MS},
    )


def forget_failures(connection: Connection, staff_id: str) -> None:
    connection.execute(
        text(
            "UPDATE credentials SET failures = 0, locked_until = NULL"
            " WHERE staff_id = :staff_id AND (failures > 0 OR locked_until IS NOT NULL)"
        ),
        {"staff_id": staff_id},
    )


def keep(
    connection: Connection,
    *,
    staff_id: str,
    staff_no: str,
    password_hash: str | None = None,
    pin_hash: str | None = None,
) -> None:
    """Keep a person's hashes (passwords.hash_secret) in place of the old; opens a locked door."""
    row = {
        "staff_id": staff_id,
        "staff_no": staff_no,
        "password_hash": password_hash,
        "pin_hash": pin_hash,
        "failures": 0,
        "locked_until": None,
    }
    insert_rows(connection, TABLE, [row], on_conflict="replace")
