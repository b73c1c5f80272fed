"""What the bank or an agency did, put down by a reconciler or by a match."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.log_row import unwritten
from ledger.prefetch import view_for
from ledger.tenders import objection
from models import ENTITIES
from sync.deposits import DEPOSIT
from sync.money import act
from sync.office import Put
from sync.records import load_by_id

Asked = Mapping[str, Any]
CLEARING = ENTITIES["clearing"]
NAMES = tuple(field.name for field in CLEARING.fields)


class SameHands(Exception):
    """Who brought it to the bank may not say what the bank did with it (M16); ask a colleague."""


def record(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> tuple[str, int]:
    """Put down one outcome and post it. Errors: SameHands, Refused, KeyReused, BooksBehind."""
    clearing_id = derived_id("clearing", ibc_id, key)
    fields = dict.fromkeys(NAMES) | {"fee_paisa": 0, "amount_paisa": 0}
    fields |= {name: value for name, value in asked.items() if value is not None}
    fields["maker_id"] = author_id
    fields |= _undone(connection, ibc_id, fields)
    slip = _slip_of(connection, ibc_id, fields)
    if slip is not None and slip.fields["maker_id"] == author_id:
        raise SameHands(SameHands.__doc__)

    def states() -> list[Put]:
        state = _slip_state(connection, ibc_id, fields)
        return [Put("deposit", str(fields["deposit_id"]), {"state": state})] if state else []

    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("clearing", clearing_id, fields),
        now=now,
        check=lambda: misfits(connection, ibc_id, fields),
        also=states,
    )
    return clearing_id, version


NEEDED = {
    "banked": ("deposit_id", "bank_account"),
    "cleared": ("collection_id", "bank_account"),
    "returned": ("collection_id",),
    "re_presented": ("collection_id",),
    "confirmed": ("collection_id", "bank_account"),
    "refused": ("collection_id",),
    "agency_paid": ("provider", "bank_account"),
    "undone": ("undoes_id",),
}
"""Outcome → what it must name."""
ABOUT = {"deposit_id": "banked", "account_no": "agency_paid", "provider": "agency_paid"}


def misfits(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, str]:
    """Why this outcome cannot stand on the books as they are; empty when it can."""
    outcome = str(fields["outcome"])
    missing = {name: "required" for name in NEEDED[outcome] if fields.get(name) is None}
    if missing:
        return missing
    account_no = fields.get("account_no")
    if account_no is not None and not fetch(
        connection,
        "SELECT 1 FROM consumers WHERE ibc_id = :ibc_id AND account_no = :account_no",
        ibc_id=ibc_id,
        account_no=account_no,
    ):
        return {"account_no": "unknown_account"}
    row = unwritten("clearing", fields)
    why = objection(view_for(connection, ibc_id, [row], entry_seq=0), fields)
    return {} if why is None else {NEEDED[outcome][0]: why}


def _undone(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, Any]:
    """What an undone outcome was about: its entries are found by that."""
    undoes_id = fields.get("undoes_id")
    if fields["outcome"] != "undone" or undoes_id is None:
        return {}
    wrong = load_by_id(connection, ibc_id, CLEARING, [undoes_id]).get(undoes_id)
    if wrong is None:
        return {}
    return {name: wrong.fields.get(name) for name in ("deposit_id", "collection_id")}


def _slip_of(connection: Connection, ibc_id: str, fields: Asked) -> Any:  # a Record, or nothing
    """The slip that the money was on."""
    deposit_id = fields.get("deposit_id")
    if deposit_id is None and fields.get("collection_id") is not None:
        found = fetch(
            connection,
            "SELECT deposit_id FROM instruments WHERE ibc_id = :ibc_id AND id = :id",
            ibc_id=ibc_id,
            id=fields["collection_id"],
        )
        deposit_id = found[0].deposit_id if found else None
    if deposit_id is None:
        return None
    return load_by_id(connection, ibc_id, DEPOSIT, [deposit_id]).get(deposit_id)


def _slip_state(connection: Connection, ibc_id: str, fields: Asked) -> str | None:
    """Where a cash slip stands after this; cheques stand each for itself."""
    if fields.get("deposit_id") is None:
        return None
    if fields["outcome"] == "undone":
        return "at_bank"
    slip = _slip_of(connection, ibc_id, fields)
    return "matched" if fields["amount_paisa"] >= slip.fields["total_paisa"] else "short"
