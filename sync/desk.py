"""What people do with a case: claim, assign, settle field by field, check, reopen; each seen as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, text

from auth.cards import card_at
from auth.roles import Permission, permissions_of
from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from models import ENTITIES
from models.log import CaseAction as ActionRow
from sync.case_states import MOVES, CaseAction, CaseState
from sync.decisions import MakerIsChecker
from sync.desk_reading import Row, case_row, mutation_row, seen_version, subject_of
from sync.office import Put, Refused, Stale
from sync.records import Record
from sync.resolution import note_resolution, write_resolution
from sync.settlement import settle
from sync.writing import Writing, as_json, lock_head


class UnknownCase(LookupError):
    """There is no such case at this desk."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who acts, and in which role."""

    id: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One case as the transaction holds it, and who acts on it now."""

    writing: Writing
    case: Row
    subject: Record | None
    person: Person

    @property
    def state(self) -> CaseState:
        return CaseState(self.case["state"])

    @property
    def between(self) -> Mapping[str, Mapping[str, Any]]:
        detail = orjson.loads(self.case["detail"]) if self.case["detail"] else {}
        return detail.get("fields") or {}

    def refuse(self, **errors: str) -> Refused:
        return Refused(Put(self.case["subject_entity"], self.case["subject_id"], {}), errors)


def open_desk(
    connection: Connection,
    ibc_id: str,
    case_id: str,
    *,
    version: int,
    person: Person,
    now: Milliseconds,
) -> Desk:
    """Take the IBC's lock and the case at the version that the person saw.

    Errors: UnknownCase, Stale.
    """
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    case = case_row(connection, ibc_id, case_id)
    if case is None:
        raise UnknownCase(f"there is no case {case_id}")
    subject = subject_of(connection, case)
    if seen_version(case, subject) != version:
        raise Stale(f"case {case_id} or its record has changed since; look again")
    return Desk(writing=writing, case=case, subject=subject, person=person)


def claim(desk: Desk) -> None:
    """Take an open case oneself. Errors: Refused."""
    _move(desk, CaseAction.CLAIMED, assignee_id=desk.person.id)


def assign(desk: Desk, assignee_id: str) -> None:
    """Give a case to somebody who may settle it. Errors: Refused."""
    card = card_at(desk.writing.connection, assignee_id, desk.writing.ibc_id)
    if card is None or Permission.RESOLVE_CONFLICT not in permissions_of(card.roles):
        raise desk.refuse(assignee_id="may_not_resolve")
    _move(desk, CaseAction.ASSIGNED, assignee_id=assignee_id)


def resolve(desk: Desk, chosen: Mapping[str, Any], note: str | None) -> None:
    """Settle a case, or propose how when it touches money. Errors: Refused."""
    assignee_id = desk.case["assignee_id"]
    if desk.state is CaseState.ASSIGNED and assignee_id != desk.person.id:
        raise desk.refuse(assignee_id="assigned_to_another")
    if touches_money(desk.case):
        _check(desk, chosen)
        _move(desk, CaseAction.PROPOSED, assignee_id=desk.person.id, chosen=chosen, note=note)
        return
    _settle(desk, chosen, note, assignee_id=desk.person.id)


def approve(desk: Desk) -> None:
    """Check what another person proposed, and settle it. Errors: MakerIsChecker, Refused."""
    proposed = _proposal(desk)
    chosen = orjson.loads(proposed["chosen"]) if proposed["chosen"] else {}
    _settle(desk, chosen, proposed["note"], assignee_id=desk.case["assignee_id"])


def reject(desk: Desk, note: str | None) -> None:
    """Give a proposal back to its maker. Errors: MakerIsChecker, Refused."""
    _proposal(desk)
    _move(desk, CaseAction.REJECTED, assignee_id=desk.case["assignee_id"], note=note)


def reopen(desk: Desk, note: str | None) -> None:
    """Look again at what was settled; nobody has it until somebody claims it. Errors: Refused."""
    _move(desk, CaseAction.REOPENED, assignee_id=None, note=note)


def touches_money(case: Row) -> bool:
    """Whether a case needs a second person: its record is money, or an amount is in doubt (M16)."""
    entity = ENTITIES.get(case["subject_entity"])
    is_money = entity is not None and entity.sync.money is not None
    return is_money or case["amount_paisa"] is not None


def _proposal(desk: Desk) -> Row:
    if desk.state is not CaseState.PROPOSED:
        raise desk.refuse(state="nothing_proposed")
    rows = fetch(
        desk.writing.connection,
        "SELECT by_id, chosen, note FROM case_actions WHERE ibc_id = :ibc_id AND case_id = :id "
        "AND version = :version",
        ibc_id=desk.writing.ibc_id,
        id=desk.case["id"],
        version=desk.case["version"],
    )
    proposed: Row = rows[0]._asdict()
    if proposed["by_id"] == desk.person.id:
        raise MakerIsChecker("the person who proposed it may not check it; ask a colleague")
    return proposed


def _check(desk: Desk, chosen: Mapping[str, Any]) -> Mapping[str, Any]:
    settled = settle(desk.between, chosen)
    if settled.errors:
        raise desk.refuse(**settled.errors)
    return settled.fields


def _settle(
    desk: Desk, chosen: Mapping[str, Any], note: str | None, *, assignee_id: str | None
) -> None:
    """The record, the log, the feed and the verdict, then the case, in one transaction."""
    if (desk.state, CaseAction.RESOLVED) not in MOVES:
        raise desk.refuse(state=f"illegal_transition {desk.state} {CaseAction.RESOLVED}")
    fields = _check(desk, chosen)
    if desk.case["kind"] == "CONFLICT":
        mutation = mutation_row(desk.writing.connection, desk.writing.ibc_id, desk.case)
        assert mutation is not None  # a conflict is about a mutation, which the log keeps
        seq = write_resolution(
            desk.writing,
            desk.case,
            mutation,
            desk.subject,
            by_id=desk.person.id,
            by_role=desk.person.role,
            chosen=chosen,
            fields=fields,
            note=note,
        )
    else:
        seq = note_resolution(desk.writing, desk.case, by_id=desk.person.id, note=note)
    desk.writing.flush()
    _move(desk, CaseAction.RESOLVED, assignee_id=assignee_id, chosen=chosen, note=note, log_seq=seq)


def _move(
    desk: Desk,
    action: CaseAction,
    *,
    assignee_id: str | None,
    chosen: Mapping[str, Any] | None = None,
    note: str | None = None,
    log_seq: int | None = None,
) -> None:
    state = MOVES.get((desk.state, action))
    if state is None:
        raise desk.refuse(state=f"illegal_transition {desk.state} {action}")
    version = int(desk.case["version"]) + 1
    names = {"ibc_id": desk.writing.ibc_id, "version": version, "assignee_id": assignee_id}
    resolution = "settled" if state is CaseState.RESOLVED else None
    desk.writing.connection.execute(
        text(
            "UPDATE exceptions SET state = :state, version = :version, assignee_id = :assignee_id, "
            "resolution = :resolution, resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND id = :id"
        ),
        names
        | {"id": desk.case["id"], "state": state.value, "resolution": resolution, "seq": log_seq},
    )
    row = names | {
        "case_id": desk.case["id"],
        "action": action.value,
        "state": state.value,
        "by_id": desk.person.id,
        "by_role": desk.person.role,
        "at": desk.writing.now,
        "chosen": as_json(chosen),
        "note": note,
        "log_seq": log_seq,
    }
    insert_rows(desk.writing.connection, ActionRow.__table__, [row])
