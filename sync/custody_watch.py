"""What the books change about custody outside themselves: sessions, instruments, and who must look."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text

from infra.clock import Milliseconds
from infra.database import any_of, fetch, insert_rows, listed
from ledger.accounts import OVERAGE, SHORTAGE
from ledger.exceptions import case
from ledger.page import Posted
from ledger.tenders import tender_of
from ledger.view import Books
from models.log import ExceptionCase
from sync.custody_records import opened_session, session_id
from sync.office import Put
from sync.writing import as_json

EXCEPTIONS: Table = ExceptionCase.metadata.tables["exceptions"]
DIFFERENCES = {"HANDOVER_SHORT": (SHORTAGE, 1), "HANDOVER_OVER": (OVERAGE, -1)}
"""Exception → the account whose balance it is about, and the sign that makes it positive."""
SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"


def session_puts(connection: Connection, ibc_id: str, pages: Sequence[Posted]) -> list[Put]:
    """A record for every session with money, and how it ended once it has."""
    touched = {session for page in pages for session in page.sessions}
    if not touched:
        return []
    known = {
        row.account_of
        for row in fetch(
            connection,
            "SELECT account_of FROM custody_sessions WHERE ibc_id = :ibc_id "
            f"AND {any_of(connection, 'account_of', 'sessions')}",
            ibc_id=ibc_id,
            sessions=listed(connection, sorted(touched)),
        )
    }
    new = sorted(touched - known)
    ceilings = _ceilings(connection, ibc_id, [one.rpartition("/")[0] for one in new])
    fields = {one: opened_session(one, ceilings.get(one.rpartition("/")[0])) for one in new}
    for page in pages:
        for session, how in page.ended.items():
            ended = {"ended_as": how, "ended_seq": page.row.seq}
            lost = {"state": how} if how != "closed" else {}
            fields[session] = fields.get(session, {}) | ended | lost
    return [
        Put("cash_session", session_id(ibc_id, session), values)
        for session, values in sorted(fields.items())
    ]


def _ceilings(connection: Connection, ibc_id: str, officers: Sequence[str]) -> dict[str, int]:
    """What each officer may hold, as his newest session says: a ceiling stays until it is changed."""
    found = fetch(
        connection,
        "SELECT officer_id, ceiling_paisa FROM custody_sessions WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'officer_id', 'officers')} ORDER BY business_date",
        ibc_id=ibc_id,
        officers=listed(connection, sorted(set(officers))),
    )
    return {row.officer_id: row.ceiling_paisa for row in found}


def instrument_puts(
    connection: Connection, ibc_id: str, books: Books, pages: Sequence[Posted]
) -> list[Put]:
    """Where each cheque, pay order and wallet claim now stands."""
    moved = {name for page in pages for name in page.tenders}
    standing = {name: tender_of(books.history.get(name, [])) for name in moved}
    found = fetch(
        connection,
        "SELECT id, officer_id, receipt_no, tender AS kind, bank, instrument_no, instrument_date, "
        "wallet_provider, wallet_txn_id FROM collections WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'id', 'ids')} ORDER BY id",
        ibc_id=ibc_id,
        ids=listed(connection, sorted(name for name, tender in standing.items() if tender)),
    )
    puts = []
    for row in found:
        said = row._asdict()
        tender = standing[said.pop("id")]
        assert tender is not None
        known_holder = tender.holder if tender.holder not in ("", row.id) else None
        own = {
            "account_no": known_holder,
            "amount_paisa": tender.amount_paisa,
            "deposit_id": tender.deposit_id,
            "presented": tender.presented,
            "state": tender.state,
        }
        puts.append(Put("instrument", row.id, said | own))
    return puts


def watch_sessions(
    connection: Connection,
    ibc_id: str,
    books: Books,
    pages: Sequence[Posted],
    *,
    through: int,
    now: Milliseconds,
) -> None:
    """Open what a difference or a full pocket asks for, and close it when it is gone."""
    touched = sorted({session for page in pages for session in page.sessions})
    if not touched:
        return
    for kind, (code, sign) in DIFFERENCES.items():
        amounts = {
            session_id(ibc_id, one): sign * books.balance(code, one)
            for one in touched
            if (one in books.ended or books.balance(code, one))
        }
        _follow(connection, ibc_id, kind, amounts, through=through, now=now)
    held = _held_by(connection, ibc_id, [one.rpartition("/")[0] for one in touched])
    over = {name: cash if cash > ceiling else 0 for name, (cash, ceiling) in held.items()}
    _follow(
        connection, ibc_id, "CUSTODY_LIMIT_BREACH", over, through=through, now=now, entity="staff"
    )


def _held_by(
    connection: Connection, ibc_id: str, officers: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Officer → cash in all of his open sessions, and his ceiling."""
    found = fetch(
        connection,
        "SELECT s.officer_id, MAX(s.ceiling_paisa) AS ceiling, "
        f"COALESCE(SUM({SIGNED}), 0) AS cash FROM custody_sessions s LEFT JOIN postings p "
        "ON p.ibc_id = s.ibc_id AND p.account_code = 1010 AND p.account_of = s.account_of "
        f"WHERE s.ibc_id = :ibc_id AND {any_of(connection, 's.officer_id', 'officers')} "
        "AND s.ended_as IS NULL GROUP BY s.officer_id",
        ibc_id=ibc_id,
        officers=listed(connection, sorted(set(officers))),
    )
    return {row.officer_id: (int(row.cash), int(row.ceiling)) for row in found}


def _follow(
    connection: Connection,
    ibc_id: str,
    kind: str,
    amounts: dict[str, int],
    *,
    through: int,
    now: Milliseconds,
    entity: str = "cash_session",
) -> None:
    """Subject → paisa: an open exception where there is something, none where there is nothing."""
    if not amounts:
        return
    open_now = {
        row.subject_id: row.id
        for row in fetch(
            connection,
            "SELECT id, subject_id FROM exceptions WHERE ibc_id = :ibc_id AND kind = :kind "
            f"AND state <> 'resolved' AND {any_of(connection, 'subject_id', 'ids')}",
            ibc_id=ibc_id,
            kind=kind,
            ids=listed(connection, sorted(amounts)),
        )
    }
    new = [
        case(
            kind,
            ibc_id=ibc_id,
            subject_entity=entity,
            subject_id=subject_id,
            amount_paisa=paisa,
            opened_by_seq=through,
            now=now,
            distinct=str(through),
            detail=as_json({"why": f"{paisa} paisa"}),
        )
        for subject_id, paisa in sorted(amounts.items())
        if paisa > 0 and subject_id not in open_now
    ]
    insert_rows(connection, EXCEPTIONS, new, on_conflict="ignore")
    for subject_id, case_id in open_now.items():
        gone = amounts[subject_id] <= 0
        connection.execute(
            text(EXPLAINED if gone else GROWN),
            {"paisa": amounts[subject_id], "ibc_id": ibc_id, "id": case_id}
            | ({"seq": through} if gone else {}),
        )


GROWN = (
    "UPDATE exceptions SET amount_paisa = :paisa, version = version + 1 "
    "WHERE ibc_id = :ibc_id AND id = :id AND amount_paisa <> :paisa"
)
EXPLAINED = (
    "UPDATE exceptions SET amount_paisa = :paisa, version = version + 1, state = 'resolved', "
    "resolution = 'explained', resolved_by_seq = :seq "
    "WHERE ibc_id = :ibc_id AND id = :id AND amount_paisa <> :paisa"
)
