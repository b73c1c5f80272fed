"""The journal templates of what moves by decision alone: waivers, recoveries, write-offs, overages kept."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.accounts import (
    AT_IBC,
    BANK,
    BILLING,
    CASH_AT_IBC,
    CREDIT,
    DEBIT,
    DEPOSIT_DIFFERENCE,
    LOSS,
    OVERAGE,
    OVERAGE_INCOME,
    SHORTAGE,
    WRITTEN_OFF,
)
from ledger.draft import Leg
from ledger.page import Posted, consumer_legs, enter, pay
from ledger.view import Books

WAIVER = "waiver"


class Kind(NamedTuple):
    """What one kind does to an account of a session or a bank."""

    clears: int
    side: str
    """The side on which the account is written."""
    against: int | None
    """The other account; None: by how the money came in."""
    signatures: int


KINDS: dict[str, Kind] = {
    "shortage_recovered": Kind(SHORTAGE, CREDIT, None, 1),
    "shortage_written_off": Kind(SHORTAGE, CREDIT, WRITTEN_OFF, 2),
    "overage_to_income": Kind(OVERAGE, DEBIT, OVERAGE_INCOME, 1),
    "loss_recovered": Kind(LOSS, CREDIT, None, 1),
    "loss_written_off": Kind(LOSS, CREDIT, WRITTEN_OFF, 2),
    "difference_recovered": Kind(DEPOSIT_DIFFERENCE, CREDIT, None, 1),
    "difference_written_off": Kind(DEPOSIT_DIFFERENCE, CREDIT, WRITTEN_OFF, 2),
}
"""Every kind but the waiver, which is about a consumer."""


def signatures_of(kind: str) -> int:
    """How many people must approve what somebody else has proposed."""
    return KINDS[kind].signatures if kind in KINDS else 1


def adjustment(books: Books, posted: Posted) -> None:
    """Only what one person proposed and others approved posts (M16)."""
    row = posted.row
    fields = row.fields
    if fields.get("state") != "approved" or books.history.get(row.record_id):
        return
    kind = str(fields.get("kind"))
    signed = [fields.get(name) for name in ("checker_id", "second_checker_id")]
    people = [fields.get("maker_id"), *signed[: signatures_of(kind)]]
    if not all(people) or len(set(people)) < len(people):
        posted.trouble(
            "MAKER_IS_CHECKER", "an adjustment needs as many people as it has signatures"
        )
        return
    why = objection(books, fields)
    if why is not None:
        posted.trouble("DECISION_WITHOUT_EFFECT", f"{kind} has no effect: {why}")
    elif kind == WAIVER:
        _waive(books, posted)
    else:
        _clear(books, posted, kind)


def objection(books: Books, fields: Mapping[str, Any]) -> str | None:
    """Why an adjustment cannot stand on these books, as a message key; None when it can. Pure."""
    kind, amount = str(fields.get("kind")), int(fields.get("amount_paisa") or 0)
    if kind == WAIVER:
        return (
            None if 0 < amount <= books.due(str(fields.get("account_no"))) else "more_than_is_due"
        )
    if kind not in KINDS:
        return "unknown_kind"
    known = KINDS[kind]
    balance = books.balance(known.clears, str(fields.get("account_of")))
    there = balance if known.side == CREDIT else -balance
    return None if 0 < amount <= there else "more_than_is_there"


def _waive(books: Books, posted: Posted) -> None:
    """What was let off; billing is told by export."""
    fields = posted.row.fields
    account_no, amount = str(fields["account_no"]), int(fields["amount_paisa"])
    shares = pay(books, account_no, amount)
    legs = [Leg(BILLING, "", DEBIT, amount), *consumer_legs(account_no, shares)]
    enter(books, posted, "waived", legs, shares)


def _clear(books: Books, posted: Posted, name: str) -> None:
    fields, kind = posted.row.fields, KINDS[name]
    amount = int(fields["amount_paisa"])
    own = Leg(kind.clears, str(fields["account_of"]), kind.side, amount)
    code, of = (kind.against, "") if kind.against is not None else _paid_into(fields)
    other = Leg(code, of, DEBIT if kind.side == CREDIT else CREDIT, amount)
    enter(books, posted, name, sorted((own, other), key=lambda leg: leg.side != DEBIT))


def _paid_into(fields: Mapping[str, Any]) -> tuple[int, str]:
    """Where a recovery came in; what payroll keeps back, billing's books receive (2900)."""
    match fields.get("paid_by"):
        case "bank":
            return BANK, str(fields["bank_account"])
        case "payroll":
            return BILLING, ""
    return CASH_AT_IBC, AT_IBC
