"""What billing sends: lines become office writes; a line that cannot stand stops no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import any_of, fetch, listed
from infra.ids import derived_id
from infra.strict_json import NotStrictJson, loads
from models import ENTITIES, Entity
from models.declaration import Owner
from schemas.checks import row_check
from schemas.records import errors_of, write_schema
from sync.office import Put, Refused, write
from sync.records import Record, load_by_id
from sync.rounds import known_accounts
from sync.writing import lock_head

BILLING_KEYS = {
    "consumer": "account_no",
    "meter": "meter_no",
    "bill": "invoice_no",
    "notice": "notice_no",
    "plan": "plan_no",
    "hold": "hold_no",
}
"""What billing may send → the field by which billing knows it."""
REFUSALS_MAX = 20
"""Lines that only the write itself refuses; each costs the transaction another try."""

Fields = Mapping[str, Any]


@dataclass
class Imported:
    """What became of the lines."""

    stored: int = 0
    unchanged: int = 0
    errors: dict[int, dict[str, str]] = field(default_factory=dict)

    def wire(self) -> dict[str, Any]:
        lines = [{"line": line, "errors": said} for line, said in sorted(self.errors.items())]
        return {"stored": self.stored, "unchanged": self.unchanged, "errors": lines}


def read_lines(raw: bytes) -> tuple[dict[int, Fields], dict[int, dict[str, str]]]:
    """NDJSON → objects and complaints by line number, from 1; empty lines are nothing. Pure."""
    lines: dict[int, Fields] = {}
    errors: dict[int, dict[str, str]] = {}
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = loads(line)
        except NotStrictJson as error:
            errors[number] = {"line": f"not_json {error}"}
            continue
        if isinstance(value, dict):
            lines[number] = value
        else:
            errors[number] = {"line": "not_an_object"}
    return lines, errors


def store(
    connection: Connection,
    ibc_id: str,
    entity: Entity,
    lines: Mapping[int, Fields],
    *,
    author_id: str,
    now: Milliseconds,
) -> Imported:
    """Store the lines that can stand, in their order. Errors: Refused after REFUSALS_MAX."""
    lock_head(connection, ibc_id)
    imported = Imported()
    puts = _decide(connection, ibc_id, entity, lines, imported)
    for _ in range(REFUSALS_MAX):
        try:
            write(connection, ibc_id, author_id=author_id, puts=list(puts.values()), now=now)
        except Refused as refused:
            line = next(number for number, put in puts.items() if put is refused.put)
            imported.errors[line] = refused.errors
            del puts[line]
            continue
        imported.stored = len(puts)
        return imported
    raise Refused(next(iter(puts.values())), {"lines": "too_many_refused"})


def _decide(
    connection: Connection,
    ibc_id: str,
    entity: Entity,
    lines: Mapping[int, Fields],
    imported: Imported,
) -> dict[int, Put]:
    """Line → put, for lines that say something new and can stand as far as one can see here."""
    ids = _ids(connection, ibc_id, entity, lines)
    records = load_by_id(connection, ibc_id, entity, set(ids.values()))
    accounts = known_accounts(connection, ibc_id, _texts(lines, "account_no"))
    holders = _holders(connection, ibc_id, entity, lines)
    schema, check = write_schema(entity, Owner.OFFICE), row_check(entity, Owner.OFFICE)
    puts: dict[int, Put] = {}
    made: set[str] = set()
    for number, fields in lines.items():
        record_id = ids.get(number, "")
        record = records.get(record_id)
        partial = record is not None or record_id in made
        good = check.is_good(fields, partial=partial)
        errors = {} if good else errors_of(schema, dict(fields), partial=partial)
        errors = errors or _misfits(entity, fields, record, accounts)
        errors = errors or _taken(entity, fields, holders, record_id)
        if errors:
            imported.errors[number] = errors
        elif record is not None and _says_nothing_new(record, fields):
            imported.unchanged += 1
        else:
            puts[number] = Put(entity.name, record_id, dict(fields))
            made.add(record_id)
            # A later line about the same record is compared with nothing: it is simply written.
            records.pop(record_id, None)
    return puts


def _ids(
    connection: Connection, ibc_id: str, entity: Entity, lines: Mapping[int, Fields]
) -> dict[int, str]:
    """Line → the record that billing's own number names: the one that exists, else a new one."""
    key = BILLING_KEYS[entity.name]
    found = fetch(
        connection,
        f"SELECT id, {key} AS number FROM {entity.table.name} WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'account_no', 'accounts')}",
        ibc_id=ibc_id,
        accounts=listed(connection, _texts(lines, "account_no")),
    )
    known = {row.number: row.id for row in found}
    return {
        number: known.get(fields[key]) or derived_id(entity.name, ibc_id, fields[key])
        for number, fields in lines.items()
        if isinstance(fields.get(key), str)
    }


def _holders(
    connection: Connection, ibc_id: str, entity: Entity, lines: Mapping[int, Fields]
) -> dict[str, str]:
    """Billing's number → the record that holds it, when this kind of number is claimed."""
    key = BILLING_KEYS[entity.name]
    if key not in entity.sync.claims:
        return {}
    found = fetch(
        connection,
        "SELECT value, record_id FROM claims WHERE ibc_id = :ibc_id AND kind = :kind "
        f"AND {any_of(connection, 'value', 'numbers')}",
        ibc_id=ibc_id,
        kind=key,
        numbers=listed(connection, _texts(lines, key)),
    )
    return {row.value: row.record_id for row in found}


def _taken(
    entity: Entity, fields: Fields, holders: Mapping[str, str], record_id: str
) -> dict[str, str]:
    """A number that another record holds is refused here: one such line costs nobody another try."""
    key = BILLING_KEYS[entity.name]
    if holders.get(fields[key], record_id) == record_id:
        return {}
    return {key: entity.sync.claims[key].lower()}


def _misfits(
    entity: Entity, fields: Fields, record: Record | None, accounts: set[str]
) -> dict[str, str]:
    if BILLING_KEYS[entity.name] not in fields or "account_no" not in fields:
        return {"account_no": "required"}
    if entity.name != "consumer" and fields["account_no"] not in accounts:
        return {"account_no": "unknown_account"}
    if record is not None and record.fields["account_no"] != fields["account_no"]:
        return {"account_no": "never_changes"}
    return {}


def _says_nothing_new(record: Record, fields: Fields) -> bool:
    return all(record.fields.get(name) == value for name, value in fields.items())


def _texts(lines: Mapping[int, Fields], name: str) -> list[str]:
    return sorted({value for f in lines.values() if isinstance(value := f.get(name), str)})


ENTITIES_OF_BILLING = {name: ENTITIES[name] for name in BILLING_KEYS}
