"""Waivers, recoveries and write-offs: proposed by one person, approved by one or two others within their limits."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.ids import derived_id
from ledger.adjustments import WAIVER, objection, signatures_of
from ledger.log_row import unwritten
from ledger.prefetch import view_for
from models import ENTITIES
from sync.money import MakerIsChecker, act, check_limit
from sync.office import Put
from sync.records import Record, load_by_id

Asked = Mapping[str, Any]
ADJUSTMENT = ENTITIES["adjustment"]
NAMES = ("kind", "account_no", "account_of", "amount_paisa", "paid_by", "bank_account", "reason")
BY_CASH = frozenset({"shortage_recovered", "loss_recovered", "difference_recovered"})


class UnknownAdjustment(LookupError):
    """There is no such adjustment at this IBC."""


def propose(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> tuple[str, int]:
    """Propose; nothing is posted. Errors: Refused, KeyReused, BooksBehind."""
    adjustment_id = derived_id("adjustment", ibc_id, key)
    fields = {name: asked.get(name) for name in NAMES} | {
        "state": "submitted",
        "maker_id": author_id,
        "checker_id": None,
        "second_checker_id": None,
    }
    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("adjustment", adjustment_id, fields),
        now=now,
        check=lambda: misfits(connection, ibc_id, fields),
    )
    return adjustment_id, version


def settle(
    connection: Connection,
    ibc_id: str,
    adjustment_id: str,
    *,
    key: str,
    author_id: str,
    approves: bool,
    version: int,
    now: Milliseconds,
) -> int:
    """Approve or reject what others proposed and approved, at the version that the person saw.

    Errors: UnknownAdjustment, MakerIsChecker, OverLimit, Refused, Stale, KeyReused, BooksBehind.
    """
    known = adjustment(connection, ibc_id, adjustment_id)
    fields = known.fields
    signed = [fields["maker_id"], *filter(None, (fields.get("checker_id"),))]
    put = Put("adjustment", adjustment_id, signature(fields, author_id, approves=approves), version)

    def check() -> dict[str, str]:
        if fields["state"] not in ("submitted", "first_approved"):
            return {"state": f"already_{fields['state']}"}
        if author_id in signed:
            raise MakerIsChecker(MakerIsChecker.__doc__)
        amount = int(fields["amount_paisa"])
        if approves:
            nth = len(signed)
            check_limit(connection, ibc_id, author_id, fields["kind"], amount, signature=nth)
        return misfits(connection, ibc_id, fields) if approves else {}

    return act(connection, ibc_id, key=key, author_id=author_id, put=put, now=now, check=check)


def signature(fields: Asked, by_id: str, *, approves: bool) -> dict[str, Any]:
    """What the next signature writes. Pure."""
    name = "checker_id" if fields["state"] != "first_approved" else "second_checker_id"
    if not approves:
        return {"state": "rejected", name: by_id}
    needed = signatures_of(str(fields["kind"]))
    is_last = needed == 1 or name == "second_checker_id"
    return {"state": "approved" if is_last else "first_approved", name: by_id}


def misfits(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, str]:
    """Why this cannot stand on the books as they are; empty when it can."""
    whose = "account_no" if fields["kind"] == WAIVER else "account_of"
    if fields.get(whose) is None:
        return {whose: "required"}
    if fields["kind"] in BY_CASH and fields.get("paid_by") is None:
        return {"paid_by": "required"}
    if fields.get("paid_by") == "bank" and fields.get("bank_account") is None:
        return {"bank_account": "required"}
    row = unwritten("adjustment", fields)
    why = objection(view_for(connection, ibc_id, [row], entry_seq=0), fields)
    return {} if why is None else {"amount_paisa": why}


def adjustment(connection: Connection, ibc_id: str, adjustment_id: str) -> Record:
    """Errors: UnknownAdjustment."""
    known = load_by_id(connection, ibc_id, ADJUSTMENT, [adjustment_id]).get(adjustment_id)
    if known is None:
        raise UnknownAdjustment(f"there is no adjustment {adjustment_id}")
    return known
