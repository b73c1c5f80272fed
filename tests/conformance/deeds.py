"""A sample of each thing a phone may write, with what must be there before it."""

from typing import Any

from infra.ids import derived_id
from models import ENTITIES, Entity
from models.declaration import Owner, Policy
from models.kinds import Id
from schemas.samples import sample_put
from tests.building import Office, Phone, a_put, office_write

WRITTEN_BY_PHONES = [entity for entity in ENTITIES.values() if entity.owned_by(Owner.DEVICE)]
MADE_BY_PHONES = [e for e in WRITTEN_BY_PHONES if e.sync.policy is not Policy.STATES]
STEPPED_BY_PHONES = [e for e in WRITTEN_BY_PHONES if e.sync.policy is Policy.STATES]


def a_deed(phone: Phone, office: Office, entity: Entity, **envelope: Any) -> dict[str, Any]:
    """A good mutation of the entity by the phone; its parents are written first."""
    if entity.sync.policy is Policy.STATES:
        return _a_step(phone, office, entity, **envelope)
    fields = sample_put(entity, Owner.DEVICE)
    if entity.sync.about is not None:
        fields[entity.sync.about] = office.accounts[0]
    for field in entity.owned_by(Owner.DEVICE):
        if isinstance(field.kind, Id) and field.kind.waits and field.kind.of:
            fields[field.name] = _a_parent(phone, office, ENTITIES[field.kind.of])
    return phone.put(entity.name, fields, **envelope)


def other_fields(entity: Entity, fields: dict[str, Any]) -> dict[str, Any]:
    """The same put with one thing changed."""
    for field in entity.owned_by(Owner.DEVICE):
        if not field.required and fields.get(field.name) is not None:
            changed = {name: value for name, value in fields.items() if name != field.name}
            if entity.sync.check is None or not entity.sync.check(changed):
                return changed
    raise AssertionError(f"{entity.name} has no field that could be left out")


def _a_parent(phone: Phone, office: Office, parent: Entity) -> str:
    if parent.owned_by(Owner.DEVICE):
        row = a_deed(phone, office, parent)
        assert phone.push_one(row).outcome == "applied"
        return row["record_id"]
    record_id = derived_id("parent", parent.name)
    fields = {"account_no": office.accounts[0], "officer_id": phone.officer_id}
    known = {name: value for name, value in fields.items() if name in parent.field}
    if parent.name == "notice":
        known["state"] = "issued"
    office_write(phone.database, office.code, a_put(parent.name, record_id, **known))
    return record_id


def _a_step(phone: Phone, office: Office, entity: Entity, **envelope: Any) -> dict[str, Any]:
    """The first step of its state machine that a phone may take."""
    current, wanted = next(
        step for step, owner in entity.sync.states.items() if owner is Owner.DEVICE
    )
    record_id = derived_id("stepped", entity.name)
    links = {
        "officer_id": phone.officer_id,
        "round_id": office.round_id,
        "account_no": office.accounts[4],
        entity.sync.state_field: current,
    }
    known = {name: value for name, value in links.items() if name in entity.field}
    office_write(phone.database, office.code, a_put(entity.name, record_id, **known))
    return phone.put(
        entity.name,
        {entity.sync.state_field: wanted},
        **{"record_id": record_id, "base_version": 1} | envelope,
    )
