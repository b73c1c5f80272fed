"""What the gate is told: the facts about one consumer and the rule of the day, spelled as the wire spells them."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict


class Window(TypedDict):
    """Hours of one weekday (Monday is 1), in minutes after midnight; the end is not in it."""

    weekday: int
    from_minute: int
    until_minute: int


class CutRule(TypedDict):
    """The rule of cutting from one date to another, as models/cut_rule.py declares it."""

    rule_no: str
    effective_from: str
    effective_until: NotRequired[str | None]
    clear_days: int
    months_least: int
    promise_days: int
    data_hours: int
    week: Sequence[Window]
    eve_until_minute: NotRequired[int | None]
    protecting_flags: NotRequired[Sequence[str] | None]


class OpenBill(TypedDict):
    """A bill with something open on it, by the books."""

    invoice_no: str
    open_paisa: int


class Bill(TypedDict):
    """When a bill falls due."""

    invoice_no: str
    due_date: str


class Notice(TypedDict):
    """A notice and how far it has come."""

    state: str
    second_due_date: str
    served_on: NotRequired[str | None]


class Plan(TypedDict):
    """Instalments, and whether they are kept."""

    state: str


class Hold(TypedDict):
    """A reason with dates not to cut; the last day is one of them."""

    kind: str
    from_date: str
    until_date: NotRequired[str | None]


class Complaint(TypedDict):
    """A billing complaint that is not answered."""

    request_no: str


class Promise(TypedDict):
    """What the consumer promised at the door."""

    made_on: str
    promise_date: str


class Facts(TypedDict):
    """All that whoever asks knows of one consumer."""

    timezone: str
    known_at: str
    """When he last heard from the server (RFC 3339): the server itself knows now."""
    supply_state: str
    flags: Sequence[str]
    safety_level: str
    due_paisa: int
    uncleared_paisa: int
    held_paisa: int
    waiting_paisa: int
    """Money that names the account and that the books have not read: this phone's own, too."""
    open_bills: Sequence[OpenBill]
    bills: Sequence[Bill]
    notices: Sequence[Notice]
    plans: Sequence[Plan]
    holds: Sequence[Hold]
    complaints: Sequence[Complaint]
    promises: Sequence[Promise]
    receipts_shown: Sequence[str]
    """Numbers of genuine receipts that the consumer shows, whatever became of them."""
    holidays: Sequence[str]
