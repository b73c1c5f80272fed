"""Loads, set-based, what the books know about a chunk of the log: a view for posting."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from infra.database import any_of, fetch, listed
from ledger.accounts import DEPOSIT_DIFFERENCE, NEVER_NEGATIVE_SIGN, OF_CONSUMER, RECEIVABLE
from ledger.draft import Draft, Leg, Share
from ledger.log_reader import date_in
from ledger.log_row import DECIDES, LogRow
from ledger.prefetch_custody import load_custody, named_holders, named_sources
from ledger.templates import named_account
from ledger.view import CHARGES, Bill, Books, Key

SIGNED = "CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END"
DAY_MS = 24 * 3_600_000
READ_BY_NAME = frozenset({*NEVER_NEGATIVE_SIGN, DEPOSIT_DIFFERENCE})
"""Accounts of others than consumers whose balance a rule reads, or must not drive below zero."""
POSTED_STATES = "('posted', 'in_hand', 'claimed')"


def view_for(
    connection: Connection,
    ibc_id: str,
    rows: Sequence[LogRow],
    *,
    entry_seq: int,
    until: int | None = None,
    read_until: int | None = None,
) -> Books:
    """The part of the books that posting these rows can look at.

    `until` and `read_until` ask for them as of an entry and the log row that wrote it.
    """
    books = Books(entry_seq)
    decided = any(row.entity in DECIDES for row in rows)
    sources = {row.record_id for row in rows if row.entity != "consumer"}
    sources.update(named_sources(rows))
    for draft in entries_of(connection, ibc_id, sources, until):
        books.history.setdefault(draft.source_id, []).append(draft)

    accounts = {account for row in rows if (account := named_account(row))}
    accounts.update(_named_targets(rows))
    earlier: set[Key] = {
        (leg.code, leg.of)
        for history in books.history.values()
        for draft in history
        for leg in draft.legs
    }
    accounts.update(of for code, of in earlier if code in OF_CONSUMER)
    others = {of for code, of in earlier if code in READ_BY_NAME and of not in accounts}
    others |= named_holders(rows)
    others |= load_custody(connection, ibc_id, books, rows, read_until)
    _load_balances(connection, ibc_id, books, accounts=accounts, others=others, until=until)
    owing = [
        account for account in accounts if decided or books.balances.get((RECEIVABLE, account))
    ]
    _load_bills(connection, ibc_id, books, accounts=owing, until=until, closed_too=decided)
    return books


def _as_of(column: str, until: int | None) -> str:
    """No entry after `until`; the plus keeps SQLite from searching by this range (it did, 20×)."""
    return "" if until is None else f" AND +{column} <= {until:d}"


def _named_targets(rows: Iterable[LogRow]) -> set[str]:
    targets = {row.fields.get("to_account_no") for row in rows if row.entity == "decision"}
    return {target for target in targets if isinstance(target, str)}


def entries_of(
    connection: Connection, ibc_id: str, sources: Iterable[str], until: int | None = None
) -> list[Draft]:
    """The entries of these sources, with legs and allocations, in the order of the books."""
    wanted = sorted(sources)
    if not wanted:
        return []
    return read_entries(
        connection,
        ibc_id,
        f"{any_of(connection, 'e.source_id', 'sources')}{_as_of('e.seq', until)}",
        sources=listed(connection, wanted),
    )


def read_entries(connection: Connection, ibc_id: str, where: str, **parameters: Any) -> list[Draft]:
    """Entries that a condition on `e` picks, as drafts; parameters are of any database type."""
    parameters["ibc_id"] = ibc_id
    picked = f"FROM entries e WHERE e.ibc_id = :ibc_id AND {where}"
    entries = fetch(connection, f"SELECT e.* {picked} ORDER BY e.seq", **parameters)
    if not entries:
        return []
    legs = _by_entry(
        fetch(
            connection,
            "SELECT p.entry_seq, p.account_code, p.account_of, p.side, p.amount_paisa "
            f"FROM postings p WHERE p.ibc_id = :ibc_id AND p.entry_seq IN (SELECT e.seq {picked}) "
            "ORDER BY p.entry_seq, p.line_no",
            **parameters,
        )
    )
    shares = _by_entry(
        fetch(
            connection,
            "SELECT a.entry_seq, a.account_no, a.invoice_no, a.amount_paisa "
            f"FROM allocations a WHERE a.ibc_id = :ibc_id "
            f"AND a.entry_seq IN (SELECT e.seq {picked}) ORDER BY a.entry_seq, a.line_no",
            **parameters,
        )
    )
    return [
        _draft(
            row,
            tuple(Leg._make(leg[1:]) for leg in legs.get(row.seq, ())),
            tuple(Share._make(share[1:]) for share in shares.get(row.seq, ())),
        )
        for row in entries
    ]


def _by_entry(rows: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
    return {seq: list(group) for seq, group in groupby(rows, key=lambda row: row.entry_seq)}


def _draft(row: Row[Any], legs: tuple[Leg, ...], shares: tuple[Share, ...]) -> Draft:
    return Draft(
        seq=row.seq,
        kind=row.kind,
        legs=legs,
        shares=shares,
        business_date=row.business_date,
        occurred_at=row.occurred_at,
        source_entity=row.source_entity,
        source_id=row.source_id,
        log_seq=row.log_seq,
        idem_key=row.idem_key,
        request_hash=row.request_hash,
        actor_id=row.actor_id,
        reverses_seq=row.reverses_seq,
        caused_by_seq=row.caused_by_seq,
        memo=row.memo,
    )


def _load_balances(
    connection: Connection,
    ibc_id: str,
    books: Books,
    *,
    accounts: set[str],
    others: set[str],
    until: int | None,
) -> None:
    """Every balance that a rule reads, or that may be lowered and must not fall below zero."""
    codes = {
        "1100, 2010, 2110": accounts,
        ", ".join(str(code) for code in sorted(READ_BY_NAME)): others,
    }
    for listed_codes, names in codes.items():
        if not names:
            continue
        found = fetch(
            connection,
            f"SELECT account_code, account_of, SUM({SIGNED}) AS paisa FROM postings "
            f"WHERE ibc_id = :ibc_id AND account_code IN ({listed_codes}) "
            f"AND {any_of(connection, 'account_of', 'names')}{_as_of('entry_seq', until)} "
            "GROUP BY account_code, account_of",
            ibc_id=ibc_id,
            names=listed(connection, sorted(names)),
        )
        for row in found:
            books.balances[row.account_code, row.account_of] = int(row.paisa)


def _load_bills(
    connection: Connection,
    ibc_id: str,
    books: Books,
    *,
    accounts: Sequence[str],
    until: int | None,
    closed_too: bool,
) -> None:
    """Open bills; the paid ones too when a decision may take money back from them."""
    if not accounts:
        return
    found = fetch(
        connection,
        "WITH charged AS (SELECT p.account_of AS account_no, e.memo, SUM(p.amount_paisa) AS paisa "
        "FROM postings p JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        "WHERE p.ibc_id = :ibc_id AND p.account_code = 1100 AND p.side = 'D' "
        f"AND {any_of(connection, 'p.account_of', 'accounts')}{_as_of('p.entry_seq', until)} "
        f"AND e.kind IN {CHARGES} GROUP BY p.account_of, e.memo) "
        "SELECT c.account_no, substr(c.memo, 1, 7) AS month, substr(c.memo, 9) AS invoice_no, "
        "c.paisa, (SELECT COALESCE(SUM(a.amount_paisa), 0) FROM allocations a "
        "WHERE a.ibc_id = :ibc_id AND a.invoice_no = substr(c.memo, 9) "
        f"AND a.account_no = c.account_no{_as_of('a.entry_seq', until)}) AS paid FROM charged c",
        ibc_id=ibc_id,
        accounts=listed(connection, sorted(accounts)),
    )
    for row in found:
        if closed_too or row.paisa > row.paid:
            bills = books.bills.setdefault(row.account_no, {})
            charged, paid = int(row.paisa), int(row.paid)
            bills[row.invoice_no] = Bill(row.month, row.invoice_no, charged, paid)


def load_payers(
    connection: Connection, ibc_id: str, books: Books, rows: Sequence[LogRow], timezone: str
) -> None:
    """Who took money for the same accounts on the same dates, as far as the books have posted it.

    Asked of the records, whose state the books write: one index, where a join over the postings
    of an account read its whole history.
    """
    wanted = {
        (account, row.local_date)
        for row in rows
        if row.entity == "collection" and (account := named_account(row))
    }
    if not wanted:
        return
    found = fetch(
        connection,
        "SELECT account_no, officer_id, id, occurred_at FROM collections WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'account_no', 'accounts')} AND state IN {POSTED_STATES} "
        "AND occurred_at BETWEEN :first AND :last",
        ibc_id=ibc_id,
        accounts=listed(connection, sorted({account for account, _ in wanted})),
        first=min(row.occurred_at for row in rows) - DAY_MS,
        last=max(row.occurred_at for row in rows) + DAY_MS,
    )
    for row in found:
        key = (row.account_no, date_in(timezone, row.occurred_at))
        if key in wanted:
            books.payers.setdefault(key, set()).add((row.officer_id, row.id))
