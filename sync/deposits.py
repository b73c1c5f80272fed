"""Slips: prepared by the cashier, brought to the bank; what the bank did with them is a clearing."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.prefetch import entries_of
from ledger.tenders import tender_of
from models import ENTITIES
from models.cash_count import paisa_of
from sync.money import act
from sync.office import Put
from sync.records import Record, load_by_id

Asked = Mapping[str, Any]
DEPOSIT = ENTITIES["deposit"]


class UnknownDeposit(LookupError):
    """There is no such slip at this IBC."""


def prepare(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> tuple[str, int]:
    """Make up a slip of cash by its notes, or of cheques. Errors: Refused, KeyReused, BooksBehind."""
    deposit_id = derived_id("deposit", ibc_id, key)
    names = ("kind", "bank_account", "slip_no", "bag_no", "total_paisa", "denominations")
    fields = {name: asked.get(name) for name in names} | {
        "cheque_ids": asked.get("cheque_ids"),
        "photo_sha256": None,
        "deposited_on": asked["deposited_on"],
        "maker_id": author_id,
        "state": "prepared",
    }
    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("deposit", deposit_id, fields),
        now=now,
        check=lambda: _misfits(connection, ibc_id, fields),
    )
    return deposit_id, version


def bring(
    connection: Connection,
    ibc_id: str,
    deposit_id: str,
    *,
    key: str,
    author_id: str,
    photo_sha256: str,
    version: int,
    now: Milliseconds,
) -> int:
    """The bag has left for the bank; the stamped slip was photographed.

    Errors: UnknownDeposit, Refused, Stale, KeyReused, BooksBehind.
    """
    slip = deposit(connection, ibc_id, deposit_id)
    put = Put("deposit", deposit_id, {"state": "at_bank", "photo_sha256": photo_sha256}, version)
    return act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=put,
        now=now,
        check=lambda: _cannot_leave(connection, ibc_id, slip),
    )


def deposit(connection: Connection, ibc_id: str, deposit_id: str) -> Record:
    """Errors: UnknownDeposit."""
    known = load_by_id(connection, ibc_id, DEPOSIT, [deposit_id]).get(deposit_id)
    if known is None:
        raise UnknownDeposit(f"there is no slip {deposit_id}")
    return known


def _cannot_leave(connection: Connection, ibc_id: str, slip: Record) -> dict[str, str]:
    state = slip.fields["state"]
    if state != "prepared":
        return {"state": f"illegal_transition {state} at_bank"}
    return _misfits(connection, ibc_id, slip.fields)


def _misfits(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, str]:
    """The notes or the cheques make the total, and they are at the IBC."""
    if fields["kind"] == "cash":
        return _cash_misfits(connection, ibc_id, fields)
    wanted = fields.get("cheque_ids") or []
    if not wanted or fields.get("denominations") is not None:
        return {"cheque_ids": "required"}
    if len(set(wanted)) < len(wanted):
        return {"cheque_ids": "twice"}
    histories: dict[str, list[Any]] = {}
    for entry in entries_of(connection, ibc_id, wanted):
        histories.setdefault(entry.source_id, []).append(entry)
    total = 0
    for n, collection_id in enumerate(wanted):
        tender = tender_of(histories.get(collection_id, []))
        if tender is None or tender.state != "handed_over":
            return {f"cheque_ids.{n}": "not_at_the_ibc"}
        total += tender.amount_paisa
    return {} if total == fields["total_paisa"] else {"total_paisa": f"items_make {total}"}


def _cash_misfits(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, str]:
    notes = fields.get("denominations")
    if notes is None or fields.get("cheque_ids"):
        return {"denominations": "required"}
    if paisa_of(notes) != fields["total_paisa"]:
        return {"denominations": "denominations_do_not_add_up"}
    found = fetch(
        connection,
        "SELECT COALESCE(SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END), 0) "
        "AS paisa FROM postings WHERE ibc_id = :ibc_id AND account_code = 1020",
        ibc_id=ibc_id,
    )
    return {} if found[0].paisa >= fields["total_paisa"] else {"total_paisa": "more_than_is_there"}
