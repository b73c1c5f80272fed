"""What people at the desk see: cases with their filters, both sides of one, who and when, its history."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from ledger.exceptions import DESK_KINDS, KINDS
from models import ENTITIES
from models.declaration import Policy
from sync.case_states import CaseAction, CaseState
from sync.records import Record, load_by_id

Row = Mapping[str, Any]
KIND_LIST = ", ".join(f"'{kind}'" for kind in sorted(DESK_KINDS))
LOG_COLUMNS = (
    "author_id, officer_id, occurred_at, received_at, origin, version, changes, id, body_hash"
)


def cases(
    connection: Connection,
    ibc_id: str,
    *,
    asked: Mapping[str, Any],
    now: Milliseconds,
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Row]:
    """Cases in the order in which they were opened."""
    wanted = {
        "state = :state": asked.get("state"),
        "kind = :kind": asked.get("kind"),
        "subject_entity = :entity": asked.get("entity"),
        "assignee_id = :assignee_id": asked.get("assignee_id"),
    }
    conditions = "".join(f" AND {sql}" for sql, value in wanted.items() if value is not None)
    found = fetch(
        connection,
        f"SELECT * FROM exceptions WHERE ibc_id = :ibc_id AND kind IN ({KIND_LIST}) "
        "AND opened_at <= :opened_before "
        f"AND (opened_at, id) > (:after_at, :after_id){conditions} "
        "ORDER BY opened_at, id LIMIT :limit",
        ibc_id=ibc_id,
        opened_before=now - 1_000 * asked.get("older_than_seconds", 0),
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **{
            name: asked[name]
            for name in ("state", "kind", "entity", "assignee_id")
            if asked.get(name) is not None
        },
    )
    return [
        {**row._asdict(), "severity": KINDS[row.kind].severity, "age_ms": now - row.opened_at}
        for row in found
    ]


def case_row(connection: Connection, ibc_id: str, case_id: str) -> Row | None:
    """One case of the desk; None when there is no such."""
    found = fetch(
        connection,
        f"SELECT * FROM exceptions WHERE ibc_id = :ibc_id AND id = :id AND kind IN ({KIND_LIST})",
        ibc_id=ibc_id,
        id=case_id,
    )
    return found[0]._asdict() if found else None


def subject_of(connection: Connection, case: Row) -> Record | None:
    """The record that a case is about."""
    entity = ENTITIES.get(case["subject_entity"])
    if entity is None:
        return None
    wanted = case["subject_id"]
    return load_by_id(connection, case["ibc_id"], entity, [wanted]).get(wanted)


def seen_version(case: Row, subject: Record | None) -> int:
    """What `If-Match` names: it grows when the case moves and when its record does.

    So whoever settles a case has seen the record as it stands, whatever a phone wrote meanwhile.
    """
    return int(case["version"]) + (subject.version if subject else 0)


def shown(connection: Connection, ibc_id: str, case_id: str, now: Milliseconds) -> Row | None:
    """One case: both sides, who and when, the record as it stands now, and the whole history."""
    case = case_row(connection, ibc_id, case_id)
    if case is None:
        return None
    subject = subject_of(connection, case)
    detail = orjson.loads(case["detail"]) if case["detail"] else {}
    return {
        **case,
        "severity": KINDS[case["kind"]].severity,
        "age_ms": now - case["opened_at"],
        "seen_version": seen_version(case, subject),
        "why": detail.get("why"),
        "base_version": detail.get("base_version"),
        "server_version": detail.get("version"),
        "record_version": subject.version if subject else None,
        "fields": _fields(connection, ibc_id, case, detail, subject),
        "device_side": _side(_mutation(connection, ibc_id, case["mutation_id"])),
        "other_id": detail.get("other_id"),
        "history": history(connection, ibc_id, case),
    }


def history(connection: Connection, ibc_id: str, case: Row) -> list[Row]:
    """What people did with a case, from its opening on."""
    done = fetch(
        connection,
        "SELECT * FROM case_actions WHERE ibc_id = :ibc_id AND case_id = :id ORDER BY version",
        ibc_id=ibc_id,
        id=case["id"],
    )
    opened = {
        "version": 1,
        "action": CaseAction.OPENED.value,
        "state": CaseState.OPEN.value,
        "by_id": None,
        "by_role": "server",
        "at": case["opened_at"],
        "assignee_id": None,
        "chosen": None,
        "note": None,
        "log_seq": case["opened_by_seq"],
    }
    return [opened, *(row._asdict() for row in done)]


def mutation_row(connection: Connection, ibc_id: str, case: Row) -> Row | None:
    """The mutation that a case was opened for, as the log has it."""
    return _mutation(connection, ibc_id, case["mutation_id"])


def _mutation(connection: Connection, ibc_id: str, mutation_id: str | None) -> Row | None:
    if mutation_id is None:
        return None
    found = fetch(
        connection,
        f"SELECT {LOG_COLUMNS} FROM mutations WHERE ibc_id = :ibc_id AND id = :id "
        "ORDER BY seq LIMIT 1",
        ibc_id=ibc_id,
        id=mutation_id,
    )
    return found[0]._asdict() if found else None


def _fields(
    connection: Connection, ibc_id: str, case: Row, detail: Row, subject: Record | None
) -> list[Row]:
    """Per field: base, server and device then, the value now, and who had written the server's."""
    between = detail.get("fields") or {}
    writers = _writers(connection, ibc_id, case, detail) if between else []
    return [
        {
            "field": name,
            **{f"{side}_value": three[side] for side in ("base", "server", "device")},
            "now_value": subject.fields.get(name) if subject else None,
            "server_side": next(
                (_side(row) for row in writers if row["names"] is None or name in row["names"]),
                None,
            ),
        }
        for name, three in between.items()
    ]


def _writers(connection: Connection, ibc_id: str, case: Row, detail: Row) -> list[dict[str, Any]]:
    """Who changed the record up to the version then, newest first, with the fields that they set."""
    entity = ENTITIES.get(case["subject_entity"])
    if entity is not None and entity.sync.policy is Policy.MERGE:
        found = fetch(
            connection,
            f"SELECT {LOG_COLUMNS} FROM mutations WHERE ibc_id = :ibc_id AND record_id = :id "
            "AND version <= :version AND changes IS NOT NULL ORDER BY version DESC",
            ibc_id=ibc_id,
            id=case["subject_id"],
            version=detail.get("version") or 0,
        )
        return [{**row._asdict(), "names": list(orjson.loads(row.changes))} for row in found]
    if detail.get("server_author_id") is None:
        return []
    # Other policies keep no changes by field in the log: the last writer stands for all of them.
    return [
        {
            "author_id": detail["server_author_id"],
            "officer_id": None,
            "occurred_at": None,
            "received_at": detail["server_received_at"],
            "names": None,
        }
    ]


def _side(row: Row | None) -> Row | None:
    if row is None:
        return None
    return {name: row[name] for name in ("author_id", "officer_id", "occurred_at", "received_at")}
