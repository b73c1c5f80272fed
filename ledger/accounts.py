"""The chart of accounts: what each code means, which side raises it, and whether it may fall below zero."""

from dataclasses import dataclass

DEBIT, CREDIT = "D", "C"


@dataclass(frozen=True, slots=True)
class Account:
    """One row of the chart (domain manual §6.5)."""

    name: str
    normal: str
    never_negative: bool
    of: str
    """What `account_of` names: whose account it is; '' where there is only one."""


CASH_WITH_OFFICER = 1010
CASH_AT_IBC = 1020
CASH_IN_TRANSIT = 1025
CHEQUES_IN_HAND = 1030
CHEQUES_IN_CLEARING = 1040
WALLET_CLEARING = 1050
SHORTAGE = 1060
LOSS = 1065
DEPOSIT_DIFFERENCE = 1070
RECEIVABLE = 1100
BANK = 1210
ADVANCE = 2010
OVERAGE = 2080
UNIDENTIFIED = 2090
UNCLEARED = 2110
BILLING = 2900
OVERAGE_INCOME = 4900
CHARGES = 5020
WRITTEN_OFF = 5030

CHART: dict[int, Account] = {
    1010: Account("Cash with officer", DEBIT, never_negative=True, of="custody session"),
    1020: Account("Cash at IBC", DEBIT, never_negative=True, of="ibc"),
    1025: Account("Cash in transit to bank", DEBIT, never_negative=True, of="slip"),
    1030: Account("Cheques in hand", DEBIT, never_negative=True, of="custodian"),
    1040: Account("Cheques in clearing", DEBIT, never_negative=True, of="slip"),
    1050: Account("Agency and wallet clearing", DEBIT, never_negative=False, of="provider"),
    1060: Account("Due from officer (shortage)", DEBIT, never_negative=True, of="custody session"),
    1065: Account("Loss under inquiry", DEBIT, never_negative=True, of="custody session"),
    1070: Account("Deposit differences under inquiry", DEBIT, never_negative=False, of="bank"),
    1100: Account("Consumer receivable", DEBIT, never_negative=False, of="consumer"),
    1210: Account("Bank", DEBIT, never_negative=False, of="bank account"),
    2010: Account("Consumer advance", CREDIT, never_negative=True, of="consumer"),
    2080: Account("Cash overage, unexplained", CREDIT, never_negative=True, of="custody session"),
    2090: Account("Unidentified receipts (suspense)", CREDIT, never_negative=True, of="collection"),
    2110: Account("Uncleared tenders", CREDIT, never_negative=True, of="consumer"),
    2220: Account("Commission payable", CREDIT, never_negative=True, of="officer"),
    2900: Account("Billing control", CREDIT, never_negative=False, of=""),
    4900: Account("Overage taken to income", CREDIT, never_negative=False, of=""),
    5020: Account("Bank and agency charges", DEBIT, never_negative=False, of=""),
    5030: Account("Cash shortage written off", DEBIT, never_negative=False, of=""),
}
"""2110 of a tender whose account is unknown is kept under the collection's id until identified."""

NEVER_NEGATIVE_SIGN: dict[int, int] = {
    code: 1 if account.normal == DEBIT else -1
    for code, account in CHART.items()
    if account.never_negative
}
"""Code → sign that turns a debit-positive balance into what must not be below zero."""

OF_SESSION = (CASH_WITH_OFFICER, SHORTAGE, LOSS, OVERAGE)
"""Accounts kept per custody session: together they are what its holder answers for."""
AT_IBC = "ibc"
"""Whose 1020 and 1030 it is, once the cashier has it."""

OF_CONSUMER = (RECEIVABLE, ADVANCE, UNCLEARED)
"""Accounts kept per consumer: together they are his standing."""


def custody_session(officer_id: str, local_date: str) -> str:
    """Who is answerable for the cash of which day; never moved by the server (ruling 23)."""
    return f"{officer_id}/{local_date}"
