"""What do we keep? One file an entity, one line here; everything else follows from the declaration."""

from models import (  # noqa: F401  # tables, not entities
    backup,
    books,
    exchange,
    identity,
    log,
    reconciliation,  # tables, not entities
    snapshot,
    successor,
    upload,
)
from models.adjustment import Adjustment
from models.alert import Alert
from models.alert_seen import AlertSeen
from models.answer import Answer
from models.area import Area
from models.attachment import Attachment
from models.base import Base, Entity, read_entity
from models.bill import Bill
from models.cash_count import CashCount
from models.cash_session import CashSession
from models.clearing import Clearing
from models.collection import Collection
from models.consumer import Consumer
from models.cut_rule import CutRule
from models.decision import Decision
from models.deposit import Deposit
from models.device import Device
from models.directory import Directory
from models.disconnection_act import DisconnectionAct
from models.disconnection_order import DisconnectionOrder
from models.fee import Fee
from models.handover import Handover
from models.hold import Hold
from models.holiday import Holiday
from models.ibc import Ibc
from models.instrument import Instrument
from models.loss_report import LossReport
from models.match import Match
from models.meter import Meter
from models.meter_issue import MeterIssue
from models.notice import Notice
from models.notice_service import NoticeService
from models.period import Period
from models.plan import Plan
from models.position import Position
from models.question import Question
from models.receipt_gap import ReceiptGap
from models.receipt_void import ReceiptVoid
from models.reconnection_act import ReconnectionAct
from models.refund import Refund
from models.request import Request
from models.round import Round
from models.rule import Rule
from models.staff import Staff
from models.statement import Statement
from models.statement_source import StatementSource
from models.stop import Stop
from models.surprise_count import SurpriseCount
from models.target import Target
from models.verdict import Verdict
from models.visit import Visit

__all__ = ["ENTITIES", "Base", "Entity"]

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in map(
        read_entity,
        (
            Ibc,
            Area,
            Staff,
            Device,
            Consumer,
            Directory,
            Meter,
            Bill,
            Plan,
            Hold,
            Position,
            Round,
            Stop,
            Visit,
            Collection,
            ReceiptVoid,
            MeterIssue,
            Notice,
            NoticeService,
            DisconnectionAct,
            ReconnectionAct,
            Verdict,
            Decision,
            ReceiptGap,
            Attachment,
            StatementSource,
            Statement,
            Match,
            CashSession,
            CashCount,
            Handover,
            SurpriseCount,
            LossReport,
            Deposit,
            Instrument,
            Clearing,
            Adjustment,
            Period,
            Refund,
            Fee,
            Rule,
            Target,
            CutRule,
            Holiday,
            DisconnectionOrder,
            Request,
            Question,
            Answer,
            Alert,
            AlertSeen,
        ),
    )
}
"""Every kind of record by its name on the wire, parents before children."""
