"""What the demonstration yields: one record at a time, as its importer would put it on the wire."""

from typing import NamedTuple

from infra.ids import derived_id

IBC_CODE = "DEF"
TIMEZONE = "Asia/Karachi"


class Record(NamedTuple):
    """One record of an entity with the fields that the office writes, in wire values."""

    entity: str
    id: str
    fields: dict[str, object]


def demo_id(entity: str, *key: str) -> str:
    """The id that an import of this IBC's files gives to the record of that natural key."""
    return derived_id(entity, IBC_CODE, *key)
