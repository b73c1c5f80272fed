"""How a reconciler sends statements in, and what a bank's day looks like."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from tests.integration.office.desk import Desk, a_key
from tests.unit.ledger.statements.files import AGENCY, BANK, MT940

USUAL = {
    "account": None,
    "columns": None,
    "delimiter": "comma",
    "date_form": "dd/mm/yyyy",
    "pads_account_no": False,
    "newest_first": False,
    "fee_bp": 100,
    "fee_each_paisa": 0,
    "tolerance_paisa": 0,
    "active": True,
    "provider": None,
}
BANK_SOURCE = USUAL | {
    "code": "HBL-CSV",
    "name": "HBL collection account",
    "kind": "bank",
    "format": "csv",
    "bank_account": "HBL-1",
    "columns": dict(BANK.columns),
}
MT940_SOURCE = USUAL | {
    "code": "SCB-MT",
    "name": "SCB collection account",
    "kind": "bank",
    "format": "mt940",
    "bank_account": "SCB-1",
    "account": MT940.account,
}
AGENCY_SOURCE = USUAL | {
    "code": "JAZZ",
    "name": "JazzCash",
    "kind": "agency",
    "format": "csv",
    "bank_account": "HBL-1",
    "provider": "jazzcash",
    "date_form": "yyyy-mm-dd",
    "columns": dict(AGENCY.columns),
}


def save(desk: Desk, source: dict[str, Any]) -> str:
    answer = desk.post("/statement-sources", source, key=a_key())
    assert answer.status_code == 200, answer.text
    return str(source["code"])


def send(desk: Desk, source: str, content: str | bytes, **said: Any) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    query = urlencode({"source": source, **said})
    return desk.post(f"/statements?{query}", data=raw, content_type="application/octet-stream")


def send_form(desk: Desk, source: str, content: str, field: str = "file") -> Any:
    form = {field: (BytesIO(content.encode()), "statement.csv")}
    return desk.post(f"/statements?source={source}", data=form)


def bank_day(day: int, opening: int, *lines: tuple[str, int]) -> str:
    """A day's CSV in rupees: (words, amount) with the running balance."""
    text, balance = "Date,Particulars,Chq No,Debit,Credit,Balance\n", opening
    for words, rupees in lines:
        balance += rupees
        debit, credit = ("", rupees) if rupees > 0 else (-rupees, "")
        text += f"{day:02d}/04/2026,{words},,{debit},{credit},{balance}\n"
    return text
