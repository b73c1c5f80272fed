"""Something wrong with a meter, as found at the door."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced, merged, office, stamp
from models.declaration import Policy, RuleWord, Scope, Sync
from models.kinds import (
    TEXT,
    AccountNo,
    Code,
    Evidence,
    KilowattHours,
    Note,
    OneOf,
    RecordId,
    Time,
    YesNo,
)


class FaultWord(StrEnum):
    """What is wrong (domain manual §1.4)."""

    STUCK = "stuck"
    SLOW = "slow"
    FAST = "fast"
    DISPLAY_OFF = "display_off"
    BURNT = "burnt"
    TERMINAL_BURNT = "terminal_burnt"
    DAMAGED = "damaged"
    MISSING_STOLEN = "missing_stolen"
    SEAL_BROKEN = "seal_broken"
    TAMPERED = "tampered"
    HOLE_IN_BODY = "hole_in_body"
    DIRECT_HOOK = "direct_hook"
    BYPASS = "bypass"
    REVERSED = "reversed"
    WRONG_METER_NO = "wrong_meter_no"
    INACCESSIBLE_LOCKED = "inaccessible_locked"
    PREMISES_VACANT = "premises_vacant"
    METER_NUMBER_MISMATCH = "meter_number_mismatch"
    CT_DEFECTIVE = "ct_defective"
    OTHER = "other"


class SeverityWord(StrEnum):
    """How soon somebody must go."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class IssueStateWord(StrEnum):
    """Where the repair stands (domain manual §6.4)."""

    REPORTED = "reported"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    IN_WORK = "in_work"
    FIXED = "fixed"
    VERIFIED = "verified"
    CLOSED = "closed"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    REOPENED = "reopened"
    INSPECTION = "inspection"
    EVIDENCE_LOCKED = "evidence_locked"


Fault = Annotated[str, mapped_column(TEXT), OneOf(FaultWord)]
Severity = Annotated[str, mapped_column(TEXT), OneOf(SeverityWord)]
IssueState = Annotated[str, mapped_column(TEXT), OneOf(IssueStateWord)]


class MeterIssue(Synced):
    """A fault that officers may describe further until the office closes it."""

    __tablename__ = "meter_issues"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.MERGE,
        scope=Scope("officer", by="officer_id"),
        about="account_no",
    )

    officer_id: Mapped[RecordId] = stamp()
    account_no: Mapped[AccountNo]
    meter_no_seen: Mapped[Code | None]
    fault_code: Mapped[Fault]
    severity: Mapped[Severity] = merged(RuleWord.MAX, *SeverityWord)
    safety: Mapped[YesNo] = merged(RuleWord.MAX)
    reading_kwh: Mapped[KilowattHours | None]
    remark: Mapped[Note | None] = merged(RuleWord.APPEND)
    reported_to_118_no: Mapped[Code | None]
    evidence: Mapped[Evidence | None] = merged(RuleWord.DEVICE)
    state: Mapped[IssueState | None] = office()
    duplicate_of: Mapped[RecordId | None] = office()
    """The issue that another phone had reported before, about the same fault of the same account."""
    sla_started_at: Mapped[Time | None] = office()
    """When the first of several reports was made; null: when this one was."""


CLOSED_STATES = frozenset({"closed", "duplicate", "rejected"})
"""Once the office has closed an issue, a phone's further edit is a conflict."""

FAULT_GROUPS = {
    "measuring": {"stuck", "slow", "fast", "display_off", "ct_defective"},
    "burnt": {"burnt", "terminal_burnt"},
    "damage": {"damaged", "missing_stolen"},
    "theft": {"seal_broken", "tampered", "hole_in_body", "direct_hook", "bypass", "reversed"},
    "identity": {"wrong_meter_no", "meter_number_mismatch"},
    "access": {"inaccessible_locked", "premises_vacant"},
    "other": {"other"},
}
"""Faults that one repair answers: a second report of a group is the same trouble."""
FAULT_GROUP = {fault: group for group, faults in FAULT_GROUPS.items() for fault in faults}
