"""Receipts that the office itself writes: a teller's own, and those rebuilt from a payer's paper."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from auth.receipt_qr import Printed
from infra.clock import Milliseconds, from_rfc3339, rfc3339
from infra.database import fetch
from infra.ids import derived_id, digest
from infra.strict_json import canonical
from models import ENTITIES
from models.declaration import Owner
from schemas.checks import row_check
from schemas.records import errors_of, write_schema
from sync.books import post_within
from sync.effects import apply_effects
from sync.keyed import repeated
from sync.lookup import claims_of
from sync.money import read_to_the_head
from sync.mutation import Op, Origin
from sync.office import Put, Refused
from sync.outcomes import OutcomeWord
from sync.receipt_proof import Proof, prove
from sync.records import Record
from sync.rounds import known_accounts
from sync.writing import Writing, lock_head, log_row

Asked = Mapping[str, Any]
COLLECTION = ENTITIES["collection"]


def take(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> str:
    """A teller takes money at the counter, into his own drawer of today, on a receipt of its block.

    Errors: Refused, KeyReused, BooksBehind.
    """
    read_to_the_head(connection, ibc_id, now)
    put = Put("collection", derived_id("collection", ibc_id, key), dict(asked))
    if repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return put.record_id
    if not _is_own_number(connection, ibc_id, author_id, str(asked["receipt_no"])):
        raise Refused(put, {"receipt_no": "not_of_this_drawer"})
    _write(connection, ibc_id, put, key=key, author_id=author_id, holder=author_id, at=now, now=now)
    return put.record_id


def rebuild(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> str:
    """A payer shows the receipt of a phone that is gone: the same number, the same day, once.

    The code on the paper must be genuine and the payer called back. Errors: Refused, KeyReused.
    """
    read_to_the_head(connection, ibc_id, now)
    at = from_rfc3339(asked["at"])
    fields = {
        "receipt_no": asked["receipt_no"],
        "account_no": asked["account_no"],
        "amount_paisa": asked["amount_paisa"],
        "tender": "cash",
        "verify_code": asked["code"],
        "rebuilt_by": author_id,
    }
    put = Put("collection", derived_id("collection", ibc_id, key), fields)
    if repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return put.record_id
    if not asked["payer_called_back"]:
        raise Refused(put, {"payer_called_back": "required"})
    printed = Printed(
        receipt_no=asked["receipt_no"],
        account_no=asked["account_no"],
        amount_paisa=asked["amount_paisa"],
        occurred_at=at,
    )
    if prove(connection, printed, asked["code"]) is not Proof.NOT_RECEIVED_YET:
        raise Refused(put, {"code": "not_to_be_rebuilt"})
    holder = _officer_of(connection, ibc_id, asked["receipt_no"])
    _write(connection, ibc_id, put, key=key, author_id=author_id, holder=holder, at=at, now=now)
    return put.record_id


def _write(
    connection: Connection,
    ibc_id: str,
    put: Put,
    *,
    key: str,
    author_id: str,
    holder: str,
    at: Milliseconds,
    now: Milliseconds,
) -> None:
    """One collection into the log, as a phone's would be, and its entry into the books."""
    own = {name: value for name, value in put.fields.items() if name != "rebuilt_by"}
    if not row_check(COLLECTION, Owner.DEVICE).is_good(own, partial=False):
        schema = write_schema(COLLECTION, Owner.DEVICE)
        raise Refused(put, errors_of(schema, own, partial=False))
    account_no = own.get("account_no")
    if account_no is not None and not known_accounts(connection, ibc_id, [str(account_no)]):
        raise Refused(put, {"account_no": "unknown_account"})
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    if claims_of(writing, {str(put.fields["receipt_no"])}):
        raise Refused(put, {"receipt_no": "receipt_no_reused"})
    writing.claim("receipt_no", str(put.fields["receipt_no"]), put.record_id)
    body = canonical(
        {
            "id": key,
            "entity": "collection",
            "op": Op.PUT.value,
            "record_id": put.record_id,
            "base_version": None,
            "occurred_at": rfc3339(at),
            "fields": put.fields,
        }
    ).decode()
    seq = writing.log(
        log_row(
            mutation_id=key,
            origin=Origin.OFFICE.value,
            author_id=author_id,
            officer_id=holder,
            entity="collection",
            op=Op.PUT.value,
            record_id=put.record_id,
            version=1,
            occurred_at=at,
            outcome=OutcomeWord.APPLIED,
            body=body,
            body_hash=digest(body),
        )
    )
    record = Record(
        entity=COLLECTION,
        id=put.record_id,
        version=1,
        author_id=author_id,
        occurred_at=at,
        received_at=now,
        fields={**put.fields, "officer_id": holder},
    )
    writing.put(seq, record)
    apply_effects(writing)
    writing.flush()
    post_within(connection, ibc_id, now)


def _is_own_number(connection: Connection, ibc_id: str, staff_id: str, receipt_no: str) -> bool:
    """Whether the number lies in the block of an open drawer of this person."""
    prefix, _, serial = receipt_no.rpartition("-")
    found = fetch(
        connection,
        "SELECT 1 FROM custody_sessions s JOIN receipt_blocks b ON b.prefix = s.receipt_prefix "
        "AND b.ibc_id = s.ibc_id WHERE s.ibc_id = :ibc_id AND s.officer_id = :staff_id "
        "AND s.receipt_prefix = :prefix AND s.state = 'open' AND s.ended_as IS NULL "
        "AND :serial BETWEEN b.first_serial AND b.last_serial",
        ibc_id=ibc_id,
        staff_id=staff_id,
        prefix=prefix,
        serial=int(serial),
    )
    return bool(found)


def _officer_of(connection: Connection, ibc_id: str, receipt_no: str) -> str:
    """Whose phone the number was given to; `prove` has found that it was."""
    found = fetch(
        connection,
        "SELECT d.staff_id FROM receipt_blocks b JOIN devices d "
        "ON d.ibc_id = b.ibc_id AND d.id = b.device_id "
        "WHERE b.ibc_id = :ibc_id AND b.prefix = :prefix",
        ibc_id=ibc_id,
        prefix=receipt_no.rpartition("-")[0],
    )
    return str(found[0].staff_id)
