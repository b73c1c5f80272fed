"""Reads the log in its order and turns each line into values for posting."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Row

from infra.clock import Milliseconds, local_date
from infra.database import any_of, fetch, listed
from ledger.log_row import LogRow
from ledger.rules import RULES
from models.log import OWNS_ITS_ID
from models.versions import PROTOCOL, said_in, upgraded_fields

QUARTER_MS = 900_000
"""Every offset from UTC in use is a whole number of quarters of an hour: dates change on these."""

IDENTITY = {
    "bill": ("bills", ("account_no", "invoice_no", "bill_month")),
    "decision": ("decisions", ("kind", "collection_id", "to_account_no", "maker_id")),
    "handover": ("handovers", ("officer_id", "session_date", "purpose")),
    "deposit": ("deposits", ("kind", "bank_account", "total_paisa", "cheque_ids")),
    "adjustment": (
        "adjustments",
        (
            "kind",
            "account_no",
            "account_of",
            "amount_paisa",
            "paid_by",
            "bank_account",
            "maker_id",
            "checker_id",
        ),
    ),
    "refund": ("refunds", ("account_no", "amount_paisa", "paid_from", "bank_account", "maker_id")),
    "fee": ("fees", ("account_no", "on_date", "amount_paisa", "maker_id")),
}
"""What a partial change does not repeat, and what never changes: filled in from the record."""

COLUMNS = (
    "m.seq, m.id, m.of_id, m.origin, m.entity, m.op, m.record_id, m.author_id, m.officer_id, "
    "m.occurred_at, m.outcome, m.code, m.body_hash, m.detail"
)
Raw = Row[Any]  # rows of text SQL have no static type


def timezone_of(connection: Connection, ibc_id: str) -> str:
    """The time zone on the walls of the IBC."""
    rows = fetch(connection, "SELECT timezone FROM ibcs WHERE ibc_id = :ibc_id", ibc_id=ibc_id)
    if not rows:
        raise LookupError(f"IBC {ibc_id!r} has no record, so its dates are unknown")
    return str(rows[0].timezone)


def read_log(
    connection: Connection, ibc_id: str, *, after: int, rows_max: int, timezone: str
) -> tuple[list[LogRow], int]:
    """The next rows that concern the books, and the last sequence number that was looked at."""
    entities = ", ".join(f"'{entity}'" for entity in sorted({entity for _, entity in RULES}))
    found = fetch(
        connection,
        f"SELECT {COLUMNS}, CASE WHEN m.origin <> 'books' AND m.entity IN ({entities}) "
        "THEN m.body END AS body FROM mutations m "
        "WHERE m.ibc_id = :ibc_id AND m.seq > :after ORDER BY m.seq LIMIT :rows_max",
        ibc_id=ibc_id,
        after=after,
        rows_max=rows_max,
    )
    if not found:
        return [], after
    own = [row for row in found if row.origin != "books"]
    originals = _originals(connection, ibc_id, [row.of_id for row in own if row.of_id])
    rows = [
        _log_row(row, originals.get(row.of_id) if row.of_id else None, timezone)
        for row in own
        if row.body is not None or row.of_id
    ]
    return _completed(connection, ibc_id, [row for row in rows if row is not None]), found[-1].seq


def _originals(connection: Connection, ibc_id: str, ids: Sequence[str]) -> dict[str, Raw]:
    """The mutations whose later fate is told; the lowest sequence owns an id (ruling 10)."""
    if not ids:
        return {}
    found = fetch(
        connection,
        f"SELECT {COLUMNS}, m.body FROM mutations m WHERE m.ibc_id = :ibc_id "
        f"AND {any_of(connection, 'm.id', 'ids')} AND ({OWNS_ITS_ID})",
        ibc_id=ibc_id,
        ids=listed(connection, ids),
    )
    return {row.id: row for row in found}


def _log_row(row: Raw, original: Raw | None, timezone: str) -> LogRow | None:
    """One line as values; None for the later fate of something that nobody knows."""
    if row.of_id and original is None:
        return None
    said = original if original is not None else row
    return LogRow(
        seq=row.seq,
        mutation_id=said.id,
        origin=said.origin,
        entity=said.entity,
        op=said.op,
        record_id=said.record_id,
        author_id=said.author_id,
        officer_id=said.officer_id,
        occurred_at=said.occurred_at,
        local_date=date_in(timezone, said.occurred_at),
        outcome=row.outcome,
        code=row.code,
        body_hash=said.body_hash,
        fields=_fields(said),
        released=original is not None,
    )


def date_in(timezone: str, at: Milliseconds) -> str:
    """The date of a moment on the walls of the IBC."""
    return _local_date(at // QUARTER_MS, timezone)


@lru_cache(maxsize=4096)
def _local_date(quarter: int, timezone: str) -> str:
    return local_date(quarter * QUARTER_MS, timezone).isoformat()


def _fields(said: Raw) -> Mapping[str, Any]:
    value = orjson.loads(said.body)
    fields = value.get("fields") if isinstance(value, dict) else None
    if not isinstance(fields, dict):
        return {}
    version = said_in(said.detail)
    return fields if version == PROTOCOL else upgraded_fields(said.entity, fields, version)


def _completed(connection: Connection, ibc_id: str, rows: list[LogRow]) -> list[LogRow]:
    for entity, (table, names) in IDENTITY.items():
        needed = set(names) - {"to_account_no"}
        partial = [row for row in rows if row.entity == entity and needed - row.fields.keys()]
        if partial:
            known = _known(connection, ibc_id, table, names, {row.record_id for row in partial})
            for row in partial:
                row.fields = {**known.get(row.record_id, {}), **row.fields}
    return rows


def _known(
    connection: Connection, ibc_id: str, table: str, names: Sequence[str], ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    found = fetch(
        connection,
        f"SELECT id, {', '.join(names)} FROM {table} WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, sorted(ids)),
    )
    return {row.id: {name: _said(name, getattr(row, name)) for name in names} for row in found}


def _said(name: str, value: Any) -> Any:
    """A column as its body said it: lists are kept as JSON text."""
    return orjson.loads(value) if name == "cheque_ids" and value is not None else value
