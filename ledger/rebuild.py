"""M19 and M20: the books made again from the log by the same pure rules, and in other orders."""

import random
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from infra.database import fetch
from ledger.draft import Draft
from ledger.findings import NAMED_MAX, Finding
from ledger.log_reader import read_log, timezone_of
from ledger.log_row import LogRow
from ledger.posting import post
from ledger.prefetch import read_entries, view_for
from ledger.view import Books, DrivenBelowZero

STEP = 1_000
"""Log rows in memory at once."""
SHUFFLED_MAX = 3_000
"""Log rows whose order of arrival is changed for M20."""
ORDERS = 5
MOVED = "'bill', 'collection', 'handover', 'deposit', 'adjustment', 'cash_session', 'refund', 'fee'"
"""Entities of which a later mutation asks what an earlier one posted."""


def rebuild_gives_the_same(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M19: post the whole log from nothing and compare each entry with what is stored.

    Memory grows with consumers and bills, not with the log: of earlier entries only those are
    remembered that something later can ask for.
    """
    books = Books()
    timezone = timezone_of(connection, ibc_id)
    lasting = _asked_for_later(connection, ibc_id)
    parked = _parked(connection, ibc_id)
    after, through, found = 0, _read_so_far(connection, ibc_id), 0
    while after < through and found < NAMED_MAX:
        rows, upto = read_log(
            connection,
            ibc_id,
            after=after,
            rows_max=min(STEP, through - after),
            timezone=timezone,
        )
        made: list[Draft] = []
        for row in rows:
            if row.seq not in parked:
                made.extend(post(books, row).entries)
        window = "e.log_seq > :after AND e.log_seq <= :upto"
        stored = read_entries(connection, ibc_id, window, after=after, upto=upto)
        for finding in _compare(made, stored):
            found += 1
            yield finding
        books.payers.clear()
        books.history = {name: kept for name, kept in books.history.items() if name in lasting}
        after = upto


def _compare(made: Sequence[Draft], stored: Sequence[Draft]) -> Iterator[Finding]:
    """Each entry that the log makes against each that is there."""
    expected, found = ({draft.seq: draft for draft in drafts} for drafts in (made, stored))
    for seq in sorted(expected.keys() | found.keys()):
        if seq not in found:
            what = f"The log makes an entry {expected[seq].kind} that is not in the books."
        elif seq not in expected:
            what = f"The books have an entry {found[seq].kind} that the log does not make."
        elif expected[seq] != found[seq]:
            what = _difference(expected[seq], found[seq])
        else:
            continue
        yield Finding("M19", f"entry {seq}", what)


def _difference(expected: Draft, found: Draft) -> str:
    names = [
        name
        for name in Draft.__dataclass_fields__
        if getattr(expected, name) != getattr(found, name)
    ]
    name = names[0]
    return (
        f"The log makes {name} {getattr(expected, name)} of it and the books have "
        f"{getattr(found, name)}."
    )


def _asked_for_later(connection: Connection, ibc_id: str) -> set[str]:
    """Sources that more than one log row is about: bills that changed, collections decided on."""
    repeated = fetch(
        connection,
        "SELECT record_id AS id FROM mutations WHERE ibc_id = :ibc_id "
        f"AND entity IN ({MOVED}) GROUP BY record_id HAVING COUNT(*) > 1 "
        "UNION SELECT collection_id FROM decisions WHERE ibc_id = :ibc_id "
        "UNION SELECT id FROM instruments WHERE ibc_id = :ibc_id "
        "UNION SELECT deposit_id FROM clearings WHERE ibc_id = :ibc_id AND deposit_id IS NOT NULL "
        "UNION SELECT undoes_id FROM clearings WHERE ibc_id = :ibc_id AND undoes_id IS NOT NULL",
        ibc_id=ibc_id,
    )
    return {row.id for row in repeated}


def _parked(connection: Connection, ibc_id: str) -> set[int]:
    found = fetch(
        connection,
        "SELECT opened_by_seq FROM exceptions WHERE ibc_id = :ibc_id AND kind = 'POISON'",
        ibc_id=ibc_id,
    )
    return {row.opened_by_seq for row in found}


def _read_so_far(connection: Connection, ibc_id: str) -> int:
    found = fetch(
        connection, "SELECT log_seq FROM books_offsets WHERE ibc_id = :ibc_id", ibc_id=ibc_id
    )
    return int(found[0].log_seq) if found else 0


def order_changes_nothing(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M20: the last facts of phones in other orders of arrival end in the balances we have."""
    through = _read_so_far(connection, ibc_id)
    timezone = timezone_of(connection, ibc_id)
    after = max(0, through - SHUFFLED_MAX)
    rows, _ = read_log(connection, ibc_id, after=after, rows_max=through - after, timezone=timezone)
    parked = _parked(connection, ibc_id)
    rows = [row for row in rows if row.seq not in parked]
    facts = [row for row in rows if row.origin == "device" and not row.released]
    others = [row for row in rows if row.origin != "device" or row.released]
    # Decisions come last here as below: one that came before its collection had no effect.
    as_they_came = _balances_after(connection, ibc_id, [*facts, *others], after)
    chance = random.Random(through)  # noqa: S311  # an order to try, the same for the same books
    for _ in range(ORDERS):
        chance.shuffle(facts)
        try:
            balances = _balances_after(connection, ibc_id, [*facts, *others], after)
        except DrivenBelowZero as error:
            yield Finding("M20", f"log rows after {after}", f"In another order {error}.")
            return
        for key in sorted(balances.keys() | as_they_came.keys()):
            if balances.get(key, 0) != as_they_came.get(key, 0):
                what = (
                    f"{as_they_came.get(key, 0)} paisa as the facts came, "
                    f"{balances.get(key, 0)} in another order."
                )
                yield Finding("M20", f"account {key[0]} {key[1]}", what)
                return


def _balances_after(
    connection: Connection, ibc_id: str, rows: Sequence[LogRow], after: int
) -> dict[tuple[int, str], int]:
    found = fetch(
        connection,
        "SELECT COALESCE(MAX(seq), 0) AS seq FROM entries WHERE ibc_id = :ibc_id "
        "AND log_seq <= :after",
        ibc_id=ibc_id,
        after=after,
    )
    books = view_for(
        connection, ibc_id, rows, entry_seq=found[0].seq, until=found[0].seq, read_until=after
    )
    for row in rows:
        post(books, row)
    return books.balances
