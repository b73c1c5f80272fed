"""Log rows as the office makes them between hand and bank."""

from typing import Any

from ledger.accounts import custody_session
from ledger.log_row import LogRow
from tests.unit.ledger.street import DAY, O1042, RS, row

BANK = "HBL-0042"
SESSION = custody_session(O1042, DAY)


def handed_over(rupees: int, *cheques: LogRow, purpose: str = "closing", **how: Any) -> LogRow:
    """The cashier's count of what an officer brings."""
    fields = {
        "officer_id": how.pop("officer_id", O1042),
        "session_date": how.pop("session_date", DAY),
        "purpose": purpose,
        "counted_paisa": rupees * RS,
        "cheque_ids": [cheque.record_id for cheque in cheques],
        "cashier_id": "cashier-1",
        "state": "accepted",
    }
    return row("handover", fields, **how)


def turned_in(rupees: int, *cheques: LogRow, **how: Any) -> LogRow:
    return handed_over(rupees, *cheques, purpose="turn_in", **how)


def robbed(**how: Any) -> LogRow:
    fields = {
        "officer_id": how.pop("officer_id", O1042),
        "session_date": how.pop("session_date", DAY),
        "kind": how.pop("kind", "robbed"),
    }
    return row("loss_report", fields, **how)


def drawer(staff_id: str, rupees: int, **how: Any) -> LogRow:
    fields = {
        "account_of": custody_session(staff_id, DAY),
        "officer_id": staff_id,
        "business_date": DAY,
        "kind": "counter",
        "opening_paisa": rupees * RS,
        "state": "open",
    }
    return row("cash_session", fields, **how)


def deposited(rupees: int, *cheques: LogRow, **how: Any) -> LogRow:
    fields = {
        "kind": "cheque" if cheques else "cash",
        "bank_account": BANK,
        "total_paisa": rupees * RS,
        "cheque_ids": [cheque.record_id for cheque in cheques] or None,
        "state": "at_bank",
    }
    return row("deposit", fields, **how)


def bank_says(outcome: str, about: LogRow | None = None, rupees: int = 0, **how: Any) -> LogRow:
    """One outcome of a slip, a cheque or a claim."""
    kind = about.entity if about is not None else ""
    fields = {
        "outcome": outcome,
        "deposit_id": about.record_id if about is not None and kind == "deposit" else None,
        "collection_id": about.record_id if about is not None and kind == "collection" else None,
        "undoes_id": None,
        "account_no": None,
        "provider": "1link",
        "bank_account": BANK,
        "amount_paisa": rupees * RS,
        "fee_paisa": how.pop("fee", 0) * RS,
        **how.pop("fields", {}),
    }
    return row("clearing", fields, **how)


def undo(wrong: LogRow) -> LogRow:
    same = {name: wrong.fields[name] for name in ("deposit_id", "collection_id")}
    return bank_says("undone", fields={"undoes_id": wrong.record_id, **same})


def adjusted(kind: str, rupees: int, of: str | None = SESSION, **how: Any) -> LogRow:
    fields = {
        "kind": kind,
        "account_no": how.pop("account_no", None),
        "account_of": of,
        "amount_paisa": rupees * RS,
        "paid_by": how.pop("paid_by", "cash"),
        "bank_account": BANK,
        "state": how.pop("state", "approved"),
        "maker_id": "cashier-1",
        "checker_id": how.pop("checker_id", "manager-1"),
        "second_checker_id": how.pop("second_checker_id", "finance-1"),
    }
    return row("adjustment", fields, **how)


def closed(date: str = DAY) -> LogRow:
    return row("period", {"business_date": date, "closer_id": "finance-1", "forced": False})


def refunded(account_no: str, rupees: int, paid_from: str = "cash", **how: Any) -> LogRow:
    fields = {
        "account_no": account_no,
        "amount_paisa": rupees * RS,
        "paid_from": paid_from,
        "bank_account": None if paid_from == "cash" else BANK,
        "state": "approved",
        "maker_id": "cashier-1",
        "checker_id": how.pop("checker_id", "manager-1"),
    }
    return row("refund", fields, **how)


def fee_charged(account_no: str, rupees: int, **how: Any) -> LogRow:
    fields = {
        "account_no": account_no,
        "on_date": DAY,
        "amount_paisa": rupees * RS,
        "state": "approved",
        "maker_id": "clerk-1",
        "checker_id": "manager-1",
    }
    return row("fee", fields, **how)
