"""What each officer does today: pure, and the same for the same seed and the same doors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

RUPEE = 100
NOTES_RS = (5000, 1000, 500, 100, 50, 20, 10, 5, 2, 1)
TENDERS = ("cash", "wallet", "cheque")
SHARES = (70, 20, 10)
"""Domain manual §6.13."""
MINUTE_MS = 60_000
LATE_SHARE = 0.05
EDITED_SHARE = 0.5
GROUPED_CHANCE = 0.03
NEIGHBOUR_CHANCE = 0.5
"""When the round is done: another door of the area, or somebody who comes up in the street."""
VOIDED_LATE_CHANCE = 0.3
"""How often a void arrives before the receipt that it names, and waits for it."""
ISSUE_CHANCE = 0.07
NOTICE_CHANCE = 0.5
WORST_FACTS = 14
"""Room for what every day holds once (unknown payers, a void, an edit …) after the last door."""

BANKS = ("HBL", "UBL", "MCB", "Meezan", "Bank Alfalah")
WALLETS = ("easypaisa", "jazzcash")
FAULTS = ("slow", "slow", "slow", "display_off", "burnt", "seal_broken", "direct_hook")
NOT_PAID = ("promise", "not_home", "refused", "locked", "dispute_claimed", "already_paid_claim")


@dataclass(frozen=True, kw_only=True)
class Door:
    """A consumer whom the officer knows: from the round, or from the area's directory."""

    account_no: str
    name: str
    owed_paisa: int = 0
    stop_id: str | None = None
    notice_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing that the officer records."""

    entity: str
    fields: Mapping[str, Any]
    minute: int
    """Minutes after the round began."""
    label: str = ""
    """By which a later deed of the same officer means it."""
    about: str = ""
    """The label of the deed that this one edits or voids."""
    group: str = ""
    """One payer, several accounts: the receipts of a group share an id."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """An officer's whole day."""

    deeds: Sequence[Deed]
    late: frozenset[int] = frozenset()
    """Which of the deeds arrive after everything else."""
    pieces: Sequence[int] = field(default=())
    """After how many deeds each the phone syncs."""


def walk(
    *,
    stops: Sequence[Door],
    directory: Sequence[Door],
    facts: int,
    seed: str,
    unknown: Sequence[str],
) -> Walk:
    """Plan a day of `facts` facts; `unknown` are account numbers that nobody has."""
    dice = Random(seed)
    officer = _Officer(dice, directory)
    for door in stops:
        if officer.count >= facts - WORST_FACTS:
            break
        officer.knock(door)
    officer.odd_ones(unknown)
    while officer.count < facts:
        if dice.random() < NEIGHBOUR_CHANCE:
            officer.knock(dice.choice(directory))
        else:
            officer.walk_up(together=dice.random() < GROUPED_CHANCE)
    deeds = officer.deeds[:facts]
    return Walk(deeds=deeds, late=_late(deeds, dice), pieces=_pieces(len(deeds), dice))


class _Officer:
    """The day as it grows."""

    def __init__(self, dice: Random, directory: Sequence[Door]) -> None:
        self.dice = dice
        self.directory = directory
        self.deeds: list[Deed] = []

    @property
    def count(self) -> int:
        return len(self.deeds)

    def knock(self, door: Door) -> None:
        """A visit to a door of the round, usually money, now and then a notice or a bad meter."""
        pays = self.dice.random() < 0.75
        outcome = "paid" if pays else self.dice.choice(NOT_PAID)
        visit: dict[str, Any] = {"account_no": door.account_no, "outcome": outcome}
        if door.stop_id:
            visit["stop_id"] = door.stop_id
        if outcome == "promise":
            visit |= {"promise_date": "2030-01-15", "promise_paisa": 1000 * RUPEE}
        self._do("visit", visit)
        if pays:
            self._take(self._money(door.account_no, self._amount(door)) | _stop_of(door))
        if door.notice_id and self.dice.random() < NOTICE_CHANCE:
            self._do(
                "notice_service",
                {
                    "notice_id": door.notice_id,
                    "account_no": door.account_no,
                    "method": self.dice.choice(("hand", "pasted", "refused")),
                    "recipient_relation": "brother",
                },
            )
        if self.dice.random() < ISSUE_CHANCE:
            self._issue(door)

    def odd_ones(self, unknown: Sequence[str]) -> None:
        """What every day has once: payers whom nobody knows, a void, a fault described twice."""
        self._take(
            self._cash(self._rupees(300, 4000))
            | {"unknown_payer_text": "the barber beside the mosque"}
        )
        for account_no in unknown:
            self._take(self._cash(self._rupees(300, 4000)) | {"account_no": account_no})
        self._issue(self._somebody(), edited=True)
        label = self._take(self._money(self._somebody().account_no, self._rupees(200, 900)))
        self._do("receipt_void", {"reason": "wrong door, the payer took it back"}, about=label)
        self.walk_up(together=True)

    def walk_up(self, *, together: bool = False) -> None:
        """Somebody from the area pays in the street, perhaps for two accounts at once."""
        group = f"group {self.count}" if together else ""
        for _ in range(2 if together else 1):
            money = self._money(self._somebody().account_no, self._rupees(200, 6000))
            self._take(money | {"payer_name": "a neighbour"}, group=group)

    def _issue(self, door: Door, *, edited: bool = False) -> None:
        label = f"issue {self.count}"
        severity = self.dice.choice(("low", "normal", "high"))
        self._do(
            "meter_issue",
            {
                "account_no": door.account_no,
                "fault_code": self.dice.choice(FAULTS),
                "severity": severity,
                "safety": severity == "high",
                "remark": "میٹر سست ہے",
            },
            label=label,
        )
        if edited or self.dice.random() < EDITED_SHARE:
            reading = {"reading_kwh": self.dice.randrange(1_000, 99_999)}
            self._do("meter_issue", reading, about=label)

    def _take(self, fields: Mapping[str, Any], *, group: str = "") -> str:
        label = f"collection {self.count}"
        self._do("collection", fields, label=label, group=group)
        return label

    def _do(self, entity: str, fields: Mapping[str, Any], **names: str) -> None:
        # Two minutes and a bit for each: 150 facts fill six hours.
        minute = self.count * 12 // 5
        self.deeds.append(Deed(entity=entity, fields=fields, minute=minute, **names))

    def _money(self, account_no: str, amount: int) -> dict[str, Any]:
        tender = self.dice.choices(TENDERS, SHARES)[0]
        named = {"account_no": account_no}
        match tender:
            case "cash":
                return named | self._cash(amount)
            case "wallet":
                return named | self._wallet(amount)
        return named | self._cheque(amount)

    def _cash(self, amount: int) -> dict[str, Any]:
        """Notes that add up, net of change; often the payer gives a round sum and takes change."""
        money: dict[str, Any] = {
            "tender": "cash",
            "amount_paisa": amount,
            "denominations": notes(amount),
        }
        if self.dice.random() < 0.4:
            tendered = -(-amount // (500 * RUPEE)) * 500 * RUPEE
            money |= {"tendered_paisa": tendered, "change_paisa": tendered - amount}
        return money

    def _wallet(self, amount: int) -> dict[str, Any]:
        return {
            "tender": "wallet",
            # A wallet pays the paisa too.
            "amount_paisa": amount + self.dice.randrange(100),
            "wallet_provider": self.dice.choice(WALLETS),
            "wallet_txn_id": f"T{self.dice.randrange(10**9):09d}",
        }

    def _cheque(self, amount: int) -> dict[str, Any]:
        return {
            "tender": "cheque",
            "amount_paisa": amount + self.dice.randrange(100),
            "bank": self.dice.choice(BANKS),
            "instrument_no": f"{self.dice.randrange(10**7):07d}",
            "instrument_date": "2026-04-08",
        }

    def _amount(self, door: Door) -> int:
        """The whole debt in whole rupees, or what the payer has."""
        whole = max(-(-door.owed_paisa // RUPEE) * RUPEE, 100 * RUPEE)
        return whole if self.dice.random() < 0.6 else max(whole // RUPEE // 2, 100) * RUPEE

    def _rupees(self, least: int, most: int) -> int:
        return self.dice.randrange(least, most) * RUPEE

    def _somebody(self) -> Door:
        return self.dice.choice(self.directory)


def notes(amount: int) -> dict[str, int]:
    """The fewest notes that make a sum of whole rupees."""
    rupees = amount // RUPEE
    found: dict[str, int] = {}
    for note in NOTES_RS:
        pieces, rupees = divmod(rupees, note)
        if pieces:
            found[str(note)] = pieces
    return found


def _stop_of(door: Door) -> dict[str, str]:
    return {"stop_id": door.stop_id} if door.stop_id else {}


def _late(deeds: Sequence[Deed], dice: Random) -> frozenset[int]:
    """Short runs of a twentieth of the day; an edit is late with what it edits, or after it."""
    wanted = max(round(len(deeds) * LATE_SHARE), 1)
    late: set[int] = set()
    while len(late) < wanted:
        first = dice.randrange(len(deeds))
        late |= set(range(first, min(first + dice.randrange(1, 4), len(deeds))))
    voided = {deed.about for deed in deeds if deed.entity == "receipt_void"}
    late |= {
        place
        for place, deed in enumerate(deeds)
        if deed.label in voided and dice.random() < VOIDED_LATE_CHANCE
    }
    labels = {deeds[place].label for place in late} - {""}
    edits = {
        place
        for place, deed in enumerate(deeds)
        if deed.entity == "meter_issue" and deed.about in labels
    }
    return frozenset(late | edits)


def _pieces(count: int, dice: Random) -> list[int]:
    pieces: list[int] = []
    while sum(pieces) < count:
        pieces.append(min(dice.randrange(5, 25), count - sum(pieces)))
    return pieces
