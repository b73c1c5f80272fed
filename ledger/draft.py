"""An entry before it is written: values, and what must hold within one entry."""

from dataclasses import dataclass
from typing import NamedTuple

from ledger.accounts import CHART, CREDIT, DEBIT


class Unbalanced(ValueError):
    """The entry breaks M1: at least two legs, positive amounts, debits equal to credits."""


class Leg(NamedTuple):
    """One posting: an account, a side and a positive amount."""

    code: int
    of: str
    side: str
    amount_paisa: int

    def mirrored(self) -> "Leg":
        return Leg(self.code, self.of, CREDIT if self.side == DEBIT else DEBIT, self.amount_paisa)


class Share(NamedTuple):
    """One allocation: what a bill takes of the money; invoice '' is the consumer's advance."""

    account_no: str
    invoice_no: str
    amount_paisa: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One event of the books, with its place in their order, before it has a hash."""

    seq: int
    kind: str
    legs: tuple[Leg, ...]
    shares: tuple[Share, ...] = ()
    business_date: str
    occurred_at: int
    source_entity: str
    source_id: str
    """The fact at the root: every entry about a collection names it, whatever caused the entry."""
    log_seq: int
    idem_key: str
    request_hash: str
    actor_id: str
    reverses_seq: int | None = None
    caused_by_seq: int | None = None
    memo: str | None = None

    def content(self, posted_at: int) -> list[object]:
        """Everything the chain covers, in a fixed order: the canonical form of an entry."""
        return [
            self.seq,
            self.kind,
            self.business_date,
            self.occurred_at,
            posted_at,
            self.source_entity,
            self.source_id,
            self.log_seq,
            self.idem_key,
            self.request_hash,
            self.reverses_seq,
            self.caused_by_seq,
            self.memo,
            self.actor_id,
            [tuple(leg) for leg in self.legs],
            [tuple(share) for share in self.shares],
        ]


def check_balanced(legs: tuple[Leg, ...]) -> None:
    """M1, said about one entry. Errors: Unbalanced, with the legs as they stand."""
    total = 0
    for leg in legs:
        if leg.amount_paisa <= 0 or leg.code not in CHART:
            raise Unbalanced(f"leg {leg} has no account or no positive amount")
        total += leg.amount_paisa if leg.side == DEBIT else -leg.amount_paisa
    if total or len(legs) < 2:
        raise Unbalanced(f"debits less credits are {total} paisa in {legs}")
