"""Robbery, and loss without fault: the session ends, its phones are trusted no longer (users.md item 5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.accounts import custody_session
from models.device import DeviceState
from sync.device_life import end_device, what_is_lost
from sync.money import act
from sync.office import Put, write


class UnknownLoss(LookupError):
    """There is no such report at this IBC."""


def report(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Mapping[str, Any]:
    """Put down that an officer's cash of a date is gone; answers what is known of his receipts.

    Errors: Refused, KeyReused, BooksBehind.
    """
    report_id = derived_id("loss_report", ibc_id, key)
    names = ("officer_id", "session_date", "kind", "area_id", "fir_no", "statement")
    fields = {name: asked.get(name) for name in names} | {"reporter_id": author_id}
    devices = _active_devices(connection, ibc_id, asked["officer_id"])
    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("loss_report", report_id, fields),
        now=now,
        check=lambda: _cannot_end(connection, ibc_id, fields),
        also=lambda: _close_area(fields["area_id"]),
    )
    for device_id in devices:
        end_device(connection, ibc_id, device_id, DeviceState.LOST, author_id=author_id, now=now)
    ended = _devices(connection, ibc_id, asked["officer_id"])
    phones = [what_is_lost(connection, ibc_id, device_id) for device_id in ended]
    return {**fields, "id": report_id, "version": version, "phones": phones}


def note_fir(
    connection: Connection,
    ibc_id: str,
    report_id: str,
    *,
    author_id: str,
    fir_no: str,
    version: int,
    now: Milliseconds,
) -> int:
    """The police have given their number. Errors: UnknownLoss, Stale."""
    if not fetch(
        connection,
        "SELECT 1 FROM loss_reports WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=report_id,
    ):
        raise UnknownLoss(f"there is no report {report_id}")
    put = Put("loss_report", report_id, {"fir_no": fir_no}, version)
    return write(connection, ibc_id, author_id=author_id, puts=[put], now=now)[0]


def _cannot_end(connection: Connection, ibc_id: str, fields: Mapping[str, Any]) -> dict[str, str]:
    session = custody_session(fields["officer_id"], fields["session_date"])
    found = fetch(
        connection,
        "SELECT ended_as FROM custody_sessions WHERE ibc_id = :ibc_id AND account_of = :account_of",
        ibc_id=ibc_id,
        account_of=session,
    )
    if found and found[0].ended_as is not None:
        return {"session_date": f"session_has_ended {found[0].ended_as}"}
    area_id = fields["area_id"]
    known = area_id is None or fetch(
        connection,
        "SELECT 1 FROM areas WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=area_id,
    )
    return {} if known else {"area_id": "unknown_area"}


def _close_area(area_id: str | None) -> list[Put]:
    closed = {"cash_collection_enabled": False, "safety_level": "closed"}
    return [Put("area", area_id, closed)] if area_id is not None else []


def _active_devices(connection: Connection, ibc_id: str, officer_id: str) -> list[str]:
    return _devices(connection, ibc_id, officer_id, "AND state = 'active' ")


def _devices(connection: Connection, ibc_id: str, officer_id: str, which: str = "") -> list[str]:
    found = fetch(
        connection,
        "SELECT id FROM devices WHERE ibc_id = :ibc_id AND staff_id = :officer_id "
        f"AND deleted_at IS NULL {which}ORDER BY id",
        ibc_id=ibc_id,
        officer_id=officer_id,
    )
    return [row.id for row in found]
