"""What follows at once from a cut: was it lawful, whose order did it carry out? The act itself stands."""

from collections.abc import Sequence

from infra.clock import rfc3339
from ledger.exceptions import case
from ledger.gate import Verdict
from models import ENTITIES
from models.disconnection_order import OrderStateWord
from sync.collisions import cuts_after_payment
from sync.consequent import put
from sync.gating import ASKED, judge_past, records_of
from sync.records import Record
from sync.writing import Change, Writing, as_json

ORDER = ENTITIES["disconnection_order"]


def follow_cuts(writing: Writing, changes: Sequence[Change]) -> None:
    """Every cut is held against the money, the gate and the order behind it."""
    cuts_after_payment(writing, changes)
    made = [change for change in changes if change.before is None]
    _judge(writing, made)
    _carry_out(writing, made)


def _judge(writing: Writing, cuts: Sequence[Change]) -> None:
    """A cut that the gate would not have let through is kept, and the manager is told why."""
    accounts = sorted({str(change.after.fields["account_no"]) for change in cuts})
    found = records_of(writing.connection, writing.ibc_id, accounts)
    for name in ASKED:
        # What came in the same batch is in no table yet.
        for record in writing.records[ENTITIES[name]].values():
            known = found.get(str(record.fields.get("account_no")), {}).get(name)
            if known is not None:
                known[:] = [*(one for one in known if one.id != record.id), record]
    records = [change.after for change in cuts]
    verdicts = judge_past(writing.connection, writing.ibc_id, records, found)
    for change, verdict in zip(cuts, verdicts, strict=True):
        if verdict is not None and not verdict.is_open:
            _unlawful(writing, change.after, change.seq, verdict)


def _unlawful(writing: Writing, cut: Record, seq: int, verdict: Verdict) -> None:
    reasons = [
        {
            "code": reason.code.value,
            "until": None if reason.until is None else rfc3339(reason.until),
            "about": reason.about,
        }
        for reason in verdict.reasons
    ]
    writing.open_case(
        case(
            "UNLAWFUL_CUT",
            ibc_id=writing.ibc_id,
            subject_entity=cut.entity.name,
            subject_id=cut.id,
            opened_by_seq=seq,
            now=writing.now,
            account_no=str(cut.fields["account_no"]),
            detail=as_json({"reasons": reasons, "rule_no": verdict.rule_no}),
        )
    )


def _carry_out(writing: Writing, cuts: Sequence[Change]) -> None:
    """The first cut under an order ends it; an order of another consumer stays as it is."""
    named = [change for change in cuts if change.after.fields.get("order_id")]
    writing.load(ORDER, {str(change.after.fields["order_id"]) for change in named})
    for change in named:
        cut = change.after
        order = writing.records[ORDER].get(str(cut.fields["order_id"]))
        if (
            order is not None
            and order.fields["state"] == OrderStateWord.APPROVED
            and order.fields["account_no"] == cut.fields["account_no"]
        ):
            done = {"state": OrderStateWord.DONE.value, "act_id": cut.id}
            put(writing, change.seq, ORDER, order.id, done, like=cut)
