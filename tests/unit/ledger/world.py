"""Random days between door and bank: every template, in any order that people and phones can make."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ledger.accounts import custody_session
from ledger.log_row import LogRow
from ledger.page import Posted
from ledger.posting import post
from ledger.tenders import tender_of
from ledger.view import Books
from tests.unit.ledger.office import (
    BANK,
    adjusted,
    bank_says,
    closed,
    deposited,
    drawer,
    fee_charged,
    handed_over,
    refunded,
    robbed,
    turned_in,
    undo,
)
from tests.unit.ledger.street import bill, cash, cheque, decide, row, wallet

ACCOUNTS = [f"0400000{n:06d}" for n in range(60)]
OFFICERS = [f"officer-{n}" for n in range(6)]
DECIDED, REFUNDED = ACCOUNTS[:50], ACCOUNTS[50:]
"""What was given back cannot be taken back too: the office refuses that, whole (sync/money.py)."""
RS = 100


class World:
    """One IBC that lives at random; what it does next depends on its books, as people's work does."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.books = Books()
        self.day = date(2026, 4, 1)
        self.taken: list[LogRow] = []
        self.tenders: list[LogRow] = []
        self.slips: list[LogRow] = []
        self.said: list[LogRow] = []
        self.bills: list[LogRow] = []
        self.made: list[Callable[[], LogRow | None]] = []
        for weight, make in (
            *((16, self.a_bill), (4, self.a_bill_again), (30, self.some_cash)),
            *((3, self.doubted_cash), (6, self.a_cheque), (6, self.a_claim), (3, self.a_repeat)),
            *((8, self.a_decision), (3, self.a_turn_in), (2, self.a_closing), (1, self.a_loss)),
            *((1, self.a_drawer), (4, self.cheques_in), (3, self.a_cash_slip)),
            *((4, self.a_cheque_slip), (10, self.an_outcome), (2, self.an_agency_line)),
            *((2, self.a_refund), (2, self.a_fee)),
            *((1, self.an_undo), (6, self.an_adjustment), (1, self.a_close), (1, self.a_rebuilt)),
        ):
            self.made += [make] * weight

    def next(self) -> tuple[LogRow, Posted]:
        """One more event and what it posts."""
        made = None
        while made is None:
            made = self.chance.choice(self.made)()
        return made, post(self.books, made)

    def when(self) -> str:
        """Today mostly; phones come late."""
        days_late = self.chance.choice((0, 0, 0, 0, 1, 2))
        return (self.day - timedelta(days=days_late)).isoformat()

    def rupees(self) -> int:
        return self.chance.randint(1, 4000)

    def by(self) -> dict[str, Any]:
        return {"officer_id": self.chance.choice(OFFICERS), "local_date": self.when()}

    def a_bill(self) -> LogRow:
        month = f"2026-{self.chance.randint(1, 4):02d}"
        rupees = self.chance.choice((-300, 400, 900, 2500, 6000))
        name = f"I{len(self.bills)}"
        made = bill(self.chance.choice(ACCOUNTS), rupees, month, invoice_no=name, record_id=name)
        self.bills.append(made)
        return made

    def a_bill_again(self) -> LogRow | None:
        if not self.bills:
            return None
        was = self.chance.choice(self.bills)
        return row(
            "bill",
            {**was.fields, "current_paisa": self.rupees() * RS},
            record_id=was.record_id,
        )

    def some_cash(self) -> LogRow:
        return self._take(cash(self.chance.choice(ACCOUNTS), self.rupees(), **self.by()))

    def doubted_cash(self) -> LogRow:
        doubt = {"outcome": "held", "code": "UNKNOWN_ACCOUNT"}
        return self._take(cash(None, self.rupees(), **doubt, **self.by()))

    def a_cheque(self) -> LogRow:
        account = self.chance.choice((*ACCOUNTS[:20], None))
        doubt = {} if account else {"outcome": "held", "code": "UNKNOWN_ACCOUNT"}
        made = self._take(cheque(account, self.rupees(), **doubt, **self.by()))
        self.tenders.append(made)
        return made

    def a_claim(self) -> LogRow:
        made = self._take(wallet(self.chance.choice(DECIDED), self.rupees(), **self.by()))
        self.tenders.append(made)
        return made

    def a_repeat(self) -> LogRow | None:
        if not self.taken:
            return None
        was = self.chance.choice(self.taken)
        again = cash(None, 1, outcome=was.outcome, code=was.code, record_id=was.record_id)
        again.fields, again.mutation_id = was.fields, was.mutation_id
        again.body_hash, again.local_date = was.body_hash, was.local_date
        return again

    def a_rebuilt(self) -> LogRow:
        n = len(self.taken)
        made = cash(self.chance.choice(ACCOUNTS), self.rupees(), origin="office", **self.by())
        made.fields |= {"receipt_no": f"R{n}", "rebuilt_by": "clerk-1"}
        return self._take(made)

    def a_decision(self) -> LogRow | None:
        if not self.taken:
            return None
        about = self.chance.choice(self.taken[-200:])
        if about.fields["account_no"] in REFUNDED:
            return None
        kind = self.chance.choice(("identify", "transfer", "void", "reverse"))
        to = self.chance.choice(DECIDED) if kind in ("identify", "transfer") else None
        checker = self.chance.choice(("supervisor-1",) * 9 + ("clerk-1",))
        return decide(kind, about, to, checker_id=checker, local_date=self.day.isoformat())

    def a_turn_in(self) -> LogRow:
        officer, when = self.chance.choice(OFFICERS), self.when()
        return turned_in(self.rupees(), **self._at(officer, when))

    def a_closing(self) -> LogRow | None:
        officer, when = self.chance.choice(OFFICERS), self.when()
        cash_paisa = self.books.balance(1010, custody_session(officer, when))
        if not cash_paisa:
            return None
        rupees = cash_paisa // RS + self.chance.choice((0, 0, 0, -100, 100))
        return handed_over(max(rupees, 0), **self._at(officer, when))

    def a_loss(self) -> LogRow | None:
        if self.chance.random() < 0.7:
            return None
        officer, when = self.chance.choice(OFFICERS), self.when()
        return robbed(kind=self.chance.choice(("robbed", "lost")), **self._at(officer, when))

    def a_drawer(self) -> LogRow | None:
        if self.books.balance(1020, "ibc") < 2000 * RS:
            return None
        made = drawer(self.chance.choice(OFFICERS), 2000, local_date=self.day.isoformat())
        made.fields["account_of"] = custody_session(made.fields["officer_id"], self.day.isoformat())
        return made if made.fields["account_of"] not in self.books.ended else None

    def cheques_in(self) -> LogRow | None:
        with_officers = [one for one in self.tenders[-40:] if self._is(one, "in_hand")]
        if not with_officers:
            return None
        return handed_over(0, *with_officers[:3], purpose="turn_in", local_date=self._today())

    def a_cash_slip(self) -> LogRow | None:
        there = self.books.balance(1020, "ibc") // RS
        if there < 2:
            return None
        made = deposited(self.chance.randint(1, there), local_date=self._today())
        self.slips.append(made)
        return made

    def a_cheque_slip(self) -> LogRow | None:
        at_ibc = [one for one in self.tenders[-80:] if self._is(one, "handed_over")]
        return deposited(1, *at_ibc[:4], local_date=self._today()) if at_ibc else None

    def an_outcome(self) -> LogRow | None:
        """Often one that cannot be: those have no effect."""
        if self.slips and self.chance.random() < 0.4:
            slip = self.chance.choice(self.slips[-10:])
            rupees = slip.fields["total_paisa"] // RS - self.chance.choice((0, 0, 0, 1))
            return self._say(bank_says("banked", slip, rupees, local_date=self._today()))
        if not self.tenders:
            return None
        about = self.chance.choice(self.tenders[-60:])
        is_claim = about.fields["tender"] == "wallet"
        words = ("confirmed", "refused") if is_claim else ("cleared", "returned", "re_presented")
        said = bank_says(self.chance.choice(words), about, fee=0, local_date=self._today())
        return self._say(said)

    def an_agency_line(self) -> LogRow:
        to = {"account_no": self.chance.choice((*DECIDED, None))}
        rupees = self.rupees() + 15
        return self._say(
            bank_says("agency_paid", None, rupees, fee=15, fields=to, local_date=self._today())
        )

    def an_undo(self) -> LogRow | None:
        if not self.said:
            return None
        made = undo(self.chance.choice(self.said[-30:]))
        made.local_date = self._today()
        return made

    def an_adjustment(self) -> LogRow | None:
        today = {"local_date": self._today()}
        if self.chance.random() < 0.3:
            account = self.chance.choice(ACCOUNTS)
            return adjusted("waiver", self.rupees(), None, account_no=account, **today)
        kind, code, sign = self.chance.choice(
            (
                *(("shortage_recovered", 1060, 1), ("shortage_written_off", 1060, 1)),
                *(("loss_recovered", 1065, 1), ("loss_written_off", 1065, 1)),
                *(("overage_to_income", 2080, -1), ("difference_recovered", 1070, 1)),
                ("difference_written_off", 1070, 1),
            )
        )
        there = [
            (of, sign * paisa)
            for (own, of), paisa in self.books.balances.items()
            if own == code and sign * paisa >= RS
        ]
        if not there:
            return None
        of, paisa = self.chance.choice(there)
        assert code != 1070 or of == BANK
        how = self.chance.choice(("cash", "bank", "payroll"))
        return adjusted(kind, self.chance.randint(1, paisa // RS), of, paid_by=how, **today)

    def a_refund(self) -> LogRow | None:
        account = self.chance.choice(REFUNDED)
        paid_from = self.chance.choice(("cash", "bank"))
        most = self.books.advance(account)
        if paid_from == "cash":
            most = min(most, self.books.balance(1020, "ibc"))
        if most < RS:
            return None
        rupees = self.chance.randint(1, most // RS)
        return refunded(account, rupees, paid_from, local_date=self._today())

    def a_fee(self) -> LogRow:
        return fee_charged(self.chance.choice(ACCOUNTS), 500, local_date=self._today())

    def a_close(self) -> LogRow | None:
        if self.chance.random() < 0.5:
            return None
        made = closed((self.day - timedelta(days=2)).isoformat())
        made.local_date = self._today()
        self.day += timedelta(days=1)
        return made

    def _take(self, made: LogRow) -> LogRow:
        self.taken.append(made)
        return made

    def _say(self, made: LogRow) -> LogRow:
        self.said.append(made)
        return made

    def _today(self) -> str:
        return self.day.isoformat()

    def _at(self, officer: str, when: str) -> dict[str, Any]:
        return {"officer_id": officer, "session_date": when, "local_date": self._today()}

    def _is(self, made: LogRow, state: str) -> bool:
        tender = tender_of(self.books.history.get(made.record_id, []))
        return tender is not None and tender.state == state
