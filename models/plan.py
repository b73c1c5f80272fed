"""A payment plan: what a consumer pays in instalments, and whether he keeps it (domain manual §1.3, §6.4)."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import (
    PAISA_MAX,
    TEXT,
    AccountNo,
    BasisPoints,
    Code,
    Date,
    Day,
    Group,
    OneOf,
    Several,
    Whole,
)

INSTALMENTS_MAX = 36


class PlanStateWord(StrEnum):
    """Where the plan stands (domain manual §6.4)."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    ACTIVE = "active"
    KEPT = "kept"
    BROKEN = "broken"


PlanState = Annotated[str, mapped_column(TEXT), OneOf(PlanStateWord)]
Instalments = Annotated[
    str,
    mapped_column(TEXT),
    Several(
        Group(
            {"due_date": Day(), "paisa": Whole(0, PAISA_MAX, "paisa")},
            required=frozenset({"due_date", "paisa"}),
        ),
        most=INSTALMENTS_MAX,
    ),
]
"""In the order in which they fall due, the first without mark-up."""


class Plan(Synced):
    """Instalments that were agreed with one consumer; while he keeps them he is not cut off."""

    __tablename__ = "plans"
    __table_args__ = (Index(None, "ibc_id", "account_no"), STRICT)
    __sync__: ClassVar[Sync] = Sync(
        policy=Policy.OFFICE, scope=Members(), claims={"plan_no": "PLAN_NO_REUSED"}
    )

    plan_no: Mapped[Code]
    account_no: Mapped[AccountNo]
    agreed_on: Mapped[Date]
    markup_bp: Mapped[BasisPoints]
    """Mark-up a year in basis points, as the rule of that day had it."""
    instalments: Mapped[Instalments]
    state: Mapped[PlanState]
