"""What a count and a handover cause at once: the offer, and where the session stands."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.database import fetch
from infra.ids import derived_id
from ledger.accounts import custody_session
from models import ENTITIES
from models.cash_count import paisa_of
from models.handover import HandoverStateWord
from sync.consequent import put
from sync.custody_records import close_case_before_sync, opened_session, session_id
from sync.records import Record
from sync.writing import Change, Writing

HANDOVER, SESSION = ENTITIES["handover"], ENTITIES["cash_session"]
WITHDRAWN = {"state": HandoverStateWord.WITHDRAWN.value}
ABOUT = ("officer_id", "session_date", "purpose")


def offer_handovers(writing: Writing, changes: Sequence[Change]) -> None:
    """An officer's count offers what he counted; a new count takes the place of an open offer."""
    for change in changes:
        count = change.after
        about = {name: count.fields[name] for name in ABOUT}
        same = _same(writing, about)
        writing.load(HANDOVER, [row.id for row in same])
        taken = next((row for row in same if row.state == "accepted"), None)
        if taken is not None and about["purpose"] == "closing":
            # The cashier took it before the phone could say so: this is the first signature.
            own = {"count_id": count.id, "offered": count.fields["denominations"]}
            put(writing, change.seq, HANDOVER, taken.id, own, like=count)
            close_case_before_sync(writing.connection, writing.ibc_id, taken.id)
            continue
        for row in same:
            if row.state == "offered":
                put(writing, change.seq, HANDOVER, row.id, WITHDRAWN, like=count)
        offered = {
            "count_id": count.id,
            "offered": count.fields["denominations"],
            "cheque_ids": count.fields.get("cheque_ids"),
            "state": "offered",
        }
        handover_id = derived_id("handover", count.id)
        put(writing, change.seq, HANDOVER, handover_id, about | offered, like=count)
        if about["purpose"] == "closing":
            _move_session(writing, change.seq, count, about, "counting")


def follow_handovers(writing: Writing, changes: Sequence[Change]) -> None:
    """The session follows its closing handover."""
    for change in changes:
        handover = change.after
        if handover.fields["purpose"] == "closing":
            state = session_state(handover)
            _move_session(writing, change.seq, handover, handover.fields, state)


def session_state(handover: Record) -> str:
    """Where a session stands by its closing handover. Pure."""
    fields = handover.fields
    match fields["state"]:
        case "offered":
            return "counting"
        case "accepted":
            offered = fields.get("offered")
            same = offered is None or paisa_of(offered) == fields["counted_paisa"]
            return "agreed" if same else "handed_over"
        case "agreed" | "disputed":
            return str(fields["state"])
    return "open"


def _move_session(
    writing: Writing, seq: int, like: Record, about: Mapping[str, Any], state: str
) -> None:
    account_of = custody_session(str(about["officer_id"]), str(about["session_date"]))
    record_id = session_id(writing.ibc_id, account_of)
    writing.load(SESSION, [record_id])
    known = writing.records[SESSION].get(record_id)
    if known is not None and known.fields.get("ended_as") in ("robbed", "lost"):
        return
    fields = {"state": state} if known else opened_session(account_of) | {"state": state}
    put(writing, seq, SESSION, record_id, fields, like=like)


def _same(writing: Writing, about: Mapping[str, Any]) -> Sequence[Any]:
    """Handovers of the same session and purpose, of which no count has come."""
    return fetch(
        writing.connection,
        "SELECT id, state FROM handovers WHERE ibc_id = :ibc_id AND officer_id = :officer_id "
        "AND session_date = :session_date AND purpose = :purpose "
        "AND (state = 'offered' OR (state = 'accepted' AND count_id IS NULL))",
        ibc_id=writing.ibc_id,
        **about,
    )
