"""What an accepted change causes at once, in the same transaction; faces ledger/rules.py, which acts later."""

from collections.abc import Callable, Sequence

from infra.clock import local_date
from infra.ids import derived_id
from ledger.log_reader import timezone_of
from models import ENTITIES
from models.decision import DecisionKindWord, DecisionStateWord
from models.notice import NoticeStateWord
from models.notice_service import ServiceMethodWord
from sync.answers import note_answers
from sync.attachments import recognise_files
from sync.collisions import (
    issues_reported_before,
    open_collision,
    payments_before_a_cut,
)
from sync.complaints import follow_visits, hold_for_complaints
from sync.consequent import put
from sync.custody_effects import follow_handovers, offer_handovers
from sync.cuts import follow_cuts
from sync.membership import follow_rounds, follow_stops
from sync.writing import Change, Writing

DIRECTORY, DECISION, NOTICE = ENTITIES["directory"], ENTITIES["decision"], ENTITIES["notice"]

SERVED_AS = {
    ServiceMethodWord.HAND: NoticeStateWord.SERVED,
    ServiceMethodWord.POST: NoticeStateWord.SERVED,
    ServiceMethodWord.BILL_PRINT: NoticeStateWord.SERVED,
    ServiceMethodWord.PASTED: NoticeStateWord.PASTED,
    ServiceMethodWord.REFUSED: NoticeStateWord.REFUSED,
}


def list_consumers(writing: Writing, changes: Sequence[Change]) -> None:
    """A consumer's door entry in the directory of the area follows the consumer."""
    writing.load(DIRECTORY, {change.after.id for change in changes if change.before is not None})
    for change in changes:
        consumer = change.after
        fields = {field.name: consumer.fields.get(field.name) for field in DIRECTORY.fields}
        put(writing, change.seq, DIRECTORY, consumer.id, fields, like=consumer)


def serve_notices(writing: Writing, changes: Sequence[Change]) -> None:
    """The first valid service moves the notice; a later one is kept and changes nothing."""
    writing.load(NOTICE, {str(change.after.fields["notice_id"]) for change in changes})
    timezone = timezone_of(writing.connection, writing.ibc_id)
    for change in changes:
        service = change.after
        notice = writing.records[NOTICE].get(str(service.fields["notice_id"]))
        if notice is not None and notice.fields["state"] == NoticeStateWord.WITHDRAWN:
            open_collision(writing, "SERVED_AFTER_WITHDRAWAL", service, change.seq, notice.id)
        if notice is None or notice.fields["state"] not in (
            NoticeStateWord.ISSUED,
            NoticeStateWord.UNDELIVERED,
        ):
            continue
        served = {
            "state": SERVED_AS[ServiceMethodWord(service.fields["method"])].value,
            "served_on": local_date(service.occurred_at, timezone).isoformat(),
        }
        put(writing, change.seq, NOTICE, notice.id, served, like=service)


def propose_voids(writing: Writing, changes: Sequence[Change]) -> None:
    """An officer's void is a proposal; another person at the office decides (maker, then checker)."""
    for change in changes:
        void = change.after
        proposal = {
            "kind": DecisionKindWord.VOID.value,
            "collection_id": void.fields["collection_id"],
            "to_account_no": None,
            "reason": void.fields["reason"],
            "state": DecisionStateWord.SUBMITTED.value,
            "maker_id": void.fields["officer_id"],
            "checker_id": None,
        }
        put(writing, change.seq, DECISION, derived_id("void", void.id), proposal, like=void)


EFFECTS: dict[str, Callable[[Writing, Sequence[Change]], None]] = {
    "attachment": recognise_files,
    "cash_count": offer_handovers,
    "collection": payments_before_a_cut,
    "consumer": list_consumers,
    "answer": note_answers,
    "disconnection_act": follow_cuts,
    "handover": follow_handovers,
    "meter_issue": issues_reported_before,
    "notice_service": serve_notices,
    "receipt_void": propose_voids,
    "request": hold_for_complaints,
    "round": follow_rounds,
    "stop": follow_stops,
    "visit": follow_visits,
}
"""Entity → what its change causes. Effects cause no further effects."""


def apply_effects(writing: Writing) -> None:
    """Run the effects of everything changed so far, one call for all changes of an entity."""
    by_entity: dict[str, list[Change]] = {}
    for change in writing.changes:
        by_entity.setdefault(change.after.entity.name, []).append(change)
    for name, effect in EFFECTS.items():
        if name in by_entity:
            effect(writing, by_entity[name])
