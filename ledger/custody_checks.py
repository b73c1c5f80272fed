"""The invariants of cash, tenders, billing and close (domain manual §6.8: M7 to M9, M13, M15 to M17) as checks."""

from collections.abc import Iterator

from sqlalchemy import Connection

from ledger.findings import Finding, each_row

SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"
IN_CUSTODY = "1010, 1020, 1025, 1060, 1065, 1070, 2080, 4900, 5030"
"""Where cash is, or is missing, until a bank or a payroll has it."""
LEAVES_CUSTODY = (
    "'deposit_banked', 'shortage_recovered', 'loss_recovered', 'difference_recovered', 'reversed', "
    "'refunded'"
)
WITHOUT_OUTCOME = "'in_hand', 'handed_over', 'in_clearing', 'claimed'"

PAID_BEFORE_MS = 3_600_000
"""A payment within the hour before a cut always has a case; sync/collisions.py looks further."""


def cash_is_all_there(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M7: cash receipts that stand are in custody, missing by name, or banked."""
    yield from each_row(
        connection,
        "M7",
        "SELECT * FROM (SELECT (SELECT COALESCE(SUM(c.amount_paisa), 0) FROM collections c "
        "WHERE c.ibc_id = :ibc_id AND c.tender = 'cash' "
        "AND c.state IN ('posted', 'suspense', 'transferred')) AS taken, "
        f"(SELECT COALESCE(SUM({SIGNED}), 0) FROM postings p WHERE p.ibc_id = :ibc_id "
        f"AND p.account_code IN ({IN_CUSTODY})) AS held, "
        f"(SELECT COALESCE(SUM({SIGNED}), 0) FROM entries e JOIN postings p "
        "ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq WHERE e.ibc_id = :ibc_id "
        f"AND e.kind IN ({LEAVES_CUSTODY}) AND (p.account_code IN (1210, 2900) "
        "OR e.kind = 'refunded' AND p.account_code = 2010) "
        "AND EXISTS (SELECT 1 FROM postings q WHERE q.ibc_id = e.ibc_id AND q.entry_seq = e.seq "
        f"AND q.account_code IN ({IN_CUSTODY}))) AS banked, "
        # Malformed money has an entry and no record; the books keep what they posted for it.
        "(SELECT COALESCE(SUM(p.amount_paisa), 0) FROM entries e JOIN postings p "
        "ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq AND p.account_code = 1010 "
        "WHERE e.ibc_id = :ibc_id AND e.kind IN ('collection_cash', 'collection_suspense') "
        "AND NOT EXISTS (SELECT 1 FROM collections c WHERE c.ibc_id = e.ibc_id "
        "AND c.id = e.source_id)) AS unread) AS sums WHERE taken + unread <> held + banked",
        "cash",
        "Receipts are {taken} paisa and {unread} that could not be read; {held} are in custody "
        "or missing by name and {banked} are banked or given back.",
        ibc_id=ibc_id,
    )


def uncleared_is_what_has_no_outcome(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M8: 2110 is, holder by holder, the tenders without a final outcome."""
    yield from each_row(
        connection,
        "M8",
        "SELECT holder, SUM(booked) AS booked, SUM(open) AS open FROM ("
        f"SELECT p.account_of AS holder, -SUM({SIGNED}) AS booked, 0 AS open FROM postings p "
        "WHERE p.ibc_id = :ibc_id AND p.account_code = 2110 GROUP BY p.account_of "
        "UNION ALL SELECT COALESCE(i.account_no, i.id), 0, SUM(i.amount_paisa) FROM instruments i "
        f"WHERE i.ibc_id = :ibc_id AND i.state IN ({WITHOUT_OUTCOME}) "
        "GROUP BY COALESCE(i.account_no, i.id)) AS both_sides "
        "GROUP BY holder HAVING SUM(booked) <> SUM(open) ORDER BY holder",
        "account 2110 {holder}",
        "{booked} paisa are uncleared and the tenders without an outcome are {open}.",
        ibc_id=ibc_id,
    )


def presented_at_most_twice(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M8: one re-presentation, and one final outcome."""
    yield from each_row(
        connection,
        "M8",
        "SELECT id, presented FROM instruments WHERE ibc_id = :ibc_id AND presented > 2 "
        "ORDER BY id",
        "instrument {id}",
        "The bank has had it {presented} times.",
        ibc_id=ibc_id,
    )


def billing_is_bills_less_what_was_let_off(
    connection: Connection, ibc_id: str
) -> Iterator[Finding]:
    """M9: the billing control account is moved by bills and approved adjustments alone."""
    yield from each_row(
        connection,
        "M9",
        "SELECT e.seq, e.kind FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id "
        "AND p.entry_seq = e.seq WHERE e.ibc_id = :ibc_id AND p.account_code = 2900 "
        "AND e.source_entity NOT IN ('bill', 'adjustment', 'fee') ORDER BY e.seq",
        "entry {seq}",
        "{kind} moves the billing control account.",
        ibc_id=ibc_id,
    )
    yield from each_row(
        connection,
        "M9",
        "SELECT b.id, b.invoice_no, CASE WHEN b.deleted_at IS NULL THEN b.current_paisa ELSE 0 END "
        f"AS billed, COALESCE((SELECT -SUM({SIGNED}) FROM entries e JOIN postings p "
        "ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq AND p.account_code = 2900 "
        "WHERE e.ibc_id = b.ibc_id AND e.source_id = b.id), 0) AS posted FROM bills b "
        "JOIN books_offsets o ON o.ibc_id = b.ibc_id JOIN log_heads h ON h.ibc_id = b.ibc_id "
        "WHERE b.ibc_id = :ibc_id AND o.log_seq >= h.seq "
        "AND CASE WHEN b.deleted_at IS NULL THEN b.current_paisa ELSE 0 END <> "
        f"COALESCE((SELECT -SUM({SIGNED}) FROM entries e JOIN postings p "
        "ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq AND p.account_code = 2900 "
        "WHERE e.ibc_id = b.ibc_id AND e.source_id = b.id), 0) ORDER BY b.id",
        "bill {invoice_no}",
        "It charges {billed} paisa and the books have {posted}.",
        ibc_id=ibc_id,
    )


def closed_dates_stay_closed(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M13: no entry was written on a date after that date was closed."""
    yield from each_row(
        connection,
        "M13",
        "SELECT e.seq, e.business_date, MIN(c.closed_seq) AS closed_seq FROM entries e "
        "JOIN periods c ON c.ibc_id = e.ibc_id AND c.business_date >= e.business_date "
        "AND c.closed_seq < e.log_seq WHERE e.ibc_id = :ibc_id "
        "GROUP BY e.seq, e.business_date ORDER BY e.seq",
        "entry {seq}",
        "It is on {business_date}, which log entry {closed_seq} had closed.",
        ibc_id=ibc_id,
    )


def refused_leaves_no_trace(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M15: nothing that was rejected, or still waits, is in the books."""
    yield from each_row(
        connection,
        "M15",
        "SELECT e.seq, e.log_seq, m.outcome FROM entries e JOIN mutations m "
        "ON m.ibc_id = e.ibc_id AND m.seq = e.log_seq WHERE e.ibc_id = :ibc_id "
        "AND m.outcome IN ('rejected', 'waiting', 'conflict') ORDER BY e.seq",
        "entry {seq}",
        "Log entry {log_seq} was {outcome} and is in the books.",
        ibc_id=ibc_id,
    )


ONE_PERSON = {
    "decision": "SELECT id, maker_id AS person FROM decisions "
    "WHERE ibc_id = :ibc_id AND state = 'approved' AND maker_id = checker_id",
    "adjustment": "SELECT id, maker_id AS person FROM adjustments WHERE ibc_id = :ibc_id "
    "AND state = 'approved' AND (maker_id = checker_id OR maker_id = second_checker_id "
    "OR checker_id = second_checker_id OR checker_id IS NULL "
    "OR (kind LIKE '%written_off' AND second_checker_id IS NULL))",
    "refund": "SELECT id, maker_id AS person FROM refunds "
    "WHERE ibc_id = :ibc_id AND state = 'approved' AND maker_id = checker_id",
    "fee": "SELECT id, maker_id AS person FROM fees "
    "WHERE ibc_id = :ibc_id AND state = 'approved' AND maker_id = checker_id",
    "handover": "SELECT id, officer_id AS person FROM handovers "
    "WHERE ibc_id = :ibc_id AND officer_id = cashier_id",
    "surprise count": "SELECT id, officer_id AS person FROM surprise_counts "
    "WHERE ibc_id = :ibc_id AND officer_id = counter_id",
    "clearing": "SELECT c.id, c.maker_id AS person FROM clearings c JOIN deposits d "
    "ON d.ibc_id = c.ibc_id AND d.maker_id = c.maker_id AND (d.id = c.deposit_id OR d.id = "
    "(SELECT i.deposit_id FROM instruments i WHERE i.ibc_id = c.ibc_id AND i.id = c.collection_id))"
    " WHERE c.ibc_id = :ibc_id",
}
"""What two people must have done → a query for where one did both."""


def two_people_stood_behind_it(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M16: maker and checker, officer and cashier, cashier and reconciler are different people."""
    for what, statement in ONE_PERSON.items():
        yield from each_row(
            connection,
            "M16",
            f"{statement} ORDER BY 1",
            what + " {id}",
            "One person, {person}, stands on both sides of it.",
            ibc_id=ibc_id,
        )


def cuts_against_money_were_said(connection: Connection, ibc_id: str) -> Iterator[Finding]:
    """M17: a cut on the day of an earlier payment has its case, in whatever order the two came."""
    yield from each_row(
        connection,
        "M17",
        "SELECT a.id, a.account_no FROM disconnection_acts a WHERE a.ibc_id = :ibc_id "
        "AND a.deleted_at IS NULL AND EXISTS (SELECT 1 FROM collections c "
        "WHERE c.ibc_id = a.ibc_id AND c.account_no = a.account_no "
        "AND c.occurred_at < a.occurred_at AND c.occurred_at >= a.occurred_at - :before_ms "
        "AND c.state IN ('posted', 'in_hand', 'claimed')) "
        "AND NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.ibc_id = a.ibc_id "
        "AND x.kind IN ('WRONGFUL_CUT', 'UNLAWFUL_CUT') AND (x.subject_id = a.id "
        "OR x.account_no = a.account_no)) ORDER BY a.id",
        "cut {id}",
        "Account {account_no} had paid shortly before and nobody was told.",
        ibc_id=ibc_id,
        before_ms=PAID_BEFORE_MS,
    )
