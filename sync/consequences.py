"""What the books change outside themselves: positions, states of collections, exceptions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text

from infra.clock import Milliseconds, rfc3339
from infra.database import any_of, fetch, insert_rows, listed
from ledger.exceptions import case
from ledger.page import Posted
from ledger.rules import HELD
from ledger.view import Books
from models.log import ExceptionCase
from sync.office import Put
from sync.writing import as_json

EXCEPTIONS: Table = ExceptionCase.metadata.tables["exceptions"]
OPEN_BILLS_MAX = 60
"""As many as a position carries (models/position.py); the oldest are the ones that matter."""
HELD_KINDS = ", ".join(f"'{code}'" for code in sorted(HELD))


def open_exceptions(
    connection: Connection, ibc_id: str, pages: Sequence[Posted], now: Milliseconds
) -> int:
    """Open what posting found, once per kind and subject."""
    rows: dict[str, dict[str, Any]] = {}
    for page in pages:
        for trouble in page.troubles:
            row = case(
                trouble.kind,
                ibc_id=ibc_id,
                subject_entity=trouble.subject_entity,
                subject_id=trouble.subject_id,
                now=now,
                opened_by_seq=page.row.seq,
                mutation_id=page.row.mutation_id,
                account_no=trouble.account_no,
                amount_paisa=trouble.amount_paisa,
                detail=as_json({"why": trouble.detail}),
            )
            rows.setdefault(row["id"], row)
    return insert_rows(connection, EXCEPTIONS, list(rows.values()), on_conflict="ignore")


def close_doubts(connection: Connection, ibc_id: str, pages: Sequence[Posted]) -> None:
    """A decision about money closes the exceptions that had held it."""
    settled = {
        collection_id: (resolution, page.row.seq)
        for page in pages
        for collection_id, resolution in page.settled.items()
    }
    for collection_id, (resolution, seq) in settled.items():
        connection.execute(
            text(
                "UPDATE exceptions SET state = 'resolved', resolution = :resolution, "
                "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND subject_id = :subject_id "
                f"AND state = 'open' AND kind IN ({HELD_KINDS})"
            ),
            {
                "resolution": resolution,
                "seq": seq,
                "ibc_id": ibc_id,
                "subject_id": collection_id,
            },
        )


def close_poison(connection: Connection, ibc_id: str, pages: Sequence[Posted]) -> None:
    """A parked row that was released has been posted now: its exception closes."""
    released = [page.row for page in pages if page.row.released]
    if not released:
        return
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'released', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND kind = 'POISON' "
            f"AND state = 'open' AND {any_of(connection, 'mutation_id', 'ids')}"
        ),
        {
            "seq": released[-1].seq,
            "ibc_id": ibc_id,
            "ids": listed(connection, [row.mutation_id for row in released]),
        },
    )


def state_puts(connection: Connection, ibc_id: str, pages: Sequence[Posted]) -> list[Put]:
    """Where the books have put each collection that has a record (what is malformed has none)."""
    states = {name: state for page in pages for name, state in page.states.items()}
    if not states:
        return []
    found = fetch(
        connection,
        f"SELECT id FROM collections WHERE ibc_id = :ibc_id AND {any_of(connection, 'id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, list(states)),
    )
    return [Put("collection", row.id, {"state": states[row.id]}) for row in found]


def record_puts(pages: Sequence[Posted]) -> list[Put]:
    """What a rule has said that its own record should know, such as where a date was closed."""
    return [
        Put(entity, record_id, fields)
        for page in pages
        for (entity, record_id), fields in page.records.items()
    ]


def position_puts(
    connection: Connection, ibc_id: str, books: Books, accounts: Iterable[str], now: Milliseconds
) -> list[Put]:
    """The new standing of every consumer that has a record and whose standing has changed."""
    wanted = sorted(accounts)
    if not wanted:
        return []
    consumers = fetch(
        connection,
        "SELECT c.id, c.account_no, p.account_no AS stood_for, p.due_paisa, p.advance_paisa, "
        "p.uncleared_paisa, p.held_paisa, p.open_bills FROM consumers c "
        "LEFT JOIN positions p ON p.ibc_id = c.ibc_id AND p.id = c.id "
        f"WHERE c.ibc_id = :ibc_id AND {any_of(connection, 'c.account_no', 'accounts')}",
        ibc_id=ibc_id,
        accounts=listed(connection, wanted),
    )
    held = _held(connection, ibc_id, wanted)
    puts = []
    # Sorted here: asked to sort, SQLite would walk all consumers of the IBC.
    for row in sorted(consumers, key=lambda consumer: consumer.id):
        fields = standing(books, row.account_no, held.get(row.account_no, 0))
        if not (_stands(row, fields) or _has_nothing_to_say(row, fields)):
            puts.append(Put("position", row.id, {**fields, "as_of": rfc3339(now)}))
    return puts


def standing(books: Books, account_no: str, held_paisa: int) -> dict[str, Any]:
    """A consumer's position, apart from its time."""
    return {
        "account_no": account_no,
        "due_paisa": books.due(account_no),
        "advance_paisa": books.advance(account_no),
        "uncleared_paisa": books.uncleared(account_no),
        "held_paisa": held_paisa,
        "open_bills": [
            {"invoice_no": bill.invoice_no, "open_paisa": bill.open_paisa}
            for bill in books.open_bills(account_no)[:OPEN_BILLS_MAX]
        ],
    }


def _stands(row: Any, fields: Mapping[str, Any]) -> bool:
    """Whether the position already says so: a consumer imported again moves no phone."""
    return bool(
        row.stood_for == fields["account_no"]
        and row.due_paisa == fields["due_paisa"]
        and row.advance_paisa == fields["advance_paisa"]
        and row.uncleared_paisa == fields["uncleared_paisa"]
        and row.held_paisa == fields["held_paisa"]
        and orjson.loads(row.open_bills) == fields["open_bills"]
    )


def _has_nothing_to_say(row: Any, fields: Mapping[str, Any]) -> bool:
    """A consumer who has never owed or paid anything needs no position: none is the same as zero."""
    return row.stood_for is None and not any(
        value for name, value in fields.items() if name != "account_no"
    )


def _held(connection: Connection, ibc_id: str, accounts: Sequence[str]) -> dict[str, int]:
    """Doubted money that names these accounts, by the exceptions that are open for it."""
    found = fetch(
        connection,
        "SELECT account_no, SUM(amount_paisa) AS paisa FROM exceptions "
        f"WHERE ibc_id = :ibc_id AND state = 'open' AND kind IN ({HELD_KINDS}) "
        f"AND {any_of(connection, 'account_no', 'accounts')} GROUP BY account_no",
        ibc_id=ibc_id,
        accounts=listed(connection, accounts),
    )
    return {row.account_no: int(row.paisa or 0) for row in found}
