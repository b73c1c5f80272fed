"""The invariants of the books (domain manual §6.8) as checks that find what breaks them on any database."""

from collections.abc import Iterator

from sqlalchemy import Connection

from infra.database import fetch
from ledger.accounts import CHART, NEVER_NEGATIVE_SIGN
from ledger.chain_checks import books_chain_verifies, log_chain_verifies
from ledger.custody_checks import (
    billing_is_bills_less_what_was_let_off,
    cash_is_all_there,
    closed_dates_stay_closed,
    cuts_against_money_were_said,
    presented_at_most_twice,
    refused_leaves_no_trace,
    two_people_stood_behind_it,
    uncleared_is_what_has_no_outcome,
)
from ledger.findings import Check, Finding, each_row
from ledger.match_checks import lines_know_their_match, matches_add_up, nothing_is_held_twice
from ledger.rebuild import order_changes_nothing, rebuild_gives_the_same
from ledger.receipt_checks import blocks_have_no_gap, receipt_numbers_are_unique
from ledger.view import CHARGES
from models.migrations.triggers import KEPT, trigger_names

SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"


def entries_balance(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M1: debits equal credits, two lines at least, positive amounts, codes of the chart."""
    yield from each_row(
        connection,
        "M1",
        f"SELECT p.entry_seq, SUM({SIGNED}) AS off, COUNT(*) AS n, MIN(p.amount_paisa) AS least "
        "FROM postings p WHERE p.ibc_id = :ibc_id GROUP BY p.entry_seq "
        f"HAVING SUM({SIGNED}) <> 0 OR COUNT(*) < 2 OR MIN(p.amount_paisa) <= 0 "
        "ORDER BY p.entry_seq",
        "entry {entry_seq}",
        "Debits less credits are {off} paisa over {n} lines, of which the least is {least}.",
        ibc_id=ibc_id,
    )
    yield from each_row(
        connection,
        "M1",
        "SELECT e.seq FROM entries e LEFT JOIN postings p ON p.ibc_id = e.ibc_id "
        "AND p.entry_seq = e.seq WHERE e.ibc_id = :ibc_id AND p.entry_seq IS NULL ORDER BY e.seq",
        "entry {seq}",
        "The entry has no postings.",
        ibc_id=ibc_id,
    )
    yield from each_row(
        connection,
        "M1",
        "SELECT p.entry_seq, p.line_no, p.account_code FROM postings p "
        "LEFT JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        f"WHERE p.ibc_id = :ibc_id AND (e.seq IS NULL OR p.account_code NOT IN ({_codes()})) "
        "ORDER BY p.entry_seq, p.line_no",
        "entry {entry_seq} line {line_no}",
        "The posting has no entry, or its account {account_code} is not in the chart.",
        ibc_id=ibc_id,
    )


def nothing_can_change(connection: Connection, _ibc_id: str) -> Iterator[Finding]:
    """M2: the triggers that refuse UPDATE and DELETE stand; the chain says whether they stood."""
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    standing = {row.name for row in fetch(connection, catalogue)}
    for table in KEPT:
        for name in trigger_names(table):
            if name not in standing:
                yield Finding("M2", table, f"The trigger {name} is missing, so rows can change.")


def all_balances_are_zero(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M3: the sum of all balances is zero at every entry; the first one where it is not."""
    yield from each_row(
        connection,
        "M3",
        "SELECT entry_seq, total FROM (SELECT entry_seq, SUM(change) OVER (ORDER BY entry_seq) "
        f"AS total FROM (SELECT p.entry_seq, SUM({SIGNED}) AS change FROM postings p "
        "WHERE p.ibc_id = :ibc_id GROUP BY p.entry_seq) AS one) AS running "
        "WHERE total <> 0 ORDER BY entry_seq",
        "entry {entry_seq}",
        "All balances together are {total} paisa after this entry.",
        ibc_id=ibc_id,
    )


def never_driven_below_zero(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M4: no entry lowers an account below zero that may never be there."""
    signs = " ".join(
        f"WHEN {code} THEN {sign}" for code, sign in sorted(NEVER_NEGATIVE_SIGN.items())
    )
    codes = ", ".join(str(code) for code in sorted(NEVER_NEGATIVE_SIGN))
    yield from each_row(
        connection,
        "M4",
        "SELECT entry_seq, account_code, account_of, balance FROM ("
        "SELECT entry_seq, account_code, account_of, change, SUM(change) OVER "
        "(PARTITION BY account_code, account_of ORDER BY entry_seq) AS balance FROM ("
        "SELECT p.entry_seq, p.account_code, p.account_of, "
        f"SUM({SIGNED}) * CASE p.account_code {signs} END AS change FROM postings p "
        f"WHERE p.ibc_id = :ibc_id AND p.account_code IN ({codes}) "
        "GROUP BY p.entry_seq, p.account_code, p.account_of) AS one) AS running "
        "WHERE balance < 0 AND change < 0 ORDER BY entry_seq",
        "entry {entry_seq}",
        "It drives account {account_code} {account_of} to {balance} paisa.",
        ibc_id=ibc_id,
    )


def one_key_one_request(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M5: an idempotency key names one entry, and its request is a mutation in the log."""
    yield from each_row(
        connection,
        "M5",
        "SELECT idem_key, COUNT(*) AS n FROM entries WHERE ibc_id = :ibc_id "
        "GROUP BY idem_key HAVING COUNT(*) > 1 ORDER BY idem_key",
        "key {idem_key}",
        "{n} entries have this idempotency key.",
        ibc_id=ibc_id,
    )
    yield from each_row(
        connection,
        "M5",
        "SELECT e.seq, e.log_seq FROM entries e LEFT JOIN mutations m ON m.ibc_id = e.ibc_id "
        "AND m.seq = e.log_seq WHERE e.ibc_id = :ibc_id AND (m.seq IS NULL OR "
        "(m.body_hash <> e.request_hash AND NOT EXISTS (SELECT 1 FROM mutations o "
        "WHERE o.ibc_id = m.ibc_id AND o.id = m.of_id AND o.body_hash = e.request_hash "
        "AND (o.code IS NULL OR o.code <> 'ID_REUSED')))) "
        "ORDER BY e.seq",
        "entry {seq}",
        "Log entry {log_seq} is not the request that this entry says it answers.",
        ibc_id=ibc_id,
    )


def reversed_once_by_mirror(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M6: a reversal mirrors what it reverses, once.

    A consumer's receivable and advance count as one there, because an advance that was used comes
    back as receivable.
    """
    yield from each_row(
        connection,
        "M6",
        "SELECT r.seq, r.reverses_seq, e.kind FROM entries r LEFT JOIN entries e "
        "ON e.ibc_id = r.ibc_id AND e.seq = r.reverses_seq WHERE r.ibc_id = :ibc_id "
        "AND r.reverses_seq IS NOT NULL AND (e.seq IS NULL OR e.reverses_seq IS NOT NULL "
        "OR (SELECT COUNT(*) FROM entries o WHERE o.ibc_id = r.ibc_id "
        "AND o.reverses_seq = r.reverses_seq) > 1) ORDER BY r.seq",
        "entry {seq}",
        "It reverses entry {reverses_seq} ({kind}), which is missing, itself a reversal, "
        "or reversed twice.",
        ibc_id=ibc_id,
    )
    family = "CASE p.account_code WHEN 2010 THEN 1100 ELSE p.account_code END"
    yield from each_row(
        connection,
        "M6",
        f"SELECT r.seq, {family} AS code, p.account_of, SUM({SIGNED}) AS off FROM entries r "
        "JOIN postings p ON p.ibc_id = r.ibc_id AND p.entry_seq IN (r.seq, r.reverses_seq) "
        "WHERE r.ibc_id = :ibc_id AND r.reverses_seq IS NOT NULL "
        f"GROUP BY r.seq, {family}, p.account_of HAVING SUM({SIGNED}) <> 0 ORDER BY r.seq",
        "entry {seq}",
        "It is no mirror: account {code} {account_of} keeps {off} paisa of the two entries.",
        ibc_id=ibc_id,
    )


def allocations_add_up(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M11: what an entry allocates is what it moved for the consumer; '' is his advance."""
    moved = "SUM(CASE p.side WHEN 'C' THEN p.amount_paisa ELSE -p.amount_paisa END)"
    yield from each_row(
        connection,
        "M11",
        "SELECT entry_seq, account_no, SUM(moved) AS moved, SUM(allocated) AS allocated FROM ("
        f"SELECT p.entry_seq, p.account_of AS account_no, {moved} AS moved, 0 AS allocated "
        "FROM postings p JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        "WHERE p.ibc_id = :ibc_id AND p.account_code IN (1100, 2010) "
        f"AND e.kind NOT IN {CHARGES} GROUP BY p.entry_seq, p.account_of "
        "UNION ALL SELECT a.entry_seq, a.account_no, 0, SUM(a.amount_paisa) FROM allocations a "
        "WHERE a.ibc_id = :ibc_id GROUP BY a.entry_seq, a.account_no) AS both_sides "
        "GROUP BY entry_seq, account_no HAVING SUM(moved) <> SUM(allocated) ORDER BY entry_seq",
        "entry {entry_seq}",
        "It moves {moved} paisa for account {account_no} and allocates {allocated}.",
        ibc_id=ibc_id,
    )
    yield from each_row(
        connection,
        "M11",
        "SELECT account_no, SUM(kept) AS kept, SUM(allocated) AS allocated FROM ("
        "SELECT p.account_of AS account_no, "
        f"{moved} AS kept, 0 AS allocated FROM postings p WHERE p.ibc_id = :ibc_id "
        "AND p.account_code = 2010 GROUP BY p.account_of UNION ALL "
        "SELECT a.account_no, 0, SUM(a.amount_paisa) FROM allocations a "
        "WHERE a.ibc_id = :ibc_id AND a.invoice_no = '' GROUP BY a.account_no) AS both_sides "
        "GROUP BY account_no HAVING SUM(kept) <> SUM(allocated) ORDER BY account_no",
        "account {account_no}",
        "The advance is {kept} paisa and the allocations to it are {allocated}.",
        ibc_id=ibc_id,
    )


def cash_is_whole_rupees(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M18: cash that was taken without doubt has no paisa."""
    yield from each_row(
        connection,
        "M18",
        "SELECT e.seq, p.amount_paisa FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id "
        "AND p.entry_seq = e.seq WHERE e.ibc_id = :ibc_id AND e.kind = 'collection_cash' "
        "AND p.account_code = 1010 AND p.amount_paisa % 100 <> 0 ORDER BY e.seq",
        "entry {seq}",
        "{amount_paisa} paisa of cash are not whole rupees.",
        ibc_id=ibc_id,
    )


def notes_make_the_amount(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M18: the notes that an officer counted, times what they are worth, make the amount."""
    said = (
        "(SELECT SUM(CAST(key AS INTEGER) * value) FROM json_each(c.denominations))"
        if connection.dialect.name == "sqlite"
        else "(SELECT SUM(n.key::bigint * n.value::bigint)::bigint "
        "FROM json_each_text(c.denominations::json) AS n)"
    )
    yield from each_row(
        connection,
        "M18",
        "SELECT receipt_no, amount_paisa, rupees FROM ("
        f"SELECT c.receipt_no, c.amount_paisa, {said} AS rupees FROM collections c "
        "WHERE c.ibc_id = :ibc_id AND c.tender = 'cash' AND c.denominations IS NOT NULL) AS counted "
        "WHERE rupees IS NULL OR rupees * 100 <> amount_paisa ORDER BY receipt_no",
        "receipt {receipt_no}",
        "Its notes make {rupees} rupees and its amount is {amount_paisa} paisa.",
        ibc_id=ibc_id,
    )


def receipts_stand_as_recorded(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M19, from the other side: the first entry of a collection has the record's amount."""
    yield from each_row(
        connection,
        "M19",
        "SELECT e.seq, c.receipt_no, c.amount_paisa, p.amount_paisa AS posted FROM entries e "
        "JOIN collections c ON c.ibc_id = e.ibc_id AND c.id = e.source_id "
        "JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq AND p.line_no = 1 "
        "WHERE e.ibc_id = :ibc_id AND e.source_entity = 'collection' "
        "AND e.kind LIKE 'collection_%' AND p.amount_paisa <> c.amount_paisa ORDER BY e.seq",
        "entry {seq}",
        "Receipt {receipt_no} says {amount_paisa} paisa and the books say {posted}.",
        ibc_id=ibc_id,
    )


CHECKS: dict[str, tuple[Check, ...]] = {
    "M1 every entry balances": (entries_balance,),
    "M2 nothing is changed": (nothing_can_change,),
    "M3 all balances sum to zero": (all_balances_are_zero,),
    "M4 never driven below zero": (never_driven_below_zero,),
    "M5 one key, one request, one entry": (one_key_one_request,),
    "M6 reversed once, by its mirror": (reversed_once_by_mirror,),
    "M7 cash is in custody, named or banked": (cash_is_all_there,),
    "M8 uncleared is what has no outcome": (
        uncleared_is_what_has_no_outcome,
        presented_at_most_twice,
    ),
    "M9 billing control is bills and adjustments": (billing_is_bills_less_what_was_let_off,),
    "M10 receipt numbers are unique and without gaps": (
        receipt_numbers_are_unique,
        blocks_have_no_gap,
    ),
    "M11 allocations add up": (allocations_add_up,),
    "M12 matches add up and hold once": (
        matches_add_up,
        nothing_is_held_twice,
        lines_know_their_match,
    ),
    "M13 closed dates stay closed": (closed_dates_stay_closed,),
    "M14 both chains verify": (log_chain_verifies, books_chain_verifies),
    "M15 what was refused left no trace": (refused_leaves_no_trace,),
    "M16 two people stood behind it": (two_people_stood_behind_it,),
    "M17 no cut against money unsaid": (cuts_against_money_were_said,),
    "M18 cash is whole rupees": (cash_is_whole_rupees, notes_make_the_amount),
    "M19 rebuild gives the same books": (receipts_stand_as_recorded, rebuild_gives_the_same),
    "M20 any order ends the same": (order_changes_nothing,),
}
"""The registry: every invariant in issue scope, with the checks that hold it."""


def findings_by_check(connection: Connection, ibc_id: str) -> dict[str, list[Finding]]:
    """Every check by its name, with what it found."""
    return {
        name: [finding for check in checks for finding in check(connection, ibc_id)]
        for name, checks in CHECKS.items()
    }


def verify(connection: Connection, ibc_id: str) -> list[Finding]:
    """Run every check; an empty list means that the books hold."""
    return [
        finding
        for checks in CHECKS.values()
        for check in checks
        for finding in check(connection, ibc_id)
    ]


def _codes() -> str:
    return ", ".join(str(code) for code in sorted(CHART))
