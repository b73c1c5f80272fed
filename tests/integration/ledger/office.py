"""A small IBC for the tests: appends to the log as phones and the office would, and posts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import rfc3339
from infra.database import Database, fetch, insert_rows
from infra.ids import derived_id, digest
from infra.strict_json import canonical
from ledger.exceptions import case
from models import ENTITIES
from models.log import ExceptionCase
from schemas.wire import table_values
from sync import books
from sync.outcomes import OutcomeWord
from sync.records import Record
from sync.writing import Writing, begin_log, lock_head, log_row

IBC = "DEF"
NOW = 1_775_640_000_000
"""2026-04-08 09:20 UTC, 14:20 in Karachi."""
O1042, O1077 = derived_id("staff", "1042"), derived_id("staff", "1077")
RS = 100

Row = dict[str, Any]


class Office:
    """One IBC on a real database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.made = 0
        with database.write() as connection:
            begin_log(connection, IBC)
            fields = {
                "code": IBC,
                "name": "Defence",
                "name_ur": "ڈیفنس",
                "timezone": "Asia/Karachi",
            }
            insert_rows(connection, ENTITIES["ibc"].table, [self._record("ibc", IBC, fields)])

    def append(self, rows: Sequence[Row]) -> None:
        """One push: log rows, and the records that they make."""
        with self.database.write() as connection:
            writing = Writing(connection, IBC, lock_head(connection, IBC), NOW)
            for row in rows:
                self._append_one(connection, writing, row)
            writing.flush()

    def post(self, **options: Any) -> books.PostResult:
        return books.post(self.database, IBC, NOW, **options)

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in fetch(connection, statement, **parameters)]

    def balance(self, code: int, of: str = "") -> int:
        found = self.rows(
            "SELECT SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) FROM postings "
            "WHERE account_code = :code AND account_of = :of",
            code=code,
            of=of,
        )
        return int(found[0][0] or 0)

    def balances(self) -> dict[tuple[int, str], int]:
        found = self.rows(
            "SELECT account_code, account_of, "
            "SUM(CASE side WHEN 'D' THEN amount_paisa ELSE -amount_paisa END) "
            "FROM postings GROUP BY account_code, account_of"
        )
        return {(code, of): int(paisa) for code, of, paisa in found if paisa}

    def position(self, account_no: str) -> Row:
        with self.database.read() as connection:
            found = fetch(connection, "SELECT * FROM positions WHERE account_no = :a", a=account_no)
        return found[0]._asdict() if found else {}

    def exceptions(self) -> list[str]:
        return [kind for (kind,) in self.rows("SELECT kind FROM exceptions ORDER BY kind")]

    def _append_one(self, connection: Connection, writing: Writing, row: Row) -> None:
        body = canonical(
            {"id": row["id"], "entity": row["entity"], "op": "put", "fields": row["fields"]}
        ).decode()
        seq = writing.log(
            log_row(
                mutation_id=row["id"],
                origin=row["origin"],
                author_id=row["author_id"],
                officer_id=row["officer_id"],
                of_id=row.get("of_id"),
                entity=row["entity"],
                op=row.get("op", "put"),
                record_id=row["record_id"],
                occurred_at=row["occurred_at"],
                outcome=OutcomeWord(row["outcome"]),
                code=row["code"],
                body=body,
                body_hash=digest(body),
            )
        )
        if row["record"]:
            writing.load(ENTITIES[row["entity"]], [row["record_id"]])
            writing.put(
                seq,
                Record(
                    entity=ENTITIES[row["entity"]],
                    id=row["record_id"],
                    version=1,
                    author_id=row["author_id"],
                    occurred_at=row["occurred_at"],
                    received_at=NOW,
                    fields=dict.fromkeys(ENTITIES[row["entity"]].field) | row["fields"],
                ),
            )
        if row["outcome"] == "held":
            opened = case(
                row["code"],
                ibc_id=IBC,
                subject_entity=row["entity"],
                subject_id=row["record_id"],
                mutation_id=row["id"],
                account_no=row["fields"].get("account_no"),
                amount_paisa=row["fields"].get("amount_paisa"),
                opened_by_seq=seq,
                now=NOW,
            )
            insert_rows(connection, ExceptionCase.__table__, [opened], on_conflict="ignore")

    def _record(self, entity: str, record_id: str, fields: Row) -> Row:
        return {
            "ibc_id": IBC,
            "id": record_id,
            "version": 1,
            **table_values(ENTITIES[entity], fields),
            "author_id": "seed",
            "occurred_at": NOW,
            "received_at": NOW,
            "deleted_at": None,
        }

    def row(self, entity: str, fields: Row, **how: Any) -> Row:
        self.made += 1
        origin = how.pop("origin", "office")
        return {
            "id": derived_id("mutation", str(self.made)),
            "entity": entity,
            "record_id": derived_id(entity, str(self.made)),
            "origin": origin,
            "author_id": derived_id("device", "1") if origin == "device" else "clerk",
            "officer_id": O1042 if origin == "device" else None,
            "occurred_at": NOW + self.made,
            "outcome": "applied",
            "code": None,
            "fields": fields,
            "record": True,
            **how,
        }

    def consumer(self, account_no: str) -> Row:
        fields = {
            "account_no": account_no,
            "name": "Amina",
            "address": "House 4",
            "area_id": derived_id("area", "Gizri"),
            "walk_order": 1,
            "tariff": "A1-R",
            "sanctioned_load_w": 1000,
            "supply_state": "connected",
            "source_as_of": rfc3339(NOW),
        }
        return self.row("consumer", fields, record_id=derived_id("consumer", account_no))

    def bill(self, account_no: str, rupees: int, month: str = "2026-03", **how: Any) -> Row:
        fields = {
            "invoice_no": how.pop("invoice_no", f"{account_no[-4:]}-{month}"),
            "account_no": account_no,
            "bill_month": month,
            "issue_date": f"{month}-05",
            "due_date": f"{month}-20",
            "current_paisa": rupees * RS,
            "arrears_paisa": 0,
            "within_due_paisa": rupees * RS,
            "notice_printed": False,
        }
        return self.row("bill", fields, **how)

    def collection(
        self, account_no: str | None, rupees: int, tender: str = "cash", **how: Any
    ) -> Row:
        fields = {
            "officer_id": how.get("officer_id", O1042),
            "receipt_no": f"Q3-{self.made:06d}",
            "account_no": account_no,
            "tender": tender,
            "amount_paisa": rupees * RS,
            **({"wallet_provider": "jazzcash"} if tender == "wallet" else {}),
            **how.pop("fields", {}),
        }
        return self.row("collection", fields, **{"origin": "device", **how})

    def decision(self, kind: str, about: Row, to: str | None = None, **how: Any) -> Row:
        fields = {
            "kind": kind,
            "collection_id": about["record_id"],
            "to_account_no": to,
            "reason": "as found",
            "state": how.pop("state", "approved"),
            "maker_id": "clerk",
            "checker_id": how.pop("checker_id", "supervisor"),
        }
        return self.row("decision", fields, **how)

    def unknown(self, rupees: int) -> Row:
        fields = {"unknown_payer_text": "a man at the gate"}
        return self.collection(None, rupees, outcome="held", code="UNKNOWN_ACCOUNT", fields=fields)
