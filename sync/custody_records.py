"""How a session's record is named and begun, and the case of a handover that came before its phone."""

from typing import Any

from sqlalchemy import Connection, Table, text

from infra.clock import Milliseconds
from infra.database import insert_rows
from infra.ids import derived_id
from infra.limits import CUSTODY_PAISA_MAX
from ledger.exceptions import case
from models.log import ExceptionCase

EXCEPTIONS: Table = ExceptionCase.metadata.tables["exceptions"]


def session_id(ibc_id: str, account_of: str) -> str:
    """The record of a session, by what its accounts are kept under."""
    return derived_id("cash_session", ibc_id, account_of)


def opened_session(account_of: str, ceiling_paisa: int | None = None) -> dict[str, Any]:
    """The fields of a new session."""
    officer_id, _, business_date = account_of.rpartition("/")
    return {
        "account_of": account_of,
        "officer_id": officer_id,
        "business_date": business_date,
        "kind": "round",
        "opening_paisa": 0,
        "ceiling_paisa": CUSTODY_PAISA_MAX if ceiling_paisa is None else ceiling_paisa,
        "receipt_prefix": None,
        "state": "open",
    }


def open_case_before_sync(
    connection: Connection, ibc_id: str, handover_id: str, *, now: Milliseconds
) -> None:
    """A handover was accepted before its phone had sent everything."""
    row = case(
        "HANDOVER_BEFORE_SYNC",
        ibc_id=ibc_id,
        subject_entity="handover",
        subject_id=handover_id,
        opened_by_seq=0,
        now=now,
    )
    insert_rows(connection, EXCEPTIONS, [row], on_conflict="ignore")


def close_case_before_sync(connection: Connection, ibc_id: str, handover_id: str) -> None:
    """The officer's own count has arrived after all."""
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'synced' "
            "WHERE ibc_id = :ibc_id AND subject_id = :id AND kind = 'HANDOVER_BEFORE_SYNC' "
            "AND state <> 'resolved'"
        ),
        {"ibc_id": ibc_id, "id": handover_id},
    )
