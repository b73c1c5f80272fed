"""Where an exception at the desk may go, as a literal table (domain manual §6.4)."""

from enum import StrEnum


class CaseState(StrEnum):
    """Where the work stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    PROPOSED = "proposed"
    """Settled by one person; it touches money, so another checks (M16)."""
    RESOLVED = "resolved"
    REOPENED = "reopened"


class CaseAction(StrEnum):
    """What a person does with it."""

    OPENED = "opened"
    CLAIMED = "claimed"
    ASSIGNED = "assigned"
    PROPOSED = "proposed"
    REJECTED = "rejected"
    RESOLVED = "resolved"
    REOPENED = "reopened"


S, A = CaseState, CaseAction

MOVES: dict[tuple[CaseState, CaseAction], CaseState] = {
    (S.OPEN, A.CLAIMED): S.ASSIGNED,
    (S.OPEN, A.ASSIGNED): S.ASSIGNED,
    (S.OPEN, A.RESOLVED): S.RESOLVED,
    (S.OPEN, A.PROPOSED): S.PROPOSED,
    (S.ASSIGNED, A.ASSIGNED): S.ASSIGNED,
    (S.ASSIGNED, A.RESOLVED): S.RESOLVED,
    (S.ASSIGNED, A.PROPOSED): S.PROPOSED,
    (S.PROPOSED, A.RESOLVED): S.RESOLVED,
    (S.PROPOSED, A.REJECTED): S.ASSIGNED,
    (S.RESOLVED, A.REOPENED): S.REOPENED,
    (S.REOPENED, A.CLAIMED): S.ASSIGNED,
    (S.REOPENED, A.ASSIGNED): S.ASSIGNED,
    (S.REOPENED, A.RESOLVED): S.RESOLVED,
    (S.REOPENED, A.PROPOSED): S.PROPOSED,
}
"""(state, action) → state; what is not here cannot be done. Who settles an open case takes it."""
