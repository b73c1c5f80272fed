"""What the office asks of records and of the log, as queries."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import any_of, fetch, listed
from ledger.chain import GENESIS
from ledger.reading import consumer as standing

Row = Mapping[str, Any]  # rows of text SQL have no static type
AFTER_ALL_DIGITS = ":"
"""The character after 9: numbers that begin with 04 lie between '04' and '04:'."""


def find_consumers(
    connection: Connection, ibc_id: str, q: str, *, after: str, limit: int
) -> Sequence[Row]:
    """Consumers whose account, phone or name begins with `q`, by account."""
    condition, parameters = _search(q)
    found = fetch(
        connection,
        "SELECT c.account_no, c.name, c.name_ur, c.address, c.phone_e164, c.supply_state, "
        "COALESCE(p.due_paisa, 0) AS due_paisa, p.as_of FROM consumers c "
        "LEFT JOIN positions p ON p.ibc_id = c.ibc_id AND p.id = c.id "
        f"WHERE c.ibc_id = :ibc_id AND c.account_no > :after AND {condition} "
        "ORDER BY c.account_no LIMIT :limit",
        ibc_id=ibc_id,
        after=after,
        limit=limit,
        **parameters,
    )
    return [row._asdict() for row in found]


def _search(q: str) -> tuple[str, dict[str, str]]:
    """A phone as people write it here (0300…) or in full, else an account, else a name."""
    number = q.replace(" ", "").replace("-", "")
    if number.startswith("+"):
        return _begins("c.phone_e164"), {"q": _pattern(number)}
    if not (number.isascii() and number.isdigit()):
        words = " OR ".join(
            f"{_begins(column, name)}"
            for column in ("LOWER(c.name)", "c.name_ur")
            for name in ("q", "word")
        )
        return f"({words})", {"q": _pattern(q.lower()), "word": "% " + _pattern(q.lower())}
    account = "(c.account_no >= :q AND c.account_no < :q_end)"
    parameters = {"q": number, "q_end": number + AFTER_ALL_DIGITS}
    if not number.startswith(("03", "923")):
        return account, parameters
    phone = "+92" + number.removeprefix("0").removeprefix("92")
    return f"({account} OR {_begins('c.phone_e164', 'phone')})", {
        **parameters,
        "phone": _pattern(phone),
    }


def _begins(column: str, parameter: str = "q") -> str:
    return f"{column} LIKE :{parameter} ESCAPE '!'"


def _pattern(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"{text}%"


def consumer_position(connection: Connection, ibc_id: str, account_no: str) -> Row | None:
    """A consumer, his standing by the books and his last payments; None when there is no such."""
    found = fetch(
        connection,
        "SELECT c.name, c.name_ur, c.address, c.phone_e164, c.supply_state, "
        "COALESCE(p.held_paisa, 0) AS held_paisa, p.open_bills, "
        "COALESCE(b.log_seq, 0) AS books_read FROM consumers c "
        "LEFT JOIN positions p ON p.ibc_id = c.ibc_id AND p.id = c.id "
        "LEFT JOIN books_offsets b ON b.ibc_id = c.ibc_id "
        "WHERE c.ibc_id = :ibc_id AND c.account_no = :account_no",
        ibc_id=ibc_id,
        account_no=account_no,
    )
    if not found:
        return None
    known = found[0]._asdict()
    bills = orjson.loads(known.pop("open_bills") or "[]")
    return {**known, **standing(connection, ibc_id, account_no), "open_bills": bills}


def staff_names(connection: Connection, ibc_id: str, ids: Sequence[str]) -> dict[str, str]:
    """Person → name, for those who have a card here."""
    found = fetch(
        connection,
        f"SELECT id, name FROM staff WHERE ibc_id = :ibc_id AND {any_of(connection, 'id', 'ids')}",
        ibc_id=ibc_id,
        ids=listed(connection, list(ids)),
    )
    return {row.id: row.name for row in found}


def mutation_story(connection: Connection, ibc_id: str, mutation_id: str) -> Row | None:
    """The entry that owns the id, others under it, later fates, exceptions; None: unknown."""

    def entries(column: str) -> list[Row]:
        return [
            row._asdict()
            for row in fetch(
                connection,
                f"SELECT * FROM mutations WHERE ibc_id = :ibc_id AND {column} = :id ORDER BY seq",
                ibc_id=ibc_id,
                id=mutation_id,
            )
        ]

    under_id = entries("id")
    if not under_id:
        return None
    opened = fetch(
        connection,
        "SELECT * FROM exceptions WHERE ibc_id = :ibc_id AND subject_id = :subject_id "
        "AND mutation_id = :id ORDER BY opened_at, id",
        ibc_id=ibc_id,
        subject_id=under_id[0]["record_id"],
        id=mutation_id,
    )
    return {
        "entry": under_id[0],
        "same_id": under_id[1:],
        "fates": entries("of_id"),
        "exceptions": [row._asdict() for row in opened],
    }


def books_status(connection: Connection, ibc_id: str) -> Row:
    """How far the log has come, and the books behind it."""
    row = fetch(
        connection,
        "SELECT h.epoch, h.seq AS log_seq, h.chain_hash AS log_hash, "
        "COALESCE(b.log_seq, 0) AS read_seq, COALESCE(b.entry_seq, 0) AS entries, "
        "COALESCE(b.chain_hash, :genesis) AS entries_hash FROM log_heads h "
        "LEFT JOIN books_offsets b ON b.ibc_id = h.ibc_id WHERE h.ibc_id = :ibc_id",
        ibc_id=ibc_id,
        genesis=GENESIS,
    )[0]
    return {**row._asdict(), "lag": row.log_seq - row.read_seq}


def decisions(
    connection: Connection,
    ibc_id: str,
    *,
    state: str | None,
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Row]:
    """Decisions in the order in which they were made, with the entries that they posted."""
    found = fetch(
        connection,
        "SELECT * FROM decisions WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "AND (occurred_at, id) > (:after_at, :after_id)"
        f"{' AND state = :state' if state else ''} ORDER BY occurred_at, id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return _with_entries(connection, ibc_id, [row._asdict() for row in found])


def decision(connection: Connection, ibc_id: str, decision_id: str) -> Row | None:
    """One decision; None when there is no such."""
    found = fetch(
        connection,
        "SELECT * FROM decisions WHERE ibc_id = :ibc_id AND id = :id AND deleted_at IS NULL",
        ibc_id=ibc_id,
        id=decision_id,
    )
    told = _with_entries(connection, ibc_id, [row._asdict() for row in found])
    return told[0] if told else None


def entries_of_decisions(
    connection: Connection, ibc_id: str, collection_ids: Sequence[str]
) -> dict[str, list[int]]:
    """Decision → the entries that it posted; an entry keeps its decision as memo."""
    posted: dict[str, list[int]] = {}
    # By source first: asked for the order of the books, SQLite walks all of them.
    for row in fetch(
        connection,
        "SELECT seq, memo FROM entries WHERE ibc_id = :ibc_id AND memo IS NOT NULL "
        f"AND {any_of(connection, 'source_id', 'ids')} ORDER BY source_id, seq",
        ibc_id=ibc_id,
        ids=listed(connection, list(collection_ids)),
    ):
        posted.setdefault(row.memo, []).append(row.seq)
    return posted


def _with_entries(
    connection: Connection, ibc_id: str, rows: Sequence[dict[str, Any]]
) -> Sequence[Row]:
    posted = entries_of_decisions(connection, ibc_id, [row["collection_id"] for row in rows])
    return [{**row, "entry_seqs": posted.get(row["id"], [])} for row in rows]
