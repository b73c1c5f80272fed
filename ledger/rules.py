"""What causes what in the books, as literal tables; sync/effects.py faces them on the other side."""

from collections.abc import Callable

from ledger.adjustments import adjustment
from ledger.custody import handover, loss, opening, surprise
from ledger.decisions import decision
from ledger.given_back import fee, refund
from ledger.page import Posted
from ledger.templates import bill, close_date, collection, show_consumer
from ledger.tenders import clearing, deposit
from ledger.view import Books

RULES: dict[tuple[str, str], Callable[[Books, Posted], None]] = {
    ("office", "consumer"): show_consumer,
    ("office", "bill"): bill,
    ("office", "collection"): collection,
    ("office", "decision"): decision,
    ("office", "cash_session"): opening,
    ("office", "handover"): handover,
    ("office", "loss_report"): loss,
    ("office", "surprise_count"): surprise,
    ("office", "deposit"): deposit,
    ("office", "clearing"): clearing,
    ("office", "adjustment"): adjustment,
    ("office", "period"): close_date,
    ("office", "refund"): refund,
    ("office", "fee"): fee,
    ("device", "collection"): collection,
}
"""(origin, entity) → template. What is not here posts nothing, a `receipt_void` among it."""

AT_ONCE, AFTER_DECISION = "at once", "after a person's decision"

HELD: dict[str, str] = {
    "UNKNOWN_ACCOUNT": AT_ONCE,
    "OTHER_IBC": AT_ONCE,
    "RECEIPT_NO_REUSED": AT_ONCE,
    "RECEIPT_NOT_ISSUED": AT_ONCE,
    "MALFORMED": AT_ONCE,
    "ID_REUSED": AFTER_DECISION,
    "RECORD_REUSED": AFTER_DECISION,
    "DEVICE_UNTRUSTED": AFTER_DECISION,
    "CHAIN_BROKEN": AFTER_DECISION,
    "FORK": AFTER_DECISION,
    "SIGNATURE_BAD": AFTER_DECISION,
    "VERIFY_CODE_BAD": AFTER_DECISION,
}
"""Held money: against 2090 at once, or beside the books as *claimed* (ruling 12)."""

POSTS_NOW = frozenset({"applied", "merged"})
"""Outcomes that post; waiting, in conflict and rejected wait for a later fate or post nothing."""

CAUSES: dict[str, tuple[str, ...]] = {
    "office consumer": ("books position",),
    "office bill": ("bill_charged", "bill_credited", "books position"),
    "device collection": (
        "collection_cash",
        "collection_suspense",
        "collection_cheque",
        "collection_wallet",
        "books position",
    ),
    "office collection": (
        "collection_cash",
        "collection_suspense",
        "collection_cheque",
        "collection_wallet",
        "books position",
    ),
    "office decision": (
        "identified",
        "transferred",
        "reversed",
        "session_revalued",
        "books position",
    ),
    "office cash_session": ("float_given",),
    "office handover": (
        "handed_over",
        "turned_in",
        "cheque_handed_over",
        "session_revalued",
        "books cash_session",
    ),
    "office loss_report": ("session_revalued", "books cash_session"),
    "office surprise_count": ("books surprise_count",),
    "office deposit": ("cash_deposited", "cheque_deposited"),
    "office clearing": (
        "deposit_banked",
        "cheque_cleared",
        "cheque_returned",
        "cheque_represented",
        "claim_confirmed",
        "claim_refused",
        "agency_paid",
        "agency_settled",
        "reversed",
        "books position",
    ),
    "office adjustment": (
        "waived",
        "shortage_recovered",
        "shortage_written_off",
        "overage_to_income",
        "loss_recovered",
        "loss_written_off",
        "difference_recovered",
        "difference_written_off",
        "books position",
    ),
    "office period": ("books period",),
    "office refund": ("refunded", "books position"),
    "office fee": ("fee_charged", "books position"),
    "bill_charged": ("advance_applied",),
    "fee_charged": ("advance_applied",),
    "transferred": ("advance_applied", "books collection"),
    "reversed": ("advance_applied", "session_revalued", "books collection"),
    "identified": ("books collection",),
    "handed_over": ("session_revalued", "books cash_session"),
    "turned_in": ("session_revalued", "books cash_session"),
    "session_revalued": ("books cash_session",),
    "collection_cash": ("session_revalued", "books collection", "books cash_session"),
    "collection_suspense": ("session_revalued", "books collection", "books cash_session"),
    "collection_cheque": ("books collection", "books instrument"),
    "collection_wallet": ("books collection", "books instrument"),
    "cheque_handed_over": ("books collection", "books instrument"),
    "cheque_deposited": ("books collection", "books instrument"),
    "cheque_cleared": ("books collection", "books instrument"),
    "cheque_returned": ("books collection", "books instrument"),
    "cheque_represented": ("books collection", "books instrument"),
    "claim_confirmed": ("books collection", "books instrument"),
    "claim_refused": ("books collection", "books instrument"),
}
"""Log rows → kinds of entries → kinds they lead to, and what the books append to the log, which
no rule reads: the graph has no circle (tested, and held against what really happens)."""


def posts(outcome: str, code: str | None) -> bool:
    """Whether a row with this outcome has anything for the books at all."""
    if outcome == "held":
        return HELD.get(code or "", AFTER_DECISION) == AT_ONCE
    return outcome in POSTS_NOW
