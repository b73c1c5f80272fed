"""The rules with dates as the database holds them, for ledger/tariff.py."""

from typing import Any

import orjson
from sqlalchemy import Connection

from infra.database import fetch
from ledger.tariff import Rule


def rules_of(connection: Connection, ibc_id: str) -> list[Rule]:
    """Every rule of an IBC that was not deleted, in the order of their beginning."""
    found = fetch(
        connection,
        "SELECT * FROM rules WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "ORDER BY effective_from, rule_no",
        ibc_id=ibc_id,
    )
    return [_rule(row) for row in found]


def _rule(row: Any) -> Rule:
    return Rule(
        rule_no=row.rule_no,
        kind=row.kind,
        about=row.about,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        steps=tuple(orjson.loads(row.steps or "[]")),
        bp=row.bp,
        paisa=row.paisa,
        keep_days=row.keep_days,
    )
