"""Staff cards and devices as the directories hold them: what every request reads anew."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection

from auth.roles import Role, roles_named
from infra.database import fetch
from models.device import DeviceState


@dataclass(frozen=True)
class Card:
    """One person's active card at one IBC."""

    ibc_id: str
    staff_id: str
    staff_no: str
    name: str
    name_ur: str
    roles: frozenset[Role]


@dataclass(frozen=True)
class Enrolment:
    """One officer on one phone, as the directory knows it now."""

    ibc_id: str
    device_id: str
    staff_id: str
    public_key: str
    state: DeviceState


CARD = """
SELECT ibc_id, id, staff_no, name, name_ur, roles FROM staff
WHERE id = :staff_id AND active AND deleted_at IS NULL
"""


def active_cards(connection: Connection, staff_id: str) -> tuple[Card, ...]:
    """The person's cards at every IBC that has one, in the order of the IBCs' codes."""
    rows = fetch(connection, f"{CARD} ORDER BY ibc_id", staff_id=staff_id)
    return tuple(_card(row) for row in rows)


def card_at(connection: Connection, staff_id: str, ibc_id: str) -> Card | None:
    rows = fetch(connection, f"{CARD} AND ibc_id = :ibc_id", staff_id=staff_id, ibc_id=ibc_id)
    return _card(rows[0]) if rows else None


def enrolment_of(connection: Connection, ibc_id: str, device_id: str) -> Enrolment | None:
    rows = fetch(
        connection,
        "SELECT ibc_id, id, staff_id, public_key, state FROM devices"
        " WHERE ibc_id = :ibc_id AND id = :device_id AND deleted_at IS NULL",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    if not rows:
        return None
    row = rows[0]
    return Enrolment(row.ibc_id, row.id, row.staff_id, row.public_key, DeviceState(row.state))


def _card(row: Any) -> Card:  # a row has no type of its own
    roles = roles_named(orjson.loads(row.roles))
    return Card(row.ibc_id, row.id, row.staff_no, row.name, row.name_ur, roles)
