"""Whom the utility supplies: a mirror of billing's record, which phones read and never write."""

from enum import StrEnum
from typing import Annotated, ClassVar

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import STRICT, Synced
from models.declaration import Members, Policy, Sync
from models.kinds import (
    TEXT,
    AccountNo,
    Code,
    Count,
    Label,
    LatitudeE6,
    LongitudeE6,
    Metres,
    OneOf,
    Phone,
    RecordId,
    Time,
    Watts,
    Words40s,
)


class SupplyState(StrEnum):
    """Where a supply stands on the way to a lawful cut (domain manual §6.3)."""

    CONNECTED = "connected"
    NOTICE_ISSUED = "notice_issued"
    NOTICE_MATURED = "notice_matured"
    CUT_ORDERED = "cut_ordered"
    DISCONNECTED = "disconnected"
    RECONNECT_DUE = "reconnect_due"
    REMOVED = "removed"


Supply = Annotated[str, mapped_column(TEXT), OneOf(SupplyState)]


class Consumer(Synced):
    """One contract account: a premises, its people and where to find it."""

    __tablename__ = "consumers"
    __table_args__ = (
        Index(None, "ibc_id", "account_no", unique=True),
        Index(None, "account_no"),
        Index(None, "ibc_id", "area_id", "walk_order"),
        STRICT,
    )
    __sync__: ClassVar[Sync] = Sync(policy=Policy.OFFICE, scope=Members())

    account_no: Mapped[AccountNo]
    consumer_no: Mapped[Code | None]
    name: Mapped[Label]
    name_ur: Mapped[Label | None]
    address: Mapped[Label]
    area_id: Mapped[RecordId]
    walk_order: Mapped[Count]
    phone_e164: Mapped[Phone | None]
    tariff: Mapped[Code]
    sanctioned_load_w: Mapped[Watts]
    flags: Mapped[Words40s | None]
    supply_state: Mapped[Supply]
    lat_e6: Mapped[LatitudeE6 | None]
    lon_e6: Mapped[LongitudeE6 | None]
    accuracy_m: Mapped[Metres | None]
    source_as_of: Mapped[Time]
    """When billing wrote the record that this mirrors."""
