"""Holds entries against the invariants of domain manual §6.8 by its own sums; knows no template."""

from collections import Counter
from collections.abc import Iterable

from ledger.accounts import CHART, NEVER_NEGATIVE_SIGN
from ledger.draft import Draft
from ledger.log_row import LogRow

IN_CUSTODY = (1010, 1020, 1025, 1060, 1065, 1070, 5030, 2080, 4900)
"""Where cash is, or is missing, until a bank or a payroll has it (M7)."""
OUT_OF_CUSTODY = ("deposit_banked", "shortage_recovered", "loss_recovered", "difference_recovered")
ENDS_TENDER = {"cleared": -1, "returned": -1, "confirmed": -1, "refused": -1, "re_presented": 1}


class Watcher:
    """Reads what was posted for each row and names the invariants that it breaks."""

    def __init__(self) -> None:
        self.balances: Counter[tuple[int, str]] = Counter()
        self.entries: dict[int, Draft] = {}
        self.keys: set[str] = set()
        self.reversed: set[int] = set()
        self.closed_through = ""
        self.cash = self.tenders = self.banked = self.waived = 0
        self.bills: dict[str, int] = {}
        self.amounts: dict[str, tuple[bool, int]] = {}
        self.cleared: dict[str, tuple[str, int]] = {}

    def see(self, row: LogRow, entries: Iterable[Draft]) -> set[str]:
        """The names of what these entries break, if anything."""
        broken: set[str] = set()
        entries = list(entries)
        if entries and not _signed(row):
            broken.add("M16")
        for entry in entries:
            broken |= self._one(row, entry)
        self._note(row, entries)
        return broken

    def _one(self, row: LogRow, entry: Draft) -> set[str]:
        broken = set()
        changes: Counter[tuple[int, str]] = Counter()
        for code, of, side, amount in entry.legs:
            changes[(code, of)] += amount if side == "D" else -amount
            if amount <= 0 or code not in CHART:
                broken.add("M1")
        if sum(changes.values()) or len(entry.legs) < 2:
            broken.add("M1")
        for (code, of), change in changes.items():
            sign = NEVER_NEGATIVE_SIGN.get(code, 0)
            self.balances[(code, of)] += change
            if sign * change < 0 and sign * self.balances[(code, of)] < 0:
                broken.add("M4")
        if entry.idem_key in self.keys or entry.request_hash != row.body_hash:
            broken.add("M5")
        self.keys.add(entry.idem_key)
        if entry.reverses_seq is not None:
            broken |= self._reversal(entry)
        if entry.kind not in ("bill_charged", "fee_charged") and _allocated(entry) != _moved(entry):
            broken.add("M11")
        open_date = row.local_date > self.closed_through
        if entry.business_date <= self.closed_through or (
            open_date and entry.business_date != row.local_date
        ):
            broken.add("M13")
        self.entries[entry.seq] = entry
        self.banked += _banked(entry)
        self.waived += _waived(entry)
        return broken

    def _reversal(self, entry: Draft) -> set[str]:
        seq = entry.reverses_seq or 0
        was_reversed = seq in self.reversed or self.entries[seq].reverses_seq is not None
        self.reversed.add(seq)
        both = _by_family(entry)
        both.update(_by_family(self.entries[seq]))
        return {"M6"} if was_reversed or any(both.values()) else set()

    def _note(self, row: LogRow, entries: list[Draft]) -> None:
        """What the row itself means for the sums, whatever was posted for it."""
        fields = row.fields
        match row.entity:
            case "bill":
                self.bills[row.record_id] = fields["current_paisa"]
            case "fee" if entries:
                self.bills[row.record_id] = fields["amount_paisa"]
            case "collection" if _is_money(row) and row.record_id not in self.amounts:
                is_cash = fields["tender"] == "cash"
                self.amounts[row.record_id] = (is_cash, fields["amount_paisa"])
                self._count(row.record_id, 1)
            case "decision" if entries and fields["kind"] in ("void", "reverse"):
                self._count(fields["collection_id"], -1)
            case "clearing" if entries:
                self._cleared(row)
            case "period":
                self.closed_through = max(self.closed_through, fields["business_date"])

    def _cleared(self, row: LogRow) -> None:
        outcome, sign = row.fields["outcome"], 1
        name = row.fields["collection_id"]
        if outcome == "undone":
            outcome, name = self.cleared.get(row.fields["undoes_id"], ("", ""))
            sign = -1
        self.cleared[row.record_id] = (outcome, name)
        if outcome in ENDS_TENDER:
            self.tenders += sign * ENDS_TENDER[outcome] * self.amounts[name][1]

    def _count(self, record_id: str, sign: int) -> None:
        is_cash, amount = self.amounts[record_id]
        if is_cash:
            self.cash += sign * amount
        else:
            self.tenders += sign * amount

    def sums(self) -> set[str]:
        """What holds over all entries; slower, so asked now and then."""
        by_code: Counter[int] = Counter()
        for (code, _of), paisa in self.balances.items():
            by_code[code] += paisa
        holds = {
            "M3": sum(by_code.values()) == 0,
            "M7": sum(by_code[code] for code in IN_CUSTODY) + self.banked == self.cash,
            "M8": -by_code[2110] == self.tenders,
            "M9": -by_code[2900] == sum(self.bills.values()) - self.waived,
        }
        for (code, of), paisa in self.balances.items():
            if code == 1010 and paisa and self.balances[(2080, of)]:
                holds["normal form"] = False
        return {name for name, stands in holds.items() if not stands}


def _is_money(row: LogRow) -> bool:
    return row.outcome == "applied" or row.code in ("UNKNOWN_ACCOUNT", "RECEIPT_NO_REUSED")


def _signed(row: LogRow) -> bool:
    fields = row.fields
    if row.entity not in ("decision", "adjustment", "refund", "fee"):
        return True
    people = [fields["maker_id"], fields["checker_id"]]
    if str(fields.get("kind")).endswith("written_off"):
        people.append(fields["second_checker_id"])
    return all(people) and len(set(people)) == len(people)


def _allocated(entry: Draft) -> Counter[str]:
    total: Counter[str] = Counter()
    for share in entry.shares:
        total[share.account_no] += share.amount_paisa
    return Counter({name: paisa for name, paisa in total.items() if paisa})


def _moved(entry: Draft) -> Counter[str]:
    total: Counter[str] = Counter()
    for leg in entry.legs:
        if leg.code in (1100, 2010):
            total[leg.of] += leg.amount_paisa if leg.side == "C" else -leg.amount_paisa
    return Counter({name: paisa for name, paisa in total.items() if paisa})


def _by_family(entry: Draft) -> Counter[tuple[int, str]]:
    """Balances by account, with a consumer's receivable and advance as one (M6)."""
    total: Counter[tuple[int, str]] = Counter()
    for code, of, side, amount in entry.legs:
        total[(1100 if code == 2010 else code, of)] += amount if side == "D" else -amount
    return total


def _banked(entry: Draft) -> int:
    """Cash that this entry took out of custody: into a bank, a payroll, or back to who had paid."""
    taken = sum(
        leg.amount_paisa * (1 if leg.side == "C" else -1)
        for leg in entry.legs
        if leg.code in IN_CUSTODY
    )
    custody_only = {leg.code for leg in entry.legs} <= {*IN_CUSTODY, 1210, 2900}
    return taken if custody_only or entry.kind == "refunded" else 0


def _waived(entry: Draft) -> int:
    """What an approved adjustment took off the billing control account."""
    if entry.kind != "waived" and entry.kind not in OUT_OF_CUSTODY:
        return 0
    return sum(leg.amount_paisa for leg in entry.legs if leg.code == 2900)
