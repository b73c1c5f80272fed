"""The one place that knows what waits in the books for a bank or an agency: slips, cheques, claims, settlements."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from infra.database import any_of, fetch, listed
from ledger.matching import SUBSET_ITEMS_MAX, SUGGESTIONS_MAX, BankLine, Candidates, Item, tokens
from models.match import MatchKindWord as Kind
from models.statement_source import SourceKindWord
from sync.statement_sources import Source

UNCLAIMED = (
    "NOT EXISTS (SELECT 1 FROM match_claims c WHERE c.ibc_id = {table}.ibc_id "
    "AND c.side = 'book' AND c.item_id = {item} AND c.undone_by IS NULL)"
)
RETURNED = "returned/"
"""Begins the id of what the bank took back and must have given before: nothing more is posted for it."""
CALENDAR_DAYS = 7
"""Calendar days in which three banking days always lie."""
HELD = (
    "SELECT c.item_id FROM matches m JOIN match_claims c ON c.ibc_id = m.ibc_id "
    "AND c.match_id = m.id AND c.side = 'book' AND c.undone_by IS NULL "
    "WHERE m.ibc_id = :ibc_id AND m.state = 'proposed'"
)
"""Items of proposals; those of a match that stands have left their state."""
FREE_SLIP = f"d.id NOT IN ({HELD})"
CHEQUE_ID = "i.id || '/' || CAST(i.presented AS TEXT)"
FREE_CHEQUE = f"({CHEQUE_ID}) NOT IN ({HELD})"
FREE_CLAIM = f"i.id NOT IN ({HELD})"
FREE_RETURNED = UNCLAIMED.format(table="i", item=f"('{RETURNED}' || {CHEQUE_ID})")
FREE_STATEMENT = UNCLAIMED.format(table="t", item="t.id")

Row = Any  # rows of text SQL have no static type


def candidates(
    connection: Connection, ibc_id: str, source: Source, lines: Sequence[BankLine]
) -> Candidates:
    """What may explain these lines of one source: a fixed number of queries, whatever the number of lines."""
    found = Candidates()
    if source.kind == SourceKindWord.AGENCY:
        _claims(connection, ibc_id, source, lines, found)
        return found
    named = sorted({token for line in lines for token in tokens(line.text)})
    for item in [
        *_slips(connection, ibc_id, source, "slip_no", named),
        *_cheques(connection, ibc_id, source, named),
    ]:
        found.by_reference[item.reference].append(item)
    amounts = sorted({line.amount_paisa for line in lines if line.amount_paisa > 0})
    for item in _settlements(connection, ibc_id, source, amounts):
        found.by_amount[item.amount_paisa].append(item)
        if item.reference:
            found.by_reference[item.reference].append(item)
    # Amounts say nothing where a number says it: most lines name what they are.
    unnamed = [
        line for line in lines if line.amount_paisa > 0 and not _names_its_amount(line, found)
    ]
    left = sorted({line.amount_paisa for line in unnamed})
    for item in _slips(connection, ibc_id, source, "total_paisa", left):
        found.by_amount[item.amount_paisa].append(item)
    for item in _slips_of_days(connection, ibc_id, source, unnamed):
        found.by_day[item.on_date].append(item)
    return found


def _names_its_amount(line: BankLine, found: Candidates) -> bool:
    """Whether the line says the number of something that has its amount."""
    return any(
        item.amount_paisa == line.amount_paisa
        for token in tokens(line.text)
        for item in found.by_reference.get(token, ())
    )


def items_named(connection: Connection, ibc_id: str, subject_ids: Sequence[str]) -> dict[str, Item]:
    """Open items by the slip, collection or agency's statement behind them: what a person picked."""
    asked = {"ibc_id": ibc_id, "ids": listed(connection, list(subject_ids))}
    slips = fetch(
        connection,
        "SELECT d.id, d.slip_no, d.kind, d.total_paisa, d.deposited_on FROM deposits d "
        f"WHERE d.ibc_id = :ibc_id AND {any_of(connection, 'd.id', 'ids')} "
        f"AND d.state = 'at_bank' AND d.kind = 'cash' AND {FREE_SLIP}",
        **asked,
    )
    tenders = fetch(
        connection,
        f"SELECT {CHEQUE_COLUMNS} FROM instruments i LEFT JOIN deposits d ON d.ibc_id = i.ibc_id "
        f"AND d.id = i.deposit_id WHERE i.ibc_id = :ibc_id AND {any_of(connection, 'i.id', 'ids')} "
        f"AND ((i.state = 'in_clearing' AND {FREE_CHEQUE}) OR (i.state = 'claimed' AND {FREE_CLAIM}))",
        **asked,
    )
    statements = fetch(
        connection,
        f"SELECT {STATEMENT_COLUMNS} FROM statements t JOIN statement_sources s "
        "ON s.ibc_id = t.ibc_id AND s.id = t.source_id AND s.kind = 'agency' "
        f"WHERE t.ibc_id = :ibc_id AND {any_of(connection, 't.id', 'ids')} AND {FREE_STATEMENT}",
        **asked,
    )
    items = [
        *(_slip(row, ()) for row in slips),
        *(_claim(row) if row.state == "claimed" else _cheque(row) for row in tenders),
        *(_settlement(row) for row in statements),
    ]
    return {item.subject_id: item for item in items}


CHEQUE_COLUMNS = (
    "i.id, i.presented, i.instrument_no, i.wallet_txn_id, i.amount_paisa, i.account_no, i.state, "
    "i.deposit_id, COALESCE(d.deposited_on, '2000-01-01') AS deposited_on"
)
STATEMENT_COLUMNS = "t.id, t.statement_no, t.to_on, t.total_paisa - t.fee_paisa AS net_paisa"


def _slips(
    connection: Connection, ibc_id: str, source: Source, column: str, values: Sequence[Any]
) -> list[Item]:
    """Slips by number, or cash slips by amount; of one value no more than decide whether it is unique."""
    if not values:
        return []
    kind = " AND d.kind = 'cash'" if column == "total_paisa" else ""
    found = fetch(
        connection,
        "SELECT * FROM (SELECT d.id, d.slip_no, d.kind, d.total_paisa, d.deposited_on, "
        f"ROW_NUMBER() OVER (PARTITION BY d.{column}, d.deposited_on ORDER BY d.id) AS n "
        "FROM deposits d WHERE d.ibc_id = :ibc_id AND d.bank_account = :bank_account "
        f"AND d.state = 'at_bank'{kind} AND {any_of(connection, f'd.{column}', 'wanted')} "
        f"AND {FREE_SLIP}) AS numbered WHERE n <= :most",
        ibc_id=ibc_id,
        bank_account=source.bank_account,
        wanted=listed(connection, values),
        most=SUGGESTIONS_MAX + 1,
    )
    of_cheques = [row.id for row in found if row.kind == "cheque"]
    parts = _parts(connection, ibc_id, of_cheques)
    return [
        _slip(row, tuple(parts.get(row.id, ())))
        for row in found
        if row.kind == "cash" or row.id in parts
    ]


def _slip(row: Row, parts: tuple[Item, ...]) -> Item:
    return Item(
        id=row.id,
        kind=Kind.CLEARED if parts else Kind.DEPOSIT,
        subject_id=row.id,
        reference=row.slip_no,
        on_date=row.deposited_on,
        amount_paisa=sum(part.amount_paisa for part in parts) or row.total_paisa,
        parts=parts,
    )


def _parts(connection: Connection, ibc_id: str, slips: Sequence[str]) -> dict[str, list[Item]]:
    """Slip → its cheques that are still in clearing."""
    if not slips:
        return {}
    found = fetch(
        connection,
        f"SELECT {CHEQUE_COLUMNS} FROM instruments i JOIN deposits d ON d.ibc_id = i.ibc_id "
        "AND d.id = i.deposit_id WHERE i.ibc_id = :ibc_id AND i.state = 'in_clearing' "
        f"AND {any_of(connection, 'i.deposit_id', 'slips')} AND {FREE_CHEQUE} ORDER BY i.id",
        ibc_id=ibc_id,
        slips=listed(connection, slips),
    )
    taken_back = _taken_back(connection, ibc_id, "i.deposit_id", slips)
    parts: dict[str, list[Item]] = {}
    for row in found:
        parts.setdefault(row.deposit_id, []).append(_cheque(row))
    for row in taken_back:
        parts.setdefault(row.deposit_id, []).append(_given_before(row))
    return parts


def _cheques(
    connection: Connection, ibc_id: str, source: Source, numbers: Sequence[str]
) -> list[Item]:
    if not numbers:
        return []
    found = fetch(
        connection,
        f"SELECT {CHEQUE_COLUMNS} FROM instruments i JOIN deposits d ON d.ibc_id = i.ibc_id "
        "AND d.id = i.deposit_id WHERE i.ibc_id = :ibc_id AND i.state = 'in_clearing' "
        f"AND d.bank_account = :bank_account AND {any_of(connection, 'i.instrument_no', 'numbers')} "
        f"AND {FREE_CHEQUE} ORDER BY i.id",
        ibc_id=ibc_id,
        bank_account=source.bank_account,
        numbers=listed(connection, numbers),
    )
    taken_back = _taken_back(connection, ibc_id, "i.instrument_no", numbers)
    return [*map(_cheque, found), *map(_given_before, taken_back)]


def _taken_back(
    connection: Connection, ibc_id: str, column: str, values: Sequence[str]
) -> Sequence[Row]:
    """Returned cheques that the bank took out of the account: a line that had put them in may come."""
    return fetch(
        connection,
        f"SELECT {CHEQUE_COLUMNS} FROM instruments i JOIN deposits d ON d.ibc_id = i.ibc_id "
        "AND d.id = i.deposit_id JOIN match_claims h ON h.ibc_id = i.ibc_id AND h.side = 'book' "
        f"AND h.item_id = {CHEQUE_ID} AND h.undone_by IS NULL "
        "JOIN matches m ON m.ibc_id = h.ibc_id AND m.id = h.match_id AND m.kind = 'returned' "
        "AND m.state = 'active' AND m.amount_paisa < 0 "
        f"WHERE i.ibc_id = :ibc_id AND i.state = 'returned' AND {FREE_RETURNED} "
        f"AND {any_of(connection, column, 'wanted')} ORDER BY i.id",
        ibc_id=ibc_id,
        wanted=listed(connection, values),
    )


def _given_before(row: Row) -> Item:
    cheque = _cheque(row)
    return replace(cheque, id=f"{RETURNED}{cheque.id}")


def _cheque(row: Row) -> Item:
    return Item(
        id=f"{row.id}/{row.presented}",
        kind=Kind.CLEARED,
        subject_id=row.id,
        reference=row.instrument_no or "",
        on_date=row.deposited_on,
        amount_paisa=row.amount_paisa,
        account_no=row.account_no,
    )


def _settlements(
    connection: Connection, ibc_id: str, source: Source, amounts: Sequence[int]
) -> list[Item]:
    """Agencies' statements that pay into this account and that no line has explained."""
    if not amounts:
        return []
    found = fetch(
        connection,
        f"SELECT {STATEMENT_COLUMNS} FROM statements t JOIN statement_sources s "
        "ON s.ibc_id = t.ibc_id AND s.id = t.source_id AND s.kind = 'agency' "
        "AND s.bank_account = :bank_account WHERE t.ibc_id = :ibc_id "
        f"AND {any_of(connection, 't.total_paisa - t.fee_paisa', 'amounts')} AND {FREE_STATEMENT} "
        "ORDER BY t.id",
        ibc_id=ibc_id,
        bank_account=source.bank_account,
        amounts=listed(connection, amounts),
    )
    return [_settlement(row) for row in found]


def _settlement(row: Row) -> Item:
    return Item(
        id=row.id,
        kind=Kind.SETTLEMENT,
        subject_id=row.id,
        reference=row.statement_no or "",
        on_date=row.to_on,
        amount_paisa=row.net_paisa,
    )


def _slips_of_days(
    connection: Connection, ibc_id: str, source: Source, lines: Iterable[BankLine]
) -> list[Item]:
    """Cash slips of the days before these lines, of days with few enough to be summed up."""
    booked = [line.booked_on for line in lines]
    if not booked:
        return []
    found = fetch(
        connection,
        "SELECT d.id, d.slip_no, d.kind, d.total_paisa, d.deposited_on FROM deposits d "
        "WHERE d.ibc_id = :ibc_id AND d.bank_account = :bank_account AND d.state = 'at_bank' "
        f"AND d.kind = 'cash' AND {any_of(connection, 'd.deposited_on', 'days')} AND {FREE_SLIP} "
        "ORDER BY d.deposited_on, d.id",
        ibc_id=ibc_id,
        bank_account=source.bank_account,
        days=listed(connection, _days_to_sum(connection, ibc_id, source, booked)),
    )
    return [_slip(row, ()) for row in found]


def _days_to_sum(
    connection: Connection, ibc_id: str, source: Source, booked: Sequence[str]
) -> list[str]:
    """Days of deposit before these dates that have few enough open slips."""
    first = date.fromisoformat(min(booked)) - timedelta(days=CALENDAR_DAYS)
    found = fetch(
        connection,
        "SELECT d.deposited_on FROM deposits d WHERE d.ibc_id = :ibc_id AND d.state = 'at_bank' "
        "AND d.deposited_on BETWEEN :first AND :last AND d.bank_account = :bank_account "
        f"AND d.kind = 'cash' AND {FREE_SLIP} GROUP BY d.deposited_on "
        "HAVING COUNT(*) BETWEEN 2 AND :most",
        ibc_id=ibc_id,
        bank_account=source.bank_account,
        first=first.isoformat(),
        last=max(booked),
        most=SUBSET_ITEMS_MAX,
    )
    return [row.deposited_on for row in found]


def _claims(
    connection: Connection,
    ibc_id: str,
    source: Source,
    lines: Sequence[BankLine],
    found: Candidates,
) -> None:
    """Wallet claims at this agency by their numbers, and by account and amount."""
    numbers = sorted({line.txn_id for line in lines if line.txn_id})
    accounts = sorted({line.account_no for line in lines if line.account_no})
    for column, values in (("wallet_txn_id", numbers), ("account_no", accounts)):
        rows = fetch(
            connection,
            f"SELECT {CHEQUE_COLUMNS} FROM instruments i LEFT JOIN deposits d "
            "ON d.ibc_id = i.ibc_id AND d.id = i.deposit_id WHERE i.ibc_id = :ibc_id "
            f"AND i.state = 'claimed' AND i.wallet_provider = :provider "
            f"AND {any_of(connection, f'i.{column}', 'wanted')} AND {FREE_CLAIM} ORDER BY i.id",
            ibc_id=ibc_id,
            provider=source.provider,
            wanted=listed(connection, values),
        )
        for row in rows:
            item = _claim(row)
            if column == "wallet_txn_id":
                found.by_reference[item.reference].append(item)
            else:
                found.by_account[item.account_no or "", item.amount_paisa].append(item)
    seen = fetch(
        connection,
        "SELECT l.txn_id, COUNT(*) AS n FROM statement_lines l JOIN statements t "
        "ON t.ibc_id = l.ibc_id AND t.id = l.statement_id WHERE l.ibc_id = :ibc_id "
        f"AND l.source_id = :source_id AND {any_of(connection, 'l.txn_id', 'numbers')} "
        "GROUP BY l.txn_id",
        ibc_id=ibc_id,
        source_id=source.id,
        numbers=listed(connection, numbers),
    )
    found.txn_seen = {row.txn_id: row.n for row in seen}


def _claim(row: Row) -> Item:
    return Item(
        id=row.id,
        kind=Kind.CLAIM,
        subject_id=row.id,
        reference=row.wallet_txn_id or "",
        on_date=row.deposited_on,
        amount_paisa=row.amount_paisa,
        account_no=row.account_no,
    )
