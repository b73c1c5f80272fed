"""What must be true when two hundred phones are quiet: a dictionary of what was recorded, and SQL; nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

TABLES = {"collection": "collections", "visit": "visits", "meter_issue": "meter_issues"}
EXPECTED = frozenset(
    {
        "applied",
        "merged",
        # An officer was at a door that had moved on, or in a round that was another's by then.
        "conflict ILLEGAL_TRANSITION",
        "conflict ROUND_TAKEN",
    }
)
SHOWN_MAX = 5


@dataclass(slots=True)
class Notebook:
    """Everything that the officers did, written down beside the phones."""

    facts: dict[tuple[str, str], str] = field(default_factory=dict)
    """(mutation id, hash of its bytes) → entity."""
    records: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in TABLES})
    """Entity → the records that were made."""
    taken_paisa: dict[str, int] = field(default_factory=dict)
    """Receipt number → what its payer gave."""
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    """(mutation id, hash of its bytes) → the outcome that the phone was told."""
    taken_with_unsent: int = 0
    """How often work was taken from an officer whose phone had not sent everything."""

    def note(self, mutation: Any, *, makes: bool) -> None:
        name = (mutation.id, mutation.hash)
        assert name not in self.facts
        self.facts[name] = mutation.entity
        if makes:
            self.records[mutation.entity].add(mutation.record_id)


def audit(connection: Connection, ibc_id: str, notebook: Notebook) -> list[str]:
    """What is missing, double or otherwise than it was told."""
    wrong: list[str] = []
    log = _all(
        connection,
        "SELECT id, body_hash, entity, outcome, code FROM mutations "
        "WHERE ibc_id = :ibc_id AND origin = 'device' AND of_id IS NULL",
        ibc_id,
    )
    logged = Counter((row.id, row.body_hash) for row in log)
    _blame(wrong, "lost", notebook.facts.keys() - logged.keys())
    _blame(wrong, "logged and never recorded", logged.keys() - notebook.facts.keys())
    _blame(wrong, "doubled", [name for name, n in logged.items() if n > 1])
    words = {(row.id, row.body_hash): _word(row) for row in log}
    _blame(wrong, "unexpected outcomes", set(words.values()) - EXPECTED)
    _blame(
        wrong,
        "told otherwise",
        [name for name, word in words.items() if notebook.told.get(name) != word.split()[0]],
    )
    for entity, table in TABLES.items():
        rows = _all(connection, f"SELECT id FROM {table} WHERE ibc_id = :ibc_id", ibc_id)
        found = Counter(row.id for row in rows)
        if found != Counter(notebook.records[entity]):
            wrong.append(f"{table}: {len(notebook.records[entity])} made, {found.total()} kept")
    rows = _all(
        connection,
        "SELECT receipt_no, amount_paisa FROM collections WHERE ibc_id = :ibc_id",
        ibc_id,
    )
    if {row.receipt_no: row.amount_paisa for row in rows} != notebook.taken_paisa:
        wrong.append("the receipts are not those that payers were given")
    return wrong


def outcomes(connection: Connection, ibc_id: str) -> Counter[str]:
    """How many mutations of phones had which outcome."""
    log = _all(
        connection,
        "SELECT outcome, code FROM mutations WHERE ibc_id = :ibc_id AND origin = 'device' "
        "AND of_id IS NULL",
        ibc_id,
    )
    return Counter(map(_word, log))


def _word(row: Any) -> str:
    return f"{row.outcome} {row.code}" if row.code else str(row.outcome)


def _all(connection: Connection, statement: str, ibc_id: str) -> list[Any]:
    return list(connection.execute(text(statement), {"ibc_id": ibc_id}).all())


def _blame(wrong: list[str], what: str, which: Iterable[Any]) -> None:
    found = sorted(map(str, which))
    if found:
        wrong.append(f"{what}: {len(found)}, such as {', '.join(found[:SHOWN_MAX])}")
