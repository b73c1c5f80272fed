"""A billing complaint protects at once: a hold that every phone with that consumer sees (users.md 4)."""

from collections.abc import Sequence
from typing import Any

from infra.clock import local_date
from infra.ids import derived_id
from ledger.log_reader import timezone_of
from models import ENTITIES
from models.hold import HoldKindWord
from models.request import RequestKindWord
from models.visit import OutcomeWord
from sync.collisions import double_visits
from sync.consequent import put
from sync.records import Record, load_by_account
from sync.writing import Change, Writing

HOLD, REQUEST, CONSUMER = ENTITIES["hold"], ENTITIES["request"], ENTITIES["consumer"]
NUMBER_CHARS = 12
"""The end of a record's id, which is what differs between records of one moment."""


def follow_visits(writing: Writing, changes: Sequence[Change]) -> None:
    """Two officers at one door; and "dispute" said at the door is a complaint with a number."""
    double_visits(writing, changes)
    disputes = [
        change
        for change in changes
        if change.before is None and change.after.fields["outcome"] == OutcomeWord.DISPUTE_CLAIMED
    ]
    for change in _of_our_consumers(writing, disputes):
        visit = change.after
        request_id = derived_id("dispute", visit.id)
        said = {
            "officer_id": visit.fields["officer_id"],
            "request_no": f"V-{visit.id[-NUMBER_CHARS:].upper()}",
            "account_no": visit.fields["account_no"],
            "kind": RequestKindWord.BILL_CORRECTION.value,
            "remark": visit.fields.get("remark"),
        }
        put(writing, change.seq, REQUEST, request_id, said, like=visit)
        _hold(writing, change.seq, writing.records[REQUEST][request_id])


def hold_for_complaints(writing: Writing, changes: Sequence[Change]) -> None:
    """A complaint that was recorded as such."""
    complaints = [
        change
        for change in changes
        if change.before is None and change.after.fields["kind"] == RequestKindWord.BILL_CORRECTION
    ]
    for change in _of_our_consumers(writing, complaints):
        _hold(writing, change.seq, change.after)


def hold_id_of(request_id: str) -> str:
    """The hold that a complaint opened."""
    return derived_id("complaint", request_id)


def _of_our_consumers(writing: Writing, changes: Sequence[Change]) -> list[Change]:
    accounts = sorted({str(change.after.fields["account_no"]) for change in changes})
    known = load_by_account(writing.connection, writing.ibc_id, CONSUMER, accounts)
    ours = {consumer.fields["account_no"] for consumer in known}
    return [change for change in changes if change.after.fields["account_no"] in ours]


def _hold(writing: Writing, seq: int, request: Record) -> None:
    said: dict[str, Any] = {
        "hold_no": f"C-{hold_id_of(request.id)[-NUMBER_CHARS:].upper()}",
        "account_no": request.fields["account_no"],
        "kind": HoldKindWord.DISPUTE.value,
        "from_date": local_date(
            request.occurred_at, timezone_of(writing.connection, writing.ibc_id)
        ).isoformat(),
        "until_date": None,
        "disputed_paisa": request.fields.get("disputed_paisa"),
        "reference": request.fields["request_no"],
    }
    writing.claim("hold_no", said["hold_no"], hold_id_of(request.id))
    put(writing, seq, HOLD, hold_id_of(request.id), said, like=request)
