"""Money on its way: cash at the IBC, slips and cheques at the bank, claims at the agency."""

from dataclasses import dataclass
from typing import Any

from infra.database import Database, fetch
from infra.ids import derived_id
from sync.books import post
from tests.building import NOW, Office, a_bill, a_collection, a_phone, a_put, office_write

RS = 100
TODAY = "2026-04-08"
EMPTY = {
    "bag_no": None,
    "denominations": None,
    "cheque_ids": None,
    "photo_sha256": None,
    "state": "at_bank",
}


@dataclass
class Street:
    """One officer's phone and the cashier's desk behind it."""

    database: Database
    ibc: Office
    serial: int = 0
    handovers: int = 0

    def __post_init__(self) -> None:
        self.phone = a_phone(self.database, self.ibc)
        bills = [
            a_bill(account, f"INV-{n}", current_paisa=2_000 * RS, bill_month="2026-03")
            for n, account in enumerate(self.ibc.accounts)
        ]
        office_write(self.database, "DEF", *bills)

    def collect(self, account: str, rupees: int, **how: Any) -> str:
        receipt = f"Q3-{self.serial + 1:06d}"
        self.serial += 1
        row = self.phone.put(
            "collection", a_collection(account, receipt, amount_paisa=rupees * RS, **how)
        )
        self.phone.push(row)
        return str(row["record_id"])

    def cheque(self, account: str, rupees: int, number: str) -> str:
        return self.collect(
            account,
            rupees,
            tender="cheque",
            bank="HBL",
            instrument_no=number,
            instrument_date=TODAY,
        )

    def claim(self, account: str, rupees: int, txn: str) -> str:
        return self.collect(
            account, rupees, tender="wallet", wallet_provider="jazzcash", wallet_txn_id=txn
        )

    def turn_in(self, rupees: int = 0, *cheques: str) -> None:
        """The cashier takes cash and cheques over."""
        self.handovers += 1
        handover = a_put(
            "handover",
            derived_id("handover", str(self.handovers)),
            officer_id=self.phone.officer_id,
            session_date=TODAY,
            purpose="turn_in",
            count_id=None,
            cheque_ids=list(cheques),
            counted=None,
            counted_paisa=rupees * RS,
            state="accepted",
        )
        office_write(self.database, "DEF", handover)

    def deposit(self, slip_no: str, rupees: int, *cheques: str, on: str = TODAY) -> str:
        """A slip leaves for the bank."""
        deposit_id = derived_id("deposit", slip_no, str(rupees), on)
        fields = EMPTY | {
            "kind": "cheque" if cheques else "cash",
            "bank_account": "HBL-1",
            "slip_no": slip_no,
            "total_paisa": rupees * RS,
            "cheque_ids": list(cheques) or None,
            "deposited_on": on,
        }
        office_write(self.database, "DEF", a_put("deposit", deposit_id, **fields))
        self.post()
        return deposit_id

    def post(self) -> None:
        post(self.database, "DEF", NOW)

    def balances(self) -> dict[tuple[int, str], int]:
        """What the books say, in rupees, without what is zero."""
        self.post()
        with self.database.read() as connection:
            found = fetch(
                connection,
                "SELECT account_code AS code, account_of AS of_, SUM(CASE side WHEN 'D' "
                "THEN amount_paisa ELSE -amount_paisa END) AS paisa FROM postings "
                "WHERE ibc_id = 'DEF' GROUP BY account_code, account_of",
            )
        return {(row.code, row.of_): int(row.paisa) / RS for row in found if row.paisa}

    def balance(self, code: int) -> float:
        """All accounts of one code together."""
        return sum(paisa for (one, _), paisa in self.balances().items() if one == code)
