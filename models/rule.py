"""A rule with dates: surcharge tiers, mark-up, fees, schemes and retention change, and none of it is code."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Policy, Scope, Sync
from models.kinds import (
    PAISA_MAX,
    TEXT,
    BasisPoints,
    Code,
    Date,
    Days,
    Group,
    Label,
    OneOf,
    Paisa,
    Several,
    Whole,
)

STEPS_MAX = 12


class RuleKindWord(StrEnum):
    """What a rule is about."""

    INSTALMENT_MARKUP = "instalment_markup"
    """Basis points a year on every instalment but the first."""
    LATE_SURCHARGE = "late_surcharge"
    """Steps by days after the due date, each with basis points of the bill."""
    RECONNECTION_FEE = "reconnection_fee"
    """Steps by arrears, each with a fee."""
    BOUNCE_CHARGE = "bounce_charge"
    """One fee for a returned cheque."""
    SCHEME = "scheme"
    """What an open scheme waives of the surcharge, in basis points, until its last day."""
    RETENTION = "retention"
    """For how many days something is kept; `about` says what."""


RuleKind = Annotated[str, mapped_column(TEXT), OneOf(RuleKindWord)]
Steps = Annotated[
    str,
    mapped_column(TEXT),
    Several(
        Group(
            {
                "up_to_days": Whole(0, 36_600, "days"),
                "up_to_paisa": Whole(0, PAISA_MAX, "paisa"),
                "bp": Whole(0, 10_000, "1/10000"),
                "paisa": Whole(0, PAISA_MAX, "paisa"),
            }
        ),
        most=STEPS_MAX,
    ),
]
"""From the lowest bound upwards; the last has no bound and takes what is above all others."""

STEPPED = {
    RuleKindWord.LATE_SURCHARGE: ("up_to_days", "bp"),
    RuleKindWord.RECONNECTION_FEE: ("up_to_paisa", "paisa"),
}
"""Kinds with steps → the bound of a step, and what it says."""
NEEDED = {
    RuleKindWord.LATE_SURCHARGE: "steps",
    RuleKindWord.RECONNECTION_FEE: "steps",
    RuleKindWord.INSTALMENT_MARKUP: "bp",
    RuleKindWord.BOUNCE_CHARGE: "paisa",
    RuleKindWord.SCHEME: "bp",
    RuleKindWord.RETENTION: "keep_days",
}
"""Kind → the one field that says what the rule says."""


def _says_what_its_kind_says(values: Mapping[str, Any]) -> Mapping[str, str]:
    """A rule says one thing, in the field of its kind, and its steps rise to one without a bound."""
    kind = RuleKindWord(values["kind"])
    errors = {
        name: "not_for_this_kind"
        for name in sorted(set(NEEDED.values()) - {NEEDED[kind]})
        if values.get(name) is not None
    }
    if values.get(NEEDED[kind]) is None:
        errors[NEEDED[kind]] = "needed_for_this_kind"
    elif kind in STEPPED and not _rises(values["steps"], *STEPPED[kind]):
        errors["steps"] = "steps_do_not_rise"
    if kind is RuleKindWord.SCHEME and values.get("effective_until") is None:
        errors["effective_until"] = "needed_for_this_kind"
    if values.get("effective_until") and values["effective_until"] < values["effective_from"]:
        errors["effective_until"] = "before_its_beginning"
    return errors


def _rises(steps: list[Mapping[str, int]], bound: str, says: str) -> bool:
    """Each step has its value; the bounds rise; the last step and no other has none."""
    bounds = [step.get(bound) for step in steps]
    if not steps or bounds[-1] is not None or None in bounds[:-1]:
        return False
    rising = [value for value in bounds[:-1] if value is not None]
    return (
        sorted(set(rising)) == rising
        and all(set(step) <= {bound, says} for step in steps)
        and (all(says in step for step in steps))
    )


class Rule(Synced):
    """One rule as it holds from one date to another, with where it is written."""

    __tablename__ = "rules"
    __table_args__ = (Index(None, "ibc_id", "kind", "effective_from"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE,
        scope=Scope("ibc", by="ibc_id"),
        claims={"rule_no": "RULE_NO_REUSED"},
        check=_says_what_its_kind_says,
    )

    rule_no: Mapped[Code]
    kind: Mapped[RuleKind]
    about: Mapped[Code | None]
    """Which of a kind: a scheme by its name, what is kept for a retention."""
    effective_from: Mapped[Date]
    effective_until: Mapped[Date | None]
    """The last day; until another rule of its kind begins when nothing is said."""
    steps: Mapped[Steps | None]
    bp: Mapped[BasisPoints | None]
    paisa: Mapped[Paisa | None]
    keep_days: Mapped[Days | None]
    source: Mapped[Label]
    """Where it is written: the order, its date, or that it is a default."""
