"""Sets fields of a record as a consequence of another record's change."""

from typing import Any

from sync.mutation import SERVER
from sync.records import Record
from sync.writing import Writing


def put(
    writing: Writing, seq: int, entity: Any, record_id: str, fields: dict[str, Any], like: Record
) -> None:
    """Set fields of a record as a consequence of another record's change."""
    before = writing.records[entity].get(record_id)
    if before is not None and all(
        before.fields.get(name) == value for name, value in fields.items()
    ):
        return
    writing.put(
        seq,
        Record(
            entity=entity,
            id=record_id,
            version=before.version + 1 if before else 1,
            author_id=SERVER,
            occurred_at=like.occurred_at,
            received_at=writing.now,
            fields={**(before.fields if before else {}), **fields},
        ),
    )
