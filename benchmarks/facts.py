"""What phones record in the benchmarks: frozen, chained, signed bodies of about 700 bytes a fact."""

import gzip
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson

from benchmarks.world import Phone, receipt_prefix
from infra.clock import now_ms, rfc3339
from infra.ids import new_id
from sync.client_facts import Frozen, freeze, on_the_wire, to_base64url

BATCH = 100
MIX = ("collection",) * 6 + ("visit",) * 3 + ("meter_issue",)
REMARK = "Knocked twice, spoke to the tenant upstairs, who says that the owner pays at the bank."


class Outbox:
    """One phone's chain, and the request bodies that it has ready."""

    def __init__(self, phone: Phone, *, packed: bool = False) -> None:
        self.phone = phone
        self.packed = packed
        self.seq = 0
        self.hash = ""
        self.receipts = 0
        self.dice = Random(phone.number)
        self.kinds: Counter[str] = Counter()
        self.bodies: list[bytes] = []

    def fill(self, batches: int, facts: int = BATCH) -> None:
        """Have so many requests ready."""
        self.bodies += [self.body(facts) for _ in range(batches - len(self.bodies))]

    def body(self, facts: int = BATCH, kinds: Iterator[str] | None = None) -> bytes:
        """The next request of the chain, signed at its end."""
        run = [self._frozen(next(kinds) if kinds else None) for _ in range(facts)]
        signature = to_base64url(self.phone.key.sign(self.hash.encode()))
        exchange = {
            "protocol": 4,
            "device": {"clock": rfc3339(now_ms()), "app": "1.4.0", "pending": facts},
            "head": {"seq": self.seq, "hash": self.hash, "signature": signature},
            "mutations": on_the_wire(run),
        }
        raw = orjson.dumps(exchange)
        return self.packed_bytes(raw) if self.packed else raw

    @staticmethod
    def packed_bytes(raw: bytes) -> bytes:
        return gzip.compress(raw, 6)

    def _frozen(self, kind: str | None) -> Frozen:
        kind = kind or self.dice.choice(MIX)
        self.kinds[kind] += 1
        self.seq += 1
        frozen = freeze(
            seq=self.seq,
            prev=self.hash,
            mutation_id=new_id(),
            entity=kind,
            op="put",
            record_id=new_id(),
            base_version=None,
            occurred_at=now_ms() - 60_000,
            fields=FIELDS[kind](self),
        )
        self.hash = frozen.hash
        return frozen

    def account(self) -> str:
        return self.dice.choice(self.phone.accounts)

    def collection(self) -> dict[str, Any]:
        rupees = self.dice.randrange(500, 9_000)
        self.receipts += 1
        notes = {}
        left = rupees
        for note in (5000, 1000, 500, 100, 50, 20, 10, 5, 2, 1):
            if left >= note:
                notes[str(note)], left = divmod(left, note)
        return {
            "receipt_no": f"{receipt_prefix(self.phone.number)}-{self.receipts:06d}",
            "account_no": self.account(),
            "tender": "cash",
            "amount_paisa": rupees * 100,
            "denominations": notes,
            "payer_name": "Muhammad Aslam",
            "verify_code": "K7QW2MZA",
            "printed": True,
            "evidence": self.evidence(),
        }

    def visit(self) -> dict[str, Any]:
        return {
            "account_no": self.account(),
            "outcome": "promise",
            "promise_date": "2026-04-15",
            "promise_paisa": 150_000,
            "remark": REMARK,
            "evidence": self.evidence(),
        }

    def meter_issue(self) -> dict[str, Any]:
        return {
            "account_no": self.account(),
            "meter_no_seen": f"SB-{self.dice.randrange(100_000, 999_999)}",
            "fault_code": "seal_broken",
            "severity": "normal",
            "safety": False,
            "reading_kwh": self.dice.randrange(1_000, 90_000),
            "remark": REMARK,
            "evidence": self.evidence(),
        }

    def evidence(self) -> dict[str, Any]:
        return {
            "lat_e6": 24_800_000 + self.dice.randrange(50_000),
            "lon_e6": 67_030_000 + self.dice.randrange(50_000),
            "accuracy_m": self.dice.randrange(4, 60),
            "fix_age_s": self.dice.randrange(30),
            "battery_pct": self.dice.randrange(10, 100),
            "clock_offset_ms": self.dice.randrange(-2_000, 2_000),
            "offline": True,
        }


FIELDS = {
    "collection": Outbox.collection,
    "visit": Outbox.visit,
    "meter_issue": Outbox.meter_issue,
}
