"""What cashier, teller and supervisor do with cash in somebody's hands; each act by another person than its holder."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Connection

from auth.blocks import BlockKind, issue_block
from infra.clock import Milliseconds, local_date
from infra.database import fetch
from infra.ids import derived_id
from ledger.accounts import custody_session
from ledger.log_reader import timezone_of
from ledger.prefetch import entries_of
from ledger.tenders import tender_of
from models import ENTITIES
from models.cash_count import paisa_of
from sync.custody_records import open_case_before_sync, opened_session, session_id
from sync.money import act, read_to_the_head
from sync.office import Put, write
from sync.records import Record, load_by_id

Asked = Mapping[str, Any]
HANDOVER, SESSION = ENTITIES["handover"], ENTITIES["cash_session"]


class SamePerson(Exception):
    """Who holds the cash may not be who counts it for the other side (M16); ask a colleague."""


class UnknownHandover(LookupError):
    """There is no such handover at this IBC."""


class UnknownSession(LookupError):
    """There is no such custody session at this IBC."""


def accept(
    connection: Connection,
    ibc_id: str,
    handover_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    version: int,
    now: Milliseconds,
) -> int:
    """The cashier has counted what was offered, and has it.

    Errors: UnknownHandover, SamePerson, Refused, Stale, KeyReused, BooksBehind.
    """
    offered = _handover(connection, ibc_id, handover_id)
    holder = str(offered.fields["officer_id"])
    if holder == author_id:
        raise SamePerson(SamePerson.__doc__)
    put = Put("handover", handover_id, _counted(author_id, asked), version)
    about = {name: offered.fields[name] for name in ("officer_id", "session_date", "purpose")}
    count_id = offered.fields.get("count_id")
    return act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=put,
        now=now,
        check=lambda: _cannot_take(connection, ibc_id, {**about, **put.fields}),
        also=lambda: _provisional(connection, ibc_id, handover_id, count_id, now),
    )


def take_without_offer(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> tuple[str, int]:
    """The cashier takes cash whose count his officer's phone has not sent: provisional.

    Errors: SamePerson, Refused, KeyReused, BooksBehind.
    """
    if asked["officer_id"] == author_id:
        raise SamePerson(SamePerson.__doc__)
    about = {name: asked[name] for name in ("officer_id", "session_date", "purpose")}
    handover_id = derived_id("handover", ibc_id, key)
    put = Put("handover", handover_id, {**about, **_counted(author_id, asked)})
    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=put,
        now=now,
        check=lambda: _cannot_take(connection, ibc_id, put.fields),
        also=lambda: _provisional(connection, ibc_id, handover_id, None, now),
    )
    return handover_id, version


def offer(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Asked,
    now: Milliseconds,
) -> tuple[str, int]:
    """A teller counts the drawer blind and offers it; another person takes it. Errors: Refused, KeyReused."""
    handover_id = derived_id("handover", ibc_id, key)
    fields = {
        "officer_id": author_id,
        "session_date": asked["session_date"],
        "purpose": asked["purpose"],
        "offered": asked["counted"],
        "cheque_ids": asked.get("cheque_ids"),
        "state": "offered",
    }
    session = custody_session(author_id, asked["session_date"])
    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("handover", handover_id, fields),
        now=now,
        check=lambda: {} if _state(connection, ibc_id, session) else {"session_date": "no_session"},
    )
    return handover_id, version


def answer_offer(
    connection: Connection,
    ibc_id: str,
    handover_id: str,
    *,
    key: str,
    author_id: str,
    state: str,
    reason: str,
    version: int,
    now: Milliseconds,
) -> int:
    """Reject an offer, or settle a disputed count; nothing is posted. Errors: as `accept`."""
    if _handover(connection, ibc_id, handover_id).fields["officer_id"] == author_id:
        raise SamePerson(SamePerson.__doc__)
    put = Put("handover", handover_id, {"state": state, "reason": reason}, version)
    return act(
        connection, ibc_id, key=key, author_id=author_id, put=put, now=now, check=dict[str, str]
    )


def open_drawer(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    opening_paisa: int,
    now: Milliseconds,
) -> tuple[str, int]:
    """A teller's session of today, with its float and its own block of receipt numbers.

    Errors: Refused, KeyReused, BooksBehind.
    """
    today = local_date(now, timezone_of(connection, ibc_id)).isoformat()
    session = custody_session(author_id, today)
    record_id = session_id(ibc_id, session)
    fields = opened_session(session) | {"kind": "counter", "opening_paisa": opening_paisa}
    del fields["receipt_prefix"]

    def give_numbers() -> list[Put]:
        block = issue_block(
            connection, ibc_id=ibc_id, device_id=author_id, now=now, kind=BlockKind.COUNTER
        )
        return [Put("cash_session", record_id, {"receipt_prefix": block.prefix})]

    version = act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("cash_session", record_id, fields),
        now=now,
        check=lambda: {"session": "opened_before"} if _state(connection, ibc_id, session) else {},
        also=give_numbers,
    )
    return record_id, version


def count_by_surprise(
    connection: Connection,
    ibc_id: str,
    record_id: str,
    *,
    key: str,
    author_id: str,
    counted: Mapping[str, int],
    note: str | None,
    now: Milliseconds,
) -> str:
    """Count an open session unannounced; the books add what they had. Errors: as `accept`."""
    session = _session(connection, ibc_id, record_id)
    if session.fields["officer_id"] == author_id:
        raise SamePerson(SamePerson.__doc__)
    count_id = derived_id("surprise_count", ibc_id, key)
    fields = {
        "officer_id": session.fields["officer_id"],
        "session_date": session.fields["business_date"],
        "counted": counted,
        "counted_paisa": paisa_of(counted),
        "counter_id": author_id,
        "note": note,
    }
    ended = session.fields.get("ended_as")
    act(
        connection,
        ibc_id,
        key=key,
        author_id=author_id,
        put=Put("surprise_count", count_id, fields),
        now=now,
        check=lambda: {"session": f"session_has_ended {ended}"} if ended else {},
    )
    return count_id


def set_ceiling(
    connection: Connection,
    ibc_id: str,
    record_id: str,
    *,
    author_id: str,
    ceiling_paisa: int,
    version: int,
    now: Milliseconds,
) -> int:
    """How much its holder may have; it stays for his later sessions. Errors: UnknownSession, Stale."""
    read_to_the_head(connection, ibc_id, now)
    if _session(connection, ibc_id, record_id).fields["officer_id"] == author_id:
        raise SamePerson(SamePerson.__doc__)
    put = Put("cash_session", record_id, {"ceiling_paisa": ceiling_paisa}, version)
    return write(connection, ibc_id, author_id=author_id, puts=[put], now=now)[0]


def _counted(author_id: str, asked: Asked) -> dict[str, Any]:
    return {
        "cashier_id": author_id,
        "counted": asked["counted"],
        "counted_paisa": paisa_of(asked["counted"]),
        "cheque_ids": asked.get("cheque_ids"),
        "state": "accepted",
    }


def _cannot_take(connection: Connection, ibc_id: str, fields: Asked) -> dict[str, str]:
    """What stands against taking this: a session that has ended, a cheque that is elsewhere."""
    session = custody_session(fields["officer_id"], fields["session_date"])
    state = _state(connection, ibc_id, session)
    if state is not None and state.ended_as is not None and fields["counted_paisa"]:
        return {"session_date": f"session_has_ended {state.ended_as}"}
    wanted = fields.get("cheque_ids") or []
    if len(set(wanted)) < len(wanted):
        return {"cheque_ids": "twice"}
    histories: dict[str, list[Any]] = {}
    for entry in entries_of(connection, ibc_id, wanted):
        histories.setdefault(entry.source_id, []).append(entry)
    for n, collection_id in enumerate(wanted):
        tender = tender_of(histories.get(collection_id, []))
        if tender is None or tender.state != "in_hand" or tender.of != fields["officer_id"]:
            return {f"cheque_ids.{n}": "not_with_this_officer"}
    return {}


def _provisional(
    connection: Connection, ibc_id: str, handover_id: str, count_id: str | None, now: Milliseconds
) -> list[Put]:
    """Say that the phone's outbox was not drained, and who must see to it."""
    if count_id is not None and _is_drained(connection, ibc_id, count_id):
        return []
    open_case_before_sync(connection, ibc_id, handover_id, now=now)
    return [Put("handover", handover_id, {"provisional": True})]


def _is_drained(connection: Connection, ibc_id: str, count_id: str) -> bool:
    """Whether everything that the phone made before its count is here."""
    found = fetch(
        connection,
        "SELECT c.unsent, d.missing FROM cash_counts c LEFT JOIN device_chains d "
        "ON d.ibc_id = c.ibc_id AND d.device_id = c.author_id "
        "WHERE c.ibc_id = :ibc_id AND c.id = :id",
        ibc_id=ibc_id,
        id=count_id,
    )
    return bool(found) and not orjson.loads(found[0].missing or "[]")


def _handover(connection: Connection, ibc_id: str, handover_id: str) -> Record:
    known = load_by_id(connection, ibc_id, HANDOVER, [handover_id]).get(handover_id)
    if known is None:
        raise UnknownHandover(f"there is no handover {handover_id}")
    return known


def _session(connection: Connection, ibc_id: str, record_id: str) -> Record:
    known = load_by_id(connection, ibc_id, SESSION, [record_id]).get(record_id)
    if known is None:
        raise UnknownSession(f"there is no custody session {record_id}")
    return known


def _state(connection: Connection, ibc_id: str, account_of: str) -> Any:
    """A session's row, if there is one; rows of text SQL have no static type."""
    found = fetch(
        connection,
        "SELECT state, ended_as FROM custody_sessions "
        "WHERE ibc_id = :ibc_id AND account_of = :account_of",
        ibc_id=ibc_id,
        account_of=account_of,
    )
    return found[0] if found else None


def taken(connection: Connection, ibc_id: str, handover_id: str, version: int) -> Mapping[str, Any]:
    """A handover that was taken, with the difference that its session now shows."""
    fields = _handover(connection, ibc_id, handover_id).fields
    session = custody_session(str(fields["officer_id"]), str(fields["session_date"]))
    found = fetch(
        connection,
        "SELECT account_code, SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) "
        "AS paisa FROM postings WHERE ibc_id = :ibc_id AND account_code IN (1060, 2080) "
        "AND account_of = :session GROUP BY account_code",
        ibc_id=ibc_id,
        session=session,
    )
    by_code = {row.account_code: int(row.paisa) for row in found}
    return {
        "id": handover_id,
        "version": version,
        "provisional": bool(fields.get("provisional")),
        "short_paisa": by_code.get(1060, 0),
        "over_paisa": -by_code.get(2080, 0),
    }
