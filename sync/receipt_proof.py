"""Whether a printed receipt is genuine, and whether it has arrived: never whose it is or what is owed."""

from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from auth.blocks import Block, is_issued, secret_of
from auth.receipt_qr import MINUTE_MS, Printed
from auth.receipts import code_is_genuine
from infra.database import fetch


class Proof(StrEnum):
    """What is said to whoever holds the paper (users.md item 3)."""

    RECEIVED = "genuine_received"
    NOT_RECEIVED_YET = "genuine_not_received_yet"
    NOT_GENUINE = "not_genuine"
    VOID = "void"
    AFTER_REVOCATION = "issued_after_revocation"


def prove(connection: Connection, printed: Printed, code: str) -> Proof:
    """Recompute the code with the secret of the phone whose number this is, then look for the fact."""
    owner = _owner(connection, printed.receipt_no)
    if owner is None:
        return Proof.NOT_GENUINE
    secret = secret_of(connection, ibc_id=owner.ibc_id, device_id=owner.device_id)
    if secret is None or not code_is_genuine(
        code,
        secret,
        receipt_no=printed.receipt_no,
        account_no=printed.account_no,
        amount_paisa=printed.amount_paisa,
        occurred_at=printed.occurred_at,
    ):
        return Proof.NOT_GENUINE
    fact = _fact(connection, owner.ibc_id, printed.receipt_no)
    if fact is not None and fact.state == "void":
        return Proof.VOID
    if fact is not None and _says(fact, printed):
        return Proof.RECEIVED
    # The paper is ours; what has arrived under its number, if anything, says something else.
    ended_at = owner.ended_at
    if ended_at is not None and printed.occurred_at > ended_at:
        return Proof.AFTER_REVOCATION
    return Proof.NOT_RECEIVED_YET


def _owner(connection: Connection, receipt_no: str) -> Any:  # a row has no type of its own
    """The device that was given this number."""
    rows = fetch(
        connection,
        "SELECT b.ibc_id, b.device_id, b.prefix, b.first_serial, b.last_serial, c.ended_at "
        "FROM receipt_blocks b LEFT JOIN device_chains c "
        "ON c.ibc_id = b.ibc_id AND c.device_id = b.device_id WHERE b.prefix = :prefix",
        prefix=receipt_no.rpartition("-")[0],
    )
    if not rows:
        return None
    row = rows[0]
    return row if is_issued(receipt_no, [Block(*row[2:5])]) else None


def _fact(connection: Connection, ibc_id: str, receipt_no: str) -> Any:
    rows = fetch(
        connection,
        "SELECT c.account_no, c.amount_paisa, c.occurred_at, c.state FROM claims k "
        "JOIN collections c ON c.ibc_id = k.ibc_id AND c.id = k.record_id "
        "WHERE k.ibc_id = :ibc_id AND k.kind = 'receipt_no' AND k.value = :receipt_no",
        ibc_id=ibc_id,
        receipt_no=receipt_no,
    )
    return rows[0] if rows else None


def _says(fact: Any, printed: Printed) -> bool:
    return bool(
        fact.account_no == printed.account_no
        and fact.amount_paisa == printed.amount_paisa
        and fact.occurred_at // MINUTE_MS == printed.occurred_at // MINUTE_MS
    )
