"""The supervisor's figures (domain manual §6.12): each is a list of rows, and its value is made of that list alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection

from infra.clock import DAY_MS, Milliseconds, local_date, start_of_date
from infra.database import fetch

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
Row = dict[str, Any]


class Unit(StrEnum):
    """What a figure counts."""

    PAISA = "paisa"
    COUNT = "count"
    BASIS_POINTS = "bp"
    HOURS = "hours"
    MINUTES = "minutes"
    PER_THOUSAND = "per_1000"


class Made(StrEnum):
    """How the value is made of its rows: from `part`, and `whole` where there is one."""

    SUM = "sum"
    SHARE = "share"
    AVERAGE = "average"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    MOST = "most"


TIMES = {Unit.BASIS_POINTS: 10_000, Unit.PER_THOUSAND: 1_000}
PERCENT = {Made.P50: 50, Made.P90: 90, Made.P95: 95, Made.MOST: 100}


@dataclass(frozen=True)
class Figure:
    """One figure: its unit, how it is made, and the query of its rows."""

    unit: Unit
    made: Made
    rows: str
    about: str
    """A sentence for whoever reads the number."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """The dates that a figure is about, both included, and when somebody looks."""

    first: date
    last: date
    first_ms: Milliseconds
    end_ms: Milliseconds
    """The first moment after the last date, by the IBC's clock on the wall."""
    now: Milliseconds

    def parameters(self) -> dict[str, Any]:
        """Everything that a query of rows may name."""
        return {
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "first_ms": self.first_ms,
            "end_ms": self.end_ms,
            "now": self.now,
            **{
                f"before_{days}": (self.last - timedelta(days=days)).isoformat()
                for days in (8, 30, 60, 90, 365)
            },
        }


def period_of(first: date | None, last: date | None, *, timezone: str, now: Milliseconds) -> Period:
    """From one date to another; what is not said is the present month up to today."""
    today = local_date(now, timezone)
    until = last or (today if first is None else max(first, today))
    begun = first or until.replace(day=1)
    return Period(
        first=begun,
        last=until,
        first_ms=start_of_date(begun, timezone),
        end_ms=start_of_date(until + timedelta(days=1), timezone),
        now=now,
    )


def _rows(
    what: str,
    *,
    id: str,  # noqa: A002  # the member of a row that it fills
    entity: str,
    account: str = "CAST(NULL AS TEXT)",
    officer: str = "CAST(NULL AS TEXT)",
    area: str = "CAST(NULL AS TEXT)",
    at: str = "CAST(NULL AS BIGINT)",
    part: str = "1",
    whole: str = "0",
) -> str:
    """A query of rows: `what` begins with FROM; every figure has the same members."""
    return (
        f"SELECT {id} AS id, '{entity}' AS entity, {account} AS account_no, "
        f"{officer} AS officer_id, {area} AS area_id, {at} AS at, "
        f"{part} AS part, {whole} AS whole {what}"
    )


# What a consumer paid: credits less debits that stand on a collection, whoever took it.
PAID = (
    "SELECT e.seq, p.line_no, e.source_id, e.occurred_at, e.business_date, "
    "p.account_of AS account_no, "
    "CASE p.side WHEN 'C' THEN p.amount_paisa ELSE -p.amount_paisa END AS paisa "
    "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "WHERE e.ibc_id = :ibc_id AND e.source_entity = 'collection' AND e.kind <> 'advance_applied' "
    "AND p.account_code IN (1100, 2010)"
)
# What billing charged: debits less credits that stand on a bill.
BILLED = (
    "SELECT e.source_id, e.business_date, p.account_of AS account_no, "
    "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END AS paisa "
    "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "WHERE e.ibc_id = :ibc_id AND e.source_entity = 'bill' AND e.kind <> 'advance_applied' "
    "AND p.account_code IN (1100, 2010)"
)
IN_PERIOD = "occurred_at >= :first_ms AND {0}occurred_at < :end_ms"
BY_DATE = "business_date BETWEEN :first AND :last"
# What each account paid and was charged in the period, a row an account.
PAID_BY_ACCOUNT = (
    f"SELECT account_no, SUM(paisa) AS paisa FROM ({PAID}) AS each_one "
    f"WHERE {IN_PERIOD.format('')} GROUP BY account_no"
)
BILLED_BY_ACCOUNT = (
    f"SELECT account_no, SUM(paisa) AS paisa FROM ({BILLED}) AS each_one "
    f"WHERE {BY_DATE} GROUP BY account_no"
)
OPENING_BY_ACCOUNT = (
    "SELECT p.account_of AS account_no, "
    "SUM(CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END) AS paisa "
    "FROM entries e JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "WHERE e.ibc_id = :ibc_id AND p.account_code = 1100 AND e.business_date < :first "
    "GROUP BY p.account_of"
)
CONSUMER = "LEFT JOIN consumers c ON c.ibc_id = :ibc_id AND c.account_no = {0}.account_no"
# What is still open on each bill, as of now.
OPEN_BILLS = (
    "SELECT b.id, b.account_no, b.due_date, SUM(p.amount_paisa) - COALESCE((SELECT "
    "SUM(a.amount_paisa) FROM allocations a WHERE a.ibc_id = :ibc_id "
    "AND a.invoice_no = b.invoice_no AND a.account_no = b.account_no), 0) AS open_paisa "
    "FROM bills b JOIN entries e ON e.ibc_id = b.ibc_id AND e.source_id = b.id "
    "AND e.kind = 'bill_charged' JOIN postings p ON p.ibc_id = e.ibc_id AND p.entry_seq = e.seq "
    "AND p.account_code = 1100 WHERE b.ibc_id = :ibc_id "
    "GROUP BY b.id, b.account_no, b.due_date, b.invoice_no"
)
NO_CONTACT = (
    "'not_home', 'locked', 'vacant', 'shifted', 'wrong_address', 'unsafe_aborted', 'area_off'"
)
VISITS = (
    f"FROM visits v {CONSUMER.format('v')} WHERE v.ibc_id = :ibc_id AND v.deleted_at IS NULL "
    f"AND v.{IN_PERIOD.format('v.')}"
)
STOPS = (
    "FROM stops s JOIN rounds r ON r.ibc_id = s.ibc_id AND r.id = s.round_id "
    "WHERE s.ibc_id = :ibc_id AND r.business_date BETWEEN :first AND :last "
    "AND r.state <> 'cancelled' AND s.state NOT IN ('moved', 'withdrawn') "
    "AND s.deleted_at IS NULL AND r.deleted_at IS NULL"
)
COLLECTIONS = (
    f"FROM collections k {CONSUMER.format('k')} WHERE k.ibc_id = :ibc_id "
    f"AND k.{IN_PERIOD.format('k.')}"
)
SESSIONS = (
    "FROM custody_sessions t JOIN (SELECT p.account_of, MIN(e.occurred_at) AS since, "
    "SUM(CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END) AS paisa "
    "FROM postings p JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
    "WHERE p.ibc_id = :ibc_id AND p.account_code = 1010 GROUP BY p.account_of) AS held "
    "ON held.account_of = t.account_of WHERE t.ibc_id = :ibc_id AND held.paisa <> 0"
)
NOTICES = f"FROM notices n {CONSUMER.format('n')} WHERE n.ibc_id = :ibc_id"
SERVICES = (
    f"FROM notice_services s {CONSUMER.format('s')} WHERE s.ibc_id = :ibc_id "
    f"AND s.{IN_PERIOD.format('s.')}"
)
CUTS = (
    f"FROM disconnection_acts d {CONSUMER.format('d')} WHERE d.ibc_id = :ibc_id "
    f"AND d.{IN_PERIOD.format('d.')}"
)
ISSUES = f"FROM meter_issues m {CONSUMER.format('m')} WHERE m.ibc_id = :ibc_id"
ENDED = "('fixed', 'verified', 'closed', 'duplicate', 'rejected')"
ISSUE_OPEN = f"COALESCE(m.state, 'reported') NOT IN {ENDED}"
CASES = "FROM exceptions x WHERE x.ibc_id = :ibc_id"
DEVICES = (
    "FROM device_chains h LEFT JOIN devices d ON d.ibc_id = h.ibc_id AND d.id = h.device_id "
    "WHERE h.ibc_id = :ibc_id AND h.ended_at IS NULL"
)


def _of_accounts(what: str, part: str, whole: str) -> str:
    return _rows(
        what,
        id="w.account_no",
        entity="consumer",
        account="w.account_no",
        area="c.area_id",
        part=part,
        whole=whole,
    )


def _overdue(condition: str) -> str:
    return _rows(
        f"FROM ({OPEN_BILLS}) AS b {CONSUMER.format('b')} WHERE b.open_paisa > 0 AND {condition}",
        id="b.id",
        entity="bill",
        account="b.account_no",
        area="c.area_id",
        part="b.open_paisa",
    )


def _unpaid_months(condition: str) -> str:
    return _of_accounts(
        f"FROM (SELECT account_no, COUNT(*) AS months FROM ({OPEN_BILLS}) AS b "
        f"WHERE open_paisa > 0 AND due_date < :last GROUP BY account_no) AS w "
        f"{CONSUMER.format('w')} WHERE w.months {condition}",
        part="1",
        whole="0",
    )


def _visits(part: str, whole: str = "0", condition: str = "") -> str:
    return _rows(
        f"{VISITS}{condition}",
        id="v.id",
        entity="visit",
        account="v.account_no",
        officer="v.officer_id",
        area="c.area_id",
        at="v.occurred_at",
        part=part,
        whole=whole,
    )


def _stops(part: str, whole: str = "0") -> str:
    return _rows(
        STOPS,
        id="s.id",
        entity="stop",
        account="s.account_no",
        officer="r.officer_id",
        area="r.area_id",
        part=part,
        whole=whole,
    )


def _collections(part: str, whole: str = "0", condition: str = "") -> str:
    return _rows(
        f"{COLLECTIONS}{condition}",
        id="k.id",
        entity="collection",
        account="k.account_no",
        officer="k.officer_id",
        area="c.area_id",
        at="k.occurred_at",
        part=part,
        whole=whole,
    )


def _cases(part: str, condition: str) -> str:
    return _rows(
        f"{CASES} AND {condition}",
        id="x.id",
        entity="exception",
        account="x.account_no",
        at="x.opened_at",
        part=part,
    )


def _issues(part: str, condition: str, whole: str = "0") -> str:
    return _rows(
        f"{ISSUES} AND {condition}",
        id="m.id",
        entity="meter_issue",
        account="m.account_no",
        officer="m.officer_id",
        area="c.area_id",
        at="m.occurred_at",
        part=part,
        whole=whole,
    )


def _notices(part: str, condition: str, whole: str = "0") -> str:
    return _rows(
        f"{NOTICES} AND {condition}",
        id="n.id",
        entity="notice",
        account="n.account_no",
        area="c.area_id",
        part=part,
        whole=whole,
    )


def _services(part: str, whole: str = "1") -> str:
    return _rows(
        SERVICES,
        id="s.id",
        entity="notice_service",
        account="s.account_no",
        officer="s.officer_id",
        area="c.area_id",
        at="s.occurred_at",
        part=part,
        whole=whole,
    )


def _devices(part: str, condition: str) -> str:
    return _rows(
        f"{DEVICES} AND {condition}",
        id="h.device_id",
        entity="device",
        officer="d.staff_id",
        at="h.last_seen_at",
        part=part,
    )


def _yes(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


U, M = Unit, Made
FIGURES: dict[str, Figure] = {
    # Money.
    "collected": Figure(
        U.PAISA,
        M.SUM,
        _rows(
            f"FROM ({PAID}) AS w {CONSUMER.format('w')} LEFT JOIN collections k "
            "ON k.ibc_id = :ibc_id AND k.id = w.source_id "
            f"WHERE w.{IN_PERIOD.format('w.')}",
            id="CAST(w.seq AS TEXT) || '-' || CAST(w.line_no AS TEXT)",
            entity="posting",
            account="w.account_no",
            officer="k.officer_id",
            area="c.area_id",
            at="w.occurred_at",
            part="w.paisa",
        ),
        "What consumers paid, less what was voided or reversed; uncleared tenders are not in it.",
    ),
    "collection_efficiency": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _of_accounts(
            "FROM (SELECT account_no, SUM(paid) AS paid, SUM(billed) AS billed FROM ("
            f"SELECT account_no, paisa AS paid, 0 AS billed FROM ({PAID_BY_ACCOUNT}) AS paid_ones "
            f"UNION ALL SELECT account_no, 0, paisa FROM ({BILLED_BY_ACCOUNT}) AS billed_ones"
            f") AS both_sides GROUP BY account_no) AS w {CONSUMER.format('w')}",
            part="w.paid",
            whole="w.billed",
        ),
        "Collected of what was billed in the same time.",
    ),
    "arrears_recovered": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _of_accounts(
            f"FROM ({OPENING_BY_ACCOUNT}) AS w LEFT JOIN ({PAID_BY_ACCOUNT}) AS paid "
            f"ON paid.account_no = w.account_no {CONSUMER.format('w')} WHERE w.paisa > 0",
            part="CASE WHEN COALESCE(paid.paisa, 0) < w.paisa THEN COALESCE(paid.paisa, 0) "
            "ELSE w.paisa END",
            whole="w.paisa",
        ),
        "Of what was owed at the beginning, how much was paid.",
    ),
    "paying_ratio": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _of_accounts(
            f"FROM ({BILLED_BY_ACCOUNT}) AS w LEFT JOIN ({PAID_BY_ACCOUNT}) AS paid "
            f"ON paid.account_no = w.account_no {CONSUMER.format('w')} WHERE w.paisa > 0",
            part=_yes("COALESCE(paid.paisa, 0) > 0"),
            whole="1",
        ),
        "Of the consumers who were billed, how many paid anything.",
    ),
    "overdue_to_30_days": Figure(
        U.PAISA,
        M.SUM,
        _overdue("b.due_date < :last AND b.due_date >= :before_30"),
        "Open on bills that have been due for 1 to 30 days.",
    ),
    "overdue_31_to_60_days": Figure(
        U.PAISA,
        M.SUM,
        _overdue("b.due_date < :before_30 AND b.due_date >= :before_60"),
        "Open on bills that have been due for 31 to 60 days.",
    ),
    "overdue_61_to_90_days": Figure(
        U.PAISA,
        M.SUM,
        _overdue("b.due_date < :before_60 AND b.due_date >= :before_90"),
        "Open on bills that have been due for 61 to 90 days.",
    ),
    "overdue_91_to_365_days": Figure(
        U.PAISA,
        M.SUM,
        _overdue("b.due_date < :before_90 AND b.due_date >= :before_365"),
        "Open on bills that have been due for 91 to 365 days.",
    ),
    "overdue_over_365_days": Figure(
        U.PAISA,
        M.SUM,
        _overdue("b.due_date < :before_365"),
        "Open on bills that have been due for more than a year.",
    ),
    "unpaid_1_month": Figure(U.COUNT, M.SUM, _unpaid_months("= 1"), "One bill is overdue."),
    "unpaid_2_months": Figure(U.COUNT, M.SUM, _unpaid_months("= 2"), "Two bills are overdue."),
    "unpaid_3_months": Figure(U.COUNT, M.SUM, _unpaid_months("= 3"), "Three bills are overdue."),
    "unpaid_4_months": Figure(U.COUNT, M.SUM, _unpaid_months(">= 4"), "Four bills or more."),
    # The round.
    "stops_planned": Figure(U.COUNT, M.SUM, _stops("1"), "Doors of the rounds of these days."),
    "stops_visited": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _stops(_yes("s.state IN ('visited', 'done', 'revisit')"), "1"),
        "Of the doors that were planned, how many were visited.",
    ),
    "contact_rate": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _visits(_yes(f"v.outcome NOT IN ({NO_CONTACT})"), "1"),
        "Of the visits, how many met somebody.",
    ),
    "conversion": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _visits(
            _yes("v.outcome IN ('paid', 'part_paid')"),
            "1",
            f" AND v.outcome NOT IN ({NO_CONTACT})",
        ),
        "Of the visits that met somebody, how many were paid.",
    ),
    "collected_per_visit": Figure(
        U.PAISA,
        M.AVERAGE,
        f"{_visits('0', '1')} UNION ALL {_collections('k.amount_paisa')}",
        "What officers took, for each visit.",
    ),
    "minutes_between_visits": Figure(
        U.MINUTES,
        M.P50,
        "SELECT * FROM ("
        + _visits(
            f"(v.occurred_at - LAG(v.occurred_at) OVER (PARTITION BY v.officer_id "
            f"ORDER BY v.occurred_at, v.id)) / {MINUTE_MS}"
        )
        + f") AS gaps WHERE part BETWEEN 0 AND {12 * 60}",
        "From one visit of an officer to his next, half of the times.",
    ),
    "promises_kept": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _rows(
            f"FROM visits v {CONSUMER.format('v')} WHERE v.ibc_id = :ibc_id "
            "AND v.outcome = 'promise' AND v.promise_date BETWEEN :first AND :last",
            id="v.id",
            entity="visit",
            account="v.account_no",
            officer="v.officer_id",
            area="c.area_id",
            at="v.occurred_at",
            part=_yes(
                f"COALESCE((SELECT SUM(w.paisa) FROM ({PAID}) AS w "
                "WHERE w.account_no = v.account_no AND w.occurred_at >= v.occurred_at "
                "AND w.business_date <= v.promise_date), 0) >= COALESCE(v.promise_paisa, 1)"
            ),
            whole="1",
        ),
        "Of the promises that fell due, how many were paid by their day.",
    ),
    "unsafe_aborts": Figure(
        U.COUNT,
        M.SUM,
        _visits("1", condition=" AND v.outcome = 'unsafe_aborted'"),
        "Visits that were broken off because it was not safe; never counted against anybody.",
    ),
    # Cash.
    "cash_in_custody": Figure(
        U.PAISA,
        M.SUM,
        _rows(
            SESSIONS,
            id="t.id",
            entity="custody_session",
            officer="t.officer_id",
            at="held.since",
            part="held.paisa",
        ),
        "Cash that officers hold now.",
    ),
    "oldest_cash": Figure(
        U.HOURS,
        M.MOST,
        _rows(
            SESSIONS,
            id="t.id",
            entity="custody_session",
            officer="t.officer_id",
            at="held.since",
            part=f"(:now - held.since) / {HOUR_MS}",
        ),
        "How long the oldest of it has been held.",
    ),
    "void_rate": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _collections(_yes("k.state IN ('void', 'reversed')"), "1"),
        "Of the receipts, how many were voided or reversed.",
    ),
    "uncleared": Figure(
        U.PAISA,
        M.SUM,
        _rows(
            f"FROM collections k {CONSUMER.format('k')} WHERE k.ibc_id = :ibc_id "
            "AND k.state IN ('in_hand', 'claimed')",
            id="k.id",
            entity="collection",
            account="k.account_no",
            officer="k.officer_id",
            area="c.area_id",
            at="k.occurred_at",
            part="k.amount_paisa",
        ),
        "Cheques, pay orders and wallet claims that are no money yet.",
    ),
    "claims_unconfirmed": Figure(
        U.COUNT,
        M.SUM,
        _rows(
            f"FROM collections k {CONSUMER.format('k')} WHERE k.ibc_id = :ibc_id "
            f"AND k.state = 'claimed' AND k.occurred_at < :now - {3 * DAY_MS}",
            id="k.id",
            entity="collection",
            account="k.account_no",
            officer="k.officer_id",
            area="c.area_id",
            at="k.occurred_at",
        ),
        "Wallet claims that nobody has confirmed for three days.",
    ),
    # Exceptions.
    "exceptions_opened": Figure(
        U.COUNT,
        M.SUM,
        _cases("1", "x.opened_at >= :first_ms AND x.opened_at < :end_ms"),
        "Exceptions that were opened.",
    ),
    "exceptions_open": Figure(
        U.COUNT, M.SUM, _cases("1", "x.state <> 'resolved'"), "Exceptions that are open now."
    ),
    "exceptions_overdue": Figure(
        U.COUNT,
        M.SUM,
        _cases("1", "x.state <> 'resolved' AND x.due_at < :now"),
        "Open exceptions whose time is over.",
    ),
    "exception_age": Figure(
        U.HOURS,
        M.P90,
        _cases(f"(:now - x.opened_at) / {HOUR_MS}", "x.state <> 'resolved'"),
        "Nine of ten open exceptions are younger.",
    ),
    # Law.
    "notices_served": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _notices(
            _yes("n.state IN ('served', 'refused', 'pasted', 'matured', 'order_raised')"),
            "n.issued_on BETWEEN :first AND :last AND n.state NOT IN ('drafted', 'withdrawn')",
            "1",
        ),
        "Of the notices that were issued and not withdrawn, how many were served.",
    ),
    "notices_with_position": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _services(_yes("s.evidence LIKE '%lat_e6%'")),
        "Of the services of notices, how many carry a position.",
    ),
    "matured_not_acted_on": Figure(
        U.COUNT,
        M.SUM,
        _notices(
            "1",
            "n.served_on <= :before_8 AND n.state IN ('served', 'refused', 'pasted', 'matured') "
            "AND c.supply_state NOT IN ('disconnected', 'removed')",
        ),
        "Notices whose seven clear days are over and after which nothing happened.",
    ),
    "paid_after_notice": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _services(
            _yes(
                f"EXISTS (SELECT 1 FROM ({PAID}) AS w WHERE w.account_no = s.account_no "
                "AND w.paisa > 0 AND w.occurred_at >= s.occurred_at "
                f"AND w.occurred_at < s.occurred_at + {7 * DAY_MS})"
            )
        ),
        "Of the notices that were served, how many were paid upon within seven days.",
    ),
    "cuts_lawful": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _rows(
            CUTS,
            id="d.id",
            entity="disconnection_act",
            account="d.account_no",
            officer="d.officer_id",
            area="c.area_id",
            at="d.occurred_at",
            part=_yes(
                "NOT EXISTS (SELECT 1 FROM exceptions x WHERE x.ibc_id = d.ibc_id "
                "AND x.subject_id = d.id AND x.kind IN ('WRONGFUL_CUT', 'UNLAWFUL_CUT'))"
            ),
            whole="1",
        ),
        "Of the cuts, how many nobody had to call wrongful or unlawful.",
    ),
    "wrongful_cuts": Figure(
        U.COUNT,
        M.SUM,
        _cases(
            "1",
            "x.kind IN ('WRONGFUL_CUT', 'UNLAWFUL_CUT') "
            "AND x.opened_at >= :first_ms AND x.opened_at < :end_ms",
        ),
        "Cuts that should not have been.",
    ),
    "reconnection_time": Figure(
        U.HOURS,
        M.P90,
        "SELECT * FROM ("
        + _rows(
            f"FROM reconnection_acts a {CONSUMER.format('a')} WHERE a.ibc_id = :ibc_id "
            f"AND a.{IN_PERIOD.format('a.')}",
            id="a.id",
            entity="reconnection_act",
            account="a.account_no",
            officer="a.officer_id",
            area="c.area_id",
            at="a.occurred_at",
            part=f"(a.occurred_at - (SELECT MAX(w.occurred_at) FROM ({PAID}) AS w "
            "WHERE w.account_no = a.account_no AND w.paisa > 0 "
            f"AND w.occurred_at <= a.occurred_at)) / {HOUR_MS}",
        )
        + ") AS times WHERE part IS NOT NULL",
        "From the last payment to the reconnection, nine of ten times.",
    ),
    # Service.
    "issues_reported": Figure(
        U.COUNT,
        M.SUM,
        _issues("1", f"m.{IN_PERIOD.format('m.')}"),
        "Meter troubles that were reported.",
    ),
    "issues_open": Figure(U.COUNT, M.SUM, _issues("1", ISSUE_OPEN), "Meter troubles open now."),
    "issues_closed": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _issues(_yes(f"NOT ({ISSUE_OPEN})"), f"m.{IN_PERIOD.format('m.')}", "1"),
        "Of those reported, how many are closed.",
    ),
    "meter_limit_at_risk": Figure(
        U.COUNT,
        M.SUM,
        _issues("1", f"{ISSUE_OPEN} AND m.occurred_at < :now - {45 * DAY_MS}"),
        "Open for more than 45 of the 60 days in which a meter is to be replaced (CSM 4.3).",
    ),
    "issues_linked_to_118": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _issues(_yes("m.reported_to_118_no IS NOT NULL"), f"m.{IN_PERIOD.format('m.')}", "1"),
        "Of those reported, how many name their number at 118.",
    ),
    # Sync.
    "devices_silent_2_hours": Figure(
        U.COUNT,
        M.SUM,
        _devices("1", f"h.last_seen_at < :now - {2 * HOUR_MS}"),
        "Phones that were not heard of for two hours.",
    ),
    "devices_silent_24_hours": Figure(
        U.COUNT,
        M.SUM,
        _devices("1", f"h.last_seen_at < :now - {DAY_MS}"),
        "Phones that were not heard of for a day.",
    ),
    "outbox_age": Figure(
        U.HOURS,
        M.P95,
        _devices(f"(:now - h.pending_since) / {HOUR_MS}", "h.pending_since IS NOT NULL"),
        "How long phones have had something to send, 95 of a hundred.",
    ),
    "facts_late": Figure(
        U.BASIS_POINTS,
        M.SHARE,
        _rows(
            "FROM mutations f WHERE f.ibc_id = :ibc_id AND f.origin = 'device' "
            "AND f.received_at >= :first_ms AND f.received_at < :end_ms",
            id="f.id || '/' || CAST(f.seq AS TEXT)",
            entity="mutation",
            officer="f.officer_id",
            at="f.occurred_at",
            part=_yes(f"f.received_at - f.occurred_at > {DAY_MS}"),
            whole="1",
        ),
        "Of what phones sent, how much was more than a day old.",
    ),
    "conflicts": Figure(
        U.PER_THOUSAND,
        M.SHARE,
        _rows(
            "FROM mutations f WHERE f.ibc_id = :ibc_id AND f.origin = 'device' "
            "AND f.received_at >= :first_ms AND f.received_at < :end_ms",
            id="f.id || '/' || CAST(f.seq AS TEXT)",
            entity="mutation",
            officer="f.officer_id",
            at="f.occurred_at",
            part=_yes("f.outcome = 'conflict'"),
            whole="1",
        ),
        "Edits that met another, in a thousand.",
    ),
}
"""The figures by name. What needs counts, deposits or bank lines stands with those."""


def value_of(
    connection: Connection,
    ibc_id: str,
    name: str,
    period: Period,
    *,
    area_id: str | None = None,
    officer_id: str | None = None,
) -> Row:
    """A figure's value, and what it is made of: rows, part and whole. None where nothing is to divide."""
    figure = FIGURES[name]
    chosen, parameters = _chosen(figure, ibc_id, period, area_id, officer_id)
    found = fetch(
        connection,
        "SELECT COUNT(*) AS row_count, COALESCE(SUM(part), 0) AS part, "
        f"COALESCE(SUM(whole), 0) AS whole FROM ({chosen}) AS chosen",
        **parameters,
    )[0]
    made = {"row_count": found.row_count, "part": int(found.part), "whole": int(found.whole)}
    if figure.made in PERCENT:
        value = _percentile(connection, chosen, parameters, made["row_count"], figure.made)
    else:
        value = ratio(figure, made["part"], made["whole"])
    return {
        "name": name,
        "unit": figure.unit.value,
        "made": figure.made.value,
        "about": figure.about,
        "value": value,
        **made,
    }


def ratio(figure: Figure, part: int, whole: int) -> int | None:
    """The value of what is summed or divided; halves up, away from no float. Pure."""
    if figure.made is Made.SUM:
        return part
    if whole == 0:
        return None
    return (2 * part * TIMES.get(figure.unit, 1) + whole) // (2 * whole)


def rows_of(
    connection: Connection,
    ibc_id: str,
    name: str,
    period: Period,
    *,
    area_id: str | None = None,
    officer_id: str | None = None,
    after: tuple[str, str] = ("", ""),
    limit: int,
) -> list[Row]:
    """The rows behind a figure, by entity and id."""
    chosen, parameters = _chosen(FIGURES[name], ibc_id, period, area_id, officer_id)
    found = fetch(
        connection,
        f"SELECT * FROM ({chosen}) AS chosen WHERE (entity, id) > (:after_entity, :after_id) "
        "ORDER BY entity, id LIMIT :limit",
        **parameters,
        after_entity=after[0],
        after_id=after[1],
        limit=limit,
    )
    return [row._asdict() for row in found]


def targets_of(
    connection: Connection, ibc_id: str, month: str, area_id: str | None
) -> Mapping[str, int]:
    """Figure → what a manager wants of it in that month, for the area or the whole IBC."""
    found = fetch(
        connection,
        "SELECT kind, wanted FROM targets WHERE ibc_id = :ibc_id AND month = :month "
        "AND COALESCE(area_id, '') = :area_id AND deleted_at IS NULL ORDER BY received_at, id",
        ibc_id=ibc_id,
        month=month,
        area_id=area_id or "",
    )
    return {row.kind: row.wanted for row in found}


def _chosen(
    figure: Figure, ibc_id: str, period: Period, area_id: str | None, officer_id: str | None
) -> tuple[str, dict[str, Any]]:
    """The query of a figure's rows, for one area or one officer when they are named."""
    conditions = {"area_id": area_id, "officer_id": officer_id}
    named = {name: value for name, value in conditions.items() if value is not None}
    where = " AND ".join(f"{name} = :{name}" for name in named) or "1 = 1"
    query = f"SELECT * FROM ({figure.rows}) AS behind WHERE {where}"
    return query, {"ibc_id": ibc_id, **period.parameters(), **named}


def _percentile(
    connection: Connection, chosen: str, parameters: Mapping[str, Any], count: int, made: Made
) -> int | None:
    """The smallest value that so many of a hundred rows do not exceed."""
    if not count:
        return None
    found = fetch(
        connection,
        f"SELECT part FROM ({chosen}) AS chosen ORDER BY part LIMIT 1 OFFSET :behind",
        **parameters,
        behind=-(-count * PERCENT[made] // 100) - 1,
    )
    return int(found[0].part)
