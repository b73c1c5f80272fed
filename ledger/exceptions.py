"""Every kind of exception: whose work it is, until when, how grave; and the row that opens one."""

from dataclasses import dataclass
from typing import Any

from infra.clock import Milliseconds
from infra.ids import derived_id

HOUR = 3_600_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of domain manual §6.11."""

    owner_role: str
    due_after_ms: Milliseconds
    severity: int
    """1 now, 2 today, 3 this week, 4 for information."""


KINDS: dict[str, Kind] = {
    # Money that came with a doubt (sync/push.py opens these).
    "UNKNOWN_ACCOUNT": Kind("clerk", DAY, 3),
    "OTHER_IBC": Kind("clerk", DAY, 3),
    "RECEIPT_NO_REUSED": Kind("clerk", 4 * HOUR, 2),
    "RECEIPT_NOT_ISSUED": Kind("supervisor", 4 * HOUR, 2),
    "MALFORMED": Kind("clerk", DAY, 3),
    "ID_REUSED": Kind("admin", 4 * HOUR, 2),
    "RECORD_REUSED": Kind("admin", 4 * HOUR, 2),
    "DEVICE_UNTRUSTED": Kind("admin", 4 * HOUR, 2),
    "CHAIN_BROKEN": Kind("auditor", 0, 1),
    "SIGNATURE_BAD": Kind("admin", 4 * HOUR, 1),
    "FORK": Kind("auditor", 0, 1),
    "VERIFY_CODE_BAD": Kind("supervisor", HOUR, 1),
    "INVOICE_NO_REUSED": Kind("clerk", DAY, 3),
    "CONFLICT": Kind("clerk", DAY, 3),
    "OUR_FAULT": Kind("admin", HOUR, 1),
    "WAITED_TOO_LONG": Kind("supervisor", DAY, 3),
    # What the books find when they post.
    "DOUBLE_COLLECTION": Kind("clerk", DAY, 3),
    "OVERPAYMENT": Kind("clerk", 2 * DAY, 3),
    "MAKER_IS_CHECKER": Kind("finance", DAY, 2),
    "DECISION_WITHOUT_EFFECT": Kind("finance", DAY, 3),
    "BILL_UNREADABLE": Kind("admin", DAY, 2),
    "POISON": Kind("admin", HOUR, 1),
    "INVARIANT_BROKEN": Kind("auditor", 0, 1),
    # Receipts, custody and handover.
    "CHAIN_GAP": Kind("supervisor", DAY, 2),
    "RECEIPT_GAP": Kind("supervisor", DAY, 3),
    "CUSTODY_LIMIT_BREACH": Kind("supervisor", HOUR, 1),
    "HANDOVER_SHORT": Kind("supervisor", DAY, 2),
    "HANDOVER_OVER": Kind("supervisor", 2 * DAY, 3),
    "HANDOVER_BEFORE_SYNC": Kind("cashier", DAY, 3),
    "SETTLEMENT_LATE": Kind("supervisor", DAY, 2),
    "DEPOSIT_LATE": Kind("cashier", DAY, 2),
    "DEPOSIT_SHORT": Kind("reconciler", 2 * DAY, 2),
    "DEPOSIT_MISSING": Kind("finance", DAY, 2),
    # Bank, cheques, agencies, billing.
    "STATEMENT_GAP": Kind("reconciler", DAY, 3),
    "STATEMENT_DOES_NOT_FOOT": Kind("reconciler", DAY, 2),
    "AMBIGUOUS": Kind("reconciler", 3 * DAY, 3),
    "UNMATCHED_BANK": Kind("reconciler", 3 * DAY, 3),
    "UNMATCHED_BOOK": Kind("reconciler", 3 * DAY, 3),
    "CHEQUE_RETURNED": Kind("clerk", DAY, 2),
    "CHEQUE_STALE": Kind("reconciler", DAY, 3),
    "CLAIM_UNCONFIRMED": Kind("reconciler", 2 * DAY, 3),
    "DUPLICATE_TXN": Kind("reconciler", 2 * DAY, 2),
    "BILLING_DIFFERENCE": Kind("finance", 3 * DAY, 3),
    "BILLING_REJECTED": Kind("finance", DAY, 2),
    "LATE_FACT_CLOSED_DAY": Kind("finance", 7 * DAY, 4),
    # The street.
    "CLOCK_UNTRUSTED": Kind("supervisor", 2 * DAY, 3),
    "GPS_SUSPECT": Kind("supervisor", 2 * DAY, 3),
    "DOUBLE_VISIT": Kind("supervisor", 2 * DAY, 4),
    "UNLAWFUL_CUT": Kind("ibc_manager", HOUR, 1),
    "WRONGFUL_CUT": Kind("ibc_manager", HOUR, 1),
    "SERVED_AFTER_WITHDRAWAL": Kind("supervisor", DAY, 3),
    "NOTICE_UNSERVED_AGEING": Kind("supervisor", 2 * DAY, 3),
    "READING_REGRESSION": Kind("clerk", 2 * DAY, 3),
    "METER_MISMATCH": Kind("clerk", 2 * DAY, 3),
    "SLA_BREACH": Kind("supervisor", DAY, 2),
}


DESK_KINDS = frozenset(
    {
        "CONFLICT",
        "DOUBLE_COLLECTION",
        "DOUBLE_VISIT",
        "SERVED_AFTER_WITHDRAWAL",
        "READING_REGRESSION",
        "UNLAWFUL_CUT",
        "WRONGFUL_CUT",
    }
)
"""Two facts or edits that met: people settle these at the desk (sync/desk.py). Held money is not
among them: decisions settle that, and the books count what is `open`."""


def case(
    kind: str,
    *,
    ibc_id: str,
    subject_entity: str,
    subject_id: str,
    opened_by_seq: int,
    now: Milliseconds,
    mutation_id: str | None = None,
    distinct: str = "",
    account_no: str | None = None,
    amount_paisa: int | None = None,
    detail: str | None = None,
) -> dict[str, Any]:
    """A row of `exceptions`; the same kind about the same subject is the same row.

    `distinct` tells two of one kind about one subject apart, such as two bodies under one id.
    """
    known = KINDS[kind]
    return {
        "ibc_id": ibc_id,
        "id": derived_id("case", ibc_id, kind, subject_id, distinct),
        "kind": kind,
        "subject_entity": subject_entity,
        "subject_id": subject_id,
        "mutation_id": mutation_id,
        "account_no": account_no,
        "amount_paisa": amount_paisa,
        "detail": detail,
        "opened_at": now,
        "opened_by_seq": opened_by_seq,
        "due_at": now + known.due_after_ms,
        "owner_role": known.owner_role,
        "state": "open",
        "version": 1,
        "assignee_id": None,
        "resolution": None,
        "resolved_by_seq": None,
    }
