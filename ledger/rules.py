"""What causes what in the books, as literal tables; sync/effects.py faces them on the other side."""

from collections.abc import Callable

from ledger.decisions import decision
from ledger.given_back import fee, refund
from ledger.page import Posted
from ledger.templates import bill, collection, show_consumer
from ledger.view import Books

RULES: dict[tuple[str, str], Callable[[Books, Posted], None]] = {
    ("office", "consumer"): show_consumer,
    ("office", "bill"): bill,
    ("office", "collection"): collection,
    ("office", "decision"): decision,
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
    "office decision": ("identified", "transferred", "reversed", "books position"),
    "office refund": ("refunded", "books position"),
    "office fee": ("fee_charged", "books position"),
    "bill_charged": ("advance_applied",),
    "fee_charged": ("advance_applied",),
    "transferred": ("advance_applied", "books collection"),
    "reversed": ("advance_applied", "books collection"),
    "identified": ("books collection",),
    "collection_cash": ("books collection",),
    "collection_suspense": ("books collection",),
    "collection_cheque": ("books collection",),
    "collection_wallet": ("books collection",),
}
"""Log rows → kinds of entries → kinds they lead to, and what the books append to the log, which
no rule reads: the graph has no circle (tested, and held against what really happens)."""


def posts(outcome: str, code: str | None) -> bool:
    """Whether a row with this outcome has anything for the books at all."""
    if outcome == "held":
        return HELD.get(code or "", AFTER_DECISION) == AT_ONCE
    return outcome in POSTS_NOW
