"""What this server knows of consumers, as the gate before a cut wants it (ledger/gate.py)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds, local_date, rfc3339
from infra.database import any_of, fetch, listed
from ledger.gate import Verdict, gate
from ledger.gate_facts import CutRule, Facts
from models import ENTITIES
from models.request import ANSWERED, RequestKindWord
from models.visit import OutcomeWord
from sync.records import Record, load_by_account

ASKED = ("bill", "notice", "plan", "hold", "request", "visit", "collection")
"""Entities of a consumer that speak for or against a cut."""
Found = Mapping[str, Sequence[Record]]
"""Entity → its records of one account."""


def judge(
    connection: Connection, ibc_id: str, account_no: str, now: Milliseconds
) -> Verdict | None:
    """May this consumer be cut now, by all that is known? None when there is no such consumer."""
    consumers = _consumers(connection, ibc_id, [account_no])
    if not consumers:
        return None
    timezone, holidays = _calendar(connection, ibc_id)
    found = records_of(connection, ibc_id, [account_no])[account_no]
    [row] = consumers.values()
    facts = _facts(row, found, timezone=timezone, holidays=holidays, known_at=now)
    return gate(facts, rules_of(connection, ibc_id), now)


def judge_past(
    connection: Connection, ibc_id: str, cuts: Sequence[Record], found: Mapping[str, Found]
) -> list[Verdict | None]:
    """Might each of these have been cut when it was? None where nobody can say.

    What was not there yet is left out, and the hour at which the phone was last here, for nobody
    knows it. Where the books have moved on since, it is taken that nothing had been paid: money
    that came before a cut is WRONGFUL_CUT's (sync/collisions.py).
    """
    accounts = sorted({str(cut.fields["account_no"]) for cut in cuts})
    consumers = _consumers(connection, ibc_id, accounts)
    rules = rules_of(connection, ibc_id)
    timezone, holidays = _calendar(connection, ibc_id)
    verdicts: list[Verdict | None] = []
    for cut in cuts:
        row = consumers.get(str(cut.fields["account_no"]))
        if row is None:
            verdicts.append(None)
            continue
        at = cut.occurred_at
        there = {
            name: [record for record in records if _was_there(record, at)]
            for name, records in found[str(cut.fields["account_no"])].items()
        }
        facts = _facts(row, there, timezone=timezone, holidays=holidays, known_at=at)
        facts |= {"supply_state": "connected", "safety_level": "normal"}
        facts |= {"held_paisa": 0, "waiting_paisa": 0, "uncleared_paisa": 0}
        if row.as_of is not None and row.as_of > at:
            facts |= {"due_paisa": 1, "open_bills": _nothing_paid(there)}
        verdict = gate(facts, rules, at)
        verdicts.append(verdict if verdict.rule_no else None)
    return verdicts


def rules_of(connection: Connection, ibc_id: str) -> list[CutRule]:
    """Every rule of cutting of an IBC."""
    found = fetch(
        connection,
        "SELECT * FROM cut_rules WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "ORDER BY effective_from, rule_no",
        ibc_id=ibc_id,
    )
    return [
        CutRule(
            rule_no=row.rule_no,
            effective_from=row.effective_from,
            effective_until=row.effective_until,
            clear_days=row.clear_days,
            months_least=row.months_least,
            promise_days=row.promise_days,
            data_hours=row.data_hours,
            week=orjson.loads(row.week),
            eve_until_minute=row.eve_until_minute,
            protecting_flags=orjson.loads(row.protecting_flags or "[]"),
        )
        for row in found
    ]


def records_of(
    connection: Connection, ibc_id: str, accounts: Sequence[str]
) -> dict[str, dict[str, list[Record]]]:
    """Account → entity → its records, as the tables have them."""
    found: dict[str, dict[str, list[Record]]] = {
        account_no: {name: [] for name in ASKED} for account_no in accounts
    }
    for name in ASKED:
        for record in load_by_account(connection, ibc_id, ENTITIES[name], accounts):
            found[str(record.fields["account_no"])][name].append(record)
    return found


def _consumers(connection: Connection, ibc_id: str, accounts: Sequence[str]) -> dict[str, Any]:
    """Account → the consumer, his area's safety and his standing; rows of text SQL have no type."""
    found = fetch(
        connection,
        "SELECT c.account_no, c.supply_state, c.flags, a.safety_level, p.due_paisa, "
        "p.uncleared_paisa, p.held_paisa, p.open_bills, p.as_of FROM consumers c "
        "LEFT JOIN areas a ON a.ibc_id = c.ibc_id AND a.id = c.area_id "
        "LEFT JOIN positions p ON p.ibc_id = c.ibc_id AND p.id = c.id "
        "WHERE c.ibc_id = :ibc_id AND c.deleted_at IS NULL "
        f"AND {any_of(connection, 'c.account_no', 'accounts')}",
        ibc_id=ibc_id,
        accounts=listed(connection, list(accounts)),
    )
    return {row.account_no: row for row in found}


def _calendar(connection: Connection, ibc_id: str) -> tuple[str, list[str]]:
    """The time zone of an IBC, and its holidays."""
    found = fetch(
        connection,
        "SELECT i.timezone, h.day FROM ibcs i "
        "LEFT JOIN holidays h ON h.ibc_id = i.ibc_id AND h.deleted_at IS NULL "
        "WHERE i.ibc_id = :ibc_id ORDER BY h.day",
        ibc_id=ibc_id,
    )
    return found[0].timezone, [row.day for row in found if row.day is not None]


def _facts(
    row: Any, found: Found, *, timezone: str, holidays: Sequence[str], known_at: Milliseconds
) -> Facts:
    today = local_date(known_at, timezone).isoformat()
    return Facts(
        timezone=timezone,
        known_at=rfc3339(known_at),
        supply_state=row.supply_state,
        flags=orjson.loads(row.flags or "[]"),
        safety_level=row.safety_level or "normal",
        due_paisa=row.due_paisa or 0,
        uncleared_paisa=row.uncleared_paisa or 0,
        held_paisa=row.held_paisa or 0,
        waiting_paisa=sum(_unread_paisa(record) for record in found["collection"]),
        open_bills=orjson.loads(row.open_bills or "[]"),
        bills=_fields(found["bill"]),
        notices=_fields(found["notice"]),
        plans=_fields(found["plan"]),
        holds=_fields(found["hold"]),
        complaints=[
            {"request_no": str(record.fields["request_no"])}
            for record in found["request"]
            if _is_open_complaint(record, today)
        ],
        promises=[
            {
                "made_on": local_date(record.occurred_at, timezone).isoformat(),
                "promise_date": str(record.fields["promise_date"]),
            }
            for record in found["visit"]
            if record.fields["outcome"] == OutcomeWord.PROMISE
        ],
        receipts_shown=[],
        holidays=holidays,
    )


def _fields(records: Sequence[Record]) -> Any:
    """The gate names the fields that it reads as the declarations do."""
    return [record.fields for record in records]


def _is_open_complaint(request: Record, today: str) -> bool:
    said = request.fields
    if said["kind"] != RequestKindWord.BILL_CORRECTION:
        return False
    return said.get("state") not in ANSWERED or str(said.get("answered_on") or "") > today


def _unread_paisa(collection: Record) -> int:
    """Money that the books have not put anywhere yet."""
    return 0 if collection.fields.get("state") else int(collection.fields["amount_paisa"])


def _was_there(record: Record, at: Milliseconds) -> bool:
    """Bills and notices say by their own dates when they were; of the rest, what came before."""
    return record.entity.name in ("bill", "notice", "plan") or record.occurred_at < at


def _nothing_paid(found: Found) -> list[Any]:
    return [
        {"invoice_no": record.fields["invoice_no"], "open_paisa": 1} for record in found["bill"]
    ]
