"""Runs in a process of its own: registers one more entity with one line, and syncs it.

Nothing but models has been imported when the entity is added, as when models/__init__.py names it.
"""

import sys

import models
from tests.conformance.sighting import HookSighting

models.ENTITIES["hook_sighting"] = models.read_entity(HookSighting)  # the one line

from infra.database import Database  # noqa: E402  # after the registry is whole
from models.declaration import Owner  # noqa: E402
from schemas.records import errors_of, read_schema  # noqa: E402
from tests.building import a_phone, an_office  # noqa: E402
from tests.conformance.deeds import a_deed  # noqa: E402


def main(url: str) -> None:
    import schemas  # noqa: PLC0415  # its classes are made when it is imported

    entity = models.ENTITIES["hook_sighting"]
    database = Database(url)
    entity.table.create(database.engine)
    office = an_office(database, "DEF", 4)
    phone, other = a_phone(database, office), a_phone(database, office, name="2")

    row = a_deed(phone, office, entity)
    outcome = phone.push_one(row)
    other.pull_all()
    seen = other.see("hook_sighting", row["record_id"])

    assert outcome.outcome == "applied", outcome
    assert {name: seen[name] for name in row["fields"]} == row["fields"]
    assert errors_of(read_schema(entity), seen) == {}
    assert set(schemas.HookSightingWrite().fields) == {
        f.name for f in entity.owned_by(Owner.DEVICE)
    }
    assert set(schemas.HookSightingSchema().fields) == set(entity.header)
    entity.table.drop(database.engine)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
