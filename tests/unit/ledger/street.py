"""Log rows as a street makes them, and the books read back like a ledger page."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.posting import post
from ledger.view import Books

A, B, C, D, E = (f"04000000000{n:02d}" for n in range(1, 6))
O1042, O1077 = "officer-1042", "officer-1077"
DAY = "2026-04-08"
RS = 100

_numbers = count(1)


def row(entity: str, fields: dict[str, Any], **how: Any) -> LogRow:
    n = next(_numbers)
    origin = how.pop("origin", "office")
    record_id = how.pop("record_id", f"{entity}-{n}")
    return LogRow(
        **{
            "seq": n,
            "mutation_id": f"mutation-{n}",
            "origin": origin,
            "entity": entity,
            "op": "put",
            "record_id": record_id,
            "author_id": "device-1" if origin == "device" else "clerk-1",
            "officer_id": O1042 if origin == "device" else None,
            "occurred_at": n,
            "local_date": DAY,
            "outcome": "applied",
            "code": None,
            "body_hash": f"hash-{n}",
            "fields": fields,
            **how,
        }
    )


def bill(account_no: str, rupees: int, month: str = "2026-03", **how: Any) -> LogRow:
    fields = {
        "account_no": account_no,
        "invoice_no": how.pop("invoice_no", f"{account_no[-2:]}-{month}"),
        "bill_month": month,
        "current_paisa": rupees * RS,
    }
    return row("bill", fields, **how)


def cash(account_no: str | None, rupees: int, **how: Any) -> LogRow:
    fields = {"account_no": account_no, "tender": "cash", "amount_paisa": rupees * RS}
    return row("collection", fields, **{"origin": "device", **how})


def cheque(account_no: str | None, rupees: int, **how: Any) -> LogRow:
    fields = {"account_no": account_no, "tender": "cheque", "amount_paisa": rupees * RS}
    return row("collection", fields, **{"origin": "device", **how})


def wallet(account_no: str | None, rupees: int, **how: Any) -> LogRow:
    fields = {
        "account_no": account_no,
        "tender": "wallet",
        "wallet_provider": "jazzcash",
        "amount_paisa": rupees * RS,
    }
    return row("collection", fields, **{"origin": "device", **how})


def decide(kind: str, collection: LogRow, to: str | None = None, **how: Any) -> LogRow:
    fields = {
        "kind": kind,
        "collection_id": collection.record_id,
        "to_account_no": to,
        "state": how.pop("state", "approved"),
        "maker_id": how.pop("maker_id", "clerk-1"),
        "checker_id": how.pop("checker_id", "supervisor-1"),
    }
    return row("decision", fields, **how)


def post_all(rows: Iterable[LogRow], books: Books | None = None) -> tuple[Books, list[Posted]]:
    books = books or Books()
    return books, [post(books, each) for each in rows]


def lines(posted: Posted) -> list[str]:
    """The entries of one row, as a clerk would write them; amounts in rupees."""
    page = []
    for entry in posted.entries:
        page.append(entry.kind)
        for leg in entry.legs:
            rupees = f"{leg.amount_paisa / RS:,.0f}"
            column = f"{rupees:>7}" if leg.side == "D" else f"{'':7} {rupees:>7}"
            page.append(f"  {leg.code} {_name(leg.of):<14}{column}".rstrip())
    return page


def balances(books: Books) -> dict[tuple[int, str], int]:
    return {key: paisa for key, paisa in sorted(books.balances.items()) if paisa}


def kinds(pages: Sequence[Posted]) -> list[str]:
    return [trouble.kind for page in pages for trouble in page.troubles]


def _name(of: str) -> str:
    names = {A: "A", B: "B", C: "C", D: "D", E: "E", f"{O1042}/{DAY}": "O1042"}
    for entity, said in (("collection-", "receipt"), ("deposit-", "slip"), ("clearing-", "line")):
        if of.startswith(entity):
            return said
    return names.get(of, of)
