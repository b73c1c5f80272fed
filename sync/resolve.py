"""The decision at the heart of a push: pure, a table, no session, request or clock."""

from dataclasses import dataclass
from enum import StrEnum

from models.declaration import Policy
from sync.mutation import Op


class State(StrEnum):
    """How the record on the server stands to what the author sent."""

    MISSING = "missing"
    SAME = "same"
    """It exists and already says all of this."""
    FRESH = "fresh"
    """It exists in the very version that the author had seen."""
    STALE = "stale"
    """It has moved on since; the log still knows the version that the author had seen."""
    BASELESS = "baseless"
    """It exists, and what the author had seen is not known here."""
    CLOSED = "closed"
    """It exists, and the office has closed it to phones."""


class Action(StrEnum):
    """What to do with the mutation."""

    PUT = "put"
    MERGE = "merge"
    MOVE = "move"
    DELETE = "delete"
    KEEP = "keep"
    HOLD = "hold"
    CONFLICT = "conflict"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Decision:
    """An action, and the code or message key that says why when it is not a plain yes."""

    action: Action
    why: str | None = None


PUT = Decision(Action.PUT)
KEEP = Decision(Action.KEEP)


def resolve(policy: Policy, op: Op, state: State) -> Decision:
    """What becomes of an edit; the order of the cases is the order of precedence."""
    match policy, op, state:
        case Policy.OFFICE, _, _:
            return Decision(Action.REJECT, "office_writes_this")
        case ((Policy.FACT | Policy.STATES), Op.DELETE, _):
            return Decision(Action.REJECT, "facts_are_not_deleted")
        case Policy.FACT, Op.PUT, State.MISSING:
            return PUT
        case _, Op.PUT, State.SAME:
            return KEEP
        case Policy.FACT, Op.PUT, _:
            return Decision(Action.HOLD, "RECORD_REUSED")
        case Policy.STATES, _, State.MISSING:
            return Decision(Action.REJECT, "unknown_record")
        case Policy.STATES, _, _:
            return Decision(Action.MOVE)
        case Policy.MERGE, Op.PUT, State.MISSING:
            return PUT
        case Policy.MERGE, Op.DELETE, State.MISSING:
            return KEEP
        case Policy.MERGE, _, State.CLOSED:
            return Decision(Action.CONFLICT, "CLOSED_BY_OFFICE")
        case Policy.MERGE, Op.PUT, State.FRESH:
            return PUT
        case Policy.MERGE, Op.PUT, State.STALE:
            return Decision(Action.MERGE)
        case Policy.MERGE, Op.DELETE, State.FRESH:
            return Decision(Action.DELETE)
        case Policy.MERGE, _, _:
            return Decision(Action.CONFLICT, "BASE_GONE")
    raise AssertionError(f"no rule for {policy} {op} {state}")


def legal_move(
    states: dict[tuple[str, str], object], mover: object, current: str, wanted: str
) -> bool:
    """May `mover` take the record from `current` to `wanted`?"""
    return states.get((current, wanted)) == mover
