"""Facts that meet on the street: both are kept, and a person is told (domain manual §6.10)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from infra.clock import from_rfc3339, rfc3339
from infra.database import any_of, fetch, listed
from infra.ids import digest, new_id
from infra.strict_json import canonical
from ledger.exceptions import case
from models import ENTITIES
from models.meter_issue import CLOSED_STATES, FAULT_GROUP
from sync.mutation import SERVER, Op, Origin
from sync.outcomes import OutcomeWord
from sync.records import Record, load_by_account
from sync.writing import Change, Writing, as_json, log_row

ISSUE = ENTITIES["meter_issue"]
CUT = ENTITIES["disconnection_act"]

PAID_BEFORE_MS_MAX = 30 * 24 * 3600 * 1000
"""How long before a cut money counts against it: older payments were known when it was ordered."""


def open_collision(
    writing: Writing, kind: str, record: Record, seq: int, other_id: str, **detail: Any
) -> None:
    """Open a case about a fact and the other fact that it met; the same pair is the same case."""
    entry = writing.logged(seq)
    is_its_own = entry["record_id"] == record.id
    writing.open_case(
        case(
            kind,
            ibc_id=writing.ibc_id,
            subject_entity=record.entity.name,
            subject_id=record.id,
            opened_by_seq=seq,
            now=writing.now,
            mutation_id=entry.get("of_id") or entry["id"] if is_its_own else None,
            distinct=other_id,
            account_no=record.fields.get("account_no"),
            detail=as_json({"other_id": other_id, **detail}),
        )
    )


def double_visits(writing: Writing, changes: Sequence[Change]) -> None:
    """Two officers at the same stop: both visits stand."""
    visits = _with(changes, "stop_id")
    # By account, which has an index already: a stop's visits are among its consumer's.
    accounts = {str(change.after.fields["account_no"]) for change in visits}
    before = _rows(writing, "visits", "account_no", accounts)
    for change in visits:
        visit = change.after
        for other in before[str(visit.fields["account_no"])]:
            if (
                other.stop_id == visit.fields["stop_id"]
                and other.officer_id != visit.fields["officer_id"]
            ):
                open_collision(writing, "DOUBLE_VISIT", visit, change.seq, other.id)


def issues_reported_before(writing: Writing, changes: Sequence[Change]) -> None:
    """A second report of the same trouble is linked to the first; a reading that fell is doubted."""
    known = _issues_of(writing, changes)
    for change in changes:
        issue = change.after
        if issue.deleted_at is not None:
            continue
        others = [other for other in known[str(issue.fields["account_no"])] if other.id != issue.id]
        was = change.before.fields.get("reading_kwh") if change.before else None
        if issue.fields.get("reading_kwh") not in (None, was):
            _doubt_reading(writing, change, others)
        if change.before is None:
            _link_duplicate(writing, issue, others)


def cuts_after_payment(writing: Writing, changes: Sequence[Change]) -> None:
    """A cut of a consumer who had paid before it: the act is kept, and the manager is told."""
    cuts = _with(changes, "account_no")
    accounts = {str(change.after.fields["account_no"]) for change in cuts}
    paid = _rows(writing, "collections", "account_no", accounts)
    for change in cuts:
        cut = change.after
        money = [
            row
            for row in paid[cut.fields["account_no"]]
            if _counts(row.occurred_at, cut) and row.state != "reversed"
        ]
        if money:
            first = min(money, key=lambda row: (row.occurred_at, row.id))
            _wrongful(writing, cut, change.seq, first.id)


def payments_before_a_cut(writing: Writing, changes: Sequence[Change]) -> None:
    """The same when the money arrives after the cut that it was taken before."""
    named = _with(changes, "account_no")
    accounts = {str(change.after.fields["account_no"]) for change in named}
    cuts: dict[str, list[Record]] = defaultdict(list)
    for cut in load_by_account(writing.connection, writing.ibc_id, CUT, sorted(accounts)):
        cuts[str(cut.fields["account_no"])].append(cut)
    for change in named:
        for cut in cuts[str(change.after.fields["account_no"])]:
            if _counts(change.after.occurred_at, cut):
                _wrongful(writing, cut, change.seq, change.after.id)


def _wrongful(writing: Writing, cut: Record, seq: int, collection_id: str) -> None:
    """One case for a cut, however many payments there were and whichever came first."""
    writing.open_case(
        case(
            "WRONGFUL_CUT",
            ibc_id=writing.ibc_id,
            subject_entity=cut.entity.name,
            subject_id=cut.id,
            opened_by_seq=seq,
            now=writing.now,
            account_no=str(cut.fields["account_no"]),
            detail=as_json({"other_id": collection_id}),
        )
    )


def _counts(paid_at: int, cut: Record) -> bool:
    return cut.occurred_at - PAID_BEFORE_MS_MAX <= paid_at < cut.occurred_at


def _doubt_reading(writing: Writing, change: Change, others: Iterable[Record]) -> None:
    """A meter does not run backwards, in whatever order its readings arrive."""
    issue = change.after
    read = [o for o in others if o.fields.get("reading_kwh") is not None and _same_meter(o, issue)]
    before = [other for other in read if other.occurred_at <= issue.occurred_at]
    after = [other for other in read if other.occurred_at > issue.occurred_at]
    pairs = []
    if before:
        pairs.append((max(before, key=_when), issue))
    if after:
        pairs.append((issue, min(after, key=_when)))
    for last, lower in pairs:
        if last.fields["reading_kwh"] > lower.fields["reading_kwh"]:
            open_collision(
                writing,
                "READING_REGRESSION",
                lower,
                change.seq,
                last.id,
                last_kwh=last.fields["reading_kwh"],
                reading_kwh=lower.fields["reading_kwh"],
            )


def _when(record: Record) -> tuple[int, str]:
    return record.occurred_at, record.id


def _same_meter(one: Record, other: Record) -> bool:
    numbers = {one.fields.get("meter_no_seen"), other.fields.get("meter_no_seen")} - {None}
    return len(numbers) < 2


def _link_duplicate(writing: Writing, issue: Record, others: Iterable[Record]) -> None:
    """Two phones, one trouble: the later arrival names the first, whose clock starts at the earlier."""
    group = FAULT_GROUP[issue.fields["fault_code"]]
    open_ones = [
        other
        for other in others
        if other.author_id != issue.author_id
        and FAULT_GROUP[other.fields["fault_code"]] == group
        and other.fields.get("state") not in CLOSED_STATES
        and other.fields.get("duplicate_of") is None
    ]
    if not open_ones:
        return
    first = min(open_ones, key=lambda other: (other.received_at, other.id))
    _set(writing, issue, {"duplicate_of": first.id})
    started = first.fields.get("sla_started_at")
    if issue.occurred_at < (from_rfc3339(started) if started else first.occurred_at):
        _set(writing, first, {"sla_started_at": rfc3339(issue.occurred_at)})


def _issues_of(writing: Writing, changes: Sequence[Change]) -> Mapping[str, list[Record]]:
    """Every issue of the accounts concerned, as this transaction has them."""
    accounts = sorted({str(change.after.fields["account_no"]) for change in changes})
    stored = load_by_account(writing.connection, writing.ibc_id, ISSUE, accounts)
    here = writing.records[ISSUE]
    for record in stored:
        here.setdefault(record.id, record)
    found: dict[str, list[Record]] = defaultdict(list)
    for record in here.values():
        if record.deleted_at is None:
            found[str(record.fields["account_no"])].append(record)
    return found


def _set(writing: Writing, record: Record, fields: Mapping[str, Any]) -> None:
    """Change an issue by an entry of its own: later merges need what each version changed."""
    # The batch may have edited it further since.
    record = writing.records[ISSUE][record.id]
    entry_id = new_id()
    said = {
        "id": entry_id,
        "entity": record.entity.name,
        "op": Op.PUT.value,
        "record_id": record.id,
        "base_version": record.version,
        "occurred_at": rfc3339(writing.now),
        "fields": dict(fields),
    }
    body = canonical(said).decode()
    changes = {name: (record.fields.get(name), value) for name, value in fields.items()}
    seq = writing.log(
        log_row(
            mutation_id=entry_id,
            origin=Origin.OFFICE.value,
            author_id=SERVER,
            entity=record.entity.name,
            op=Op.PUT.value,
            record_id=record.id,
            base_version=record.version,
            version=record.version + 1,
            occurred_at=writing.now,
            outcome=OutcomeWord.APPLIED,
            body=body,
            body_hash=digest(body),
            changes=orjson.dumps(changes).decode(),
        )
    )
    writing.put(
        seq, record._replace(version=record.version + 1, fields={**record.fields, **fields})
    )


def _with(changes: Sequence[Change], name: str) -> list[Change]:
    """New records that name something there."""
    return [c for c in changes if c.before is None and c.after.fields.get(name) is not None]


def _rows(
    writing: Writing, table: str, column: str, values: Collection[str]
) -> dict[str, list[Any]]:
    """Rows of a table by the value of one of its columns; rows of text SQL have no static type."""
    found: dict[str, list[Any]] = defaultdict(list)
    if not values:
        return found
    for row in fetch(
        writing.connection,
        f"SELECT * FROM {table} WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        f"AND {any_of(writing.connection, column, 'wanted')}",
        ibc_id=writing.ibc_id,
        wanted=listed(writing.connection, sorted(values)),
    ):
        found[getattr(row, column)].append(row)
    return found
