"""What a phone may see, asked with SQL from the tables alone: knows nothing of scopes, feeds and cursors."""

from typing import Any

from models import ENTITIES
from schemas.wire import wire_values
from tests.building import Phone
from tests.integration.sync.looking import rows

OPEN = "('assigned', 'downloaded', 'started', 'reassigned', 'ended')"
MY_ROUNDS = (
    f"SELECT id FROM rounds WHERE ibc_id = :ibc AND officer_id = :officer AND state IN {OPEN}"
)
MY_ACCOUNTS = (
    f"SELECT account_no FROM stops WHERE ibc_id = :ibc AND round_id IN ({MY_ROUNDS}) "
    "AND state NOT IN ('moved', 'withdrawn')"
)
MY_AREAS = f"SELECT area_id FROM rounds WHERE ibc_id = :ibc AND id IN ({MY_ROUNDS})"
VISIBLE = {
    "ibc": "TRUE",
    "area": "TRUE",
    "staff": "TRUE",
    "device": "TRUE",
    "consumer": f"account_no IN ({MY_ACCOUNTS})",
    "meter": f"account_no IN ({MY_ACCOUNTS})",
    "bill": f"account_no IN ({MY_ACCOUNTS})",
    "position": f"account_no IN ({MY_ACCOUNTS})",
    "notice": f"account_no IN ({MY_ACCOUNTS})",
    "directory": f"area_id IN ({MY_AREAS})",
    "round": f"id IN ({MY_ROUNDS})",
    "stop": f"round_id IN ({MY_ROUNDS})",
    "visit": "officer_id = :officer",
    "collection": "officer_id = :officer",
    "receipt_void": "officer_id = :officer",
    "meter_issue": "officer_id = :officer",
    "notice_service": "officer_id = :officer",
    "cash_session": "officer_id = :officer",
    "cash_count": "officer_id = :officer",
    "handover": "officer_id = :officer",
    "verdict": "device_id = :device",
    "decision": "FALSE",
}


def visible_to(phone: Phone) -> dict[tuple[str, str], dict[str, Any]]:
    """Every record that the phone may see, as the wire writes it."""
    found = {}
    for name, where in VISIBLE.items():
        entity = ENTITIES[name]
        for row in rows(
            phone.database,
            f"SELECT * FROM {entity.table.name} "
            f"WHERE ibc_id = :ibc AND deleted_at IS NULL AND {where}",
            ibc=phone.code,
            officer=phone.officer_id,
            device=phone.device_id,
        ):
            at = row._asdict()
            values = wire_values(entity, at) | {"id": at["id"], "version": at["version"]}
            found[(name, at["id"])] = {
                column: values[column] for column in entity.header if column in values
            }
    return found


def held_by(phone: Phone) -> dict[tuple[str, str], dict[str, Any]]:
    """What the phone keeps, without the times that are stamped on the way."""
    return {
        key: {name: value for name, value in record.items() if name != "occurred_at"}
        for key, record in phone.store.items()
    }
