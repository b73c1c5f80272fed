"""Billing's answer file: which of our postings it accepted, and which it rejected and why."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import any_of, fetch, insert_rows, listed
from infra.ids import derived_id
from infra.limits import EXPORT_ROWS_MAX
from ledger.exceptions import case
from models.exchange import AnswerFile, BillingAnswer
from models.log import ExceptionCase
from sync.billing_export import LATEST_ANSWERS, ROWS, place_of, posting_id
from sync.billing_rows import CellRefused, FileRefused, head_of, is_end, lines_of
from sync.writing import as_json, lock_head

COLUMNS = frozenset({"posting_id", "answer", "reason"})
NEEDED = frozenset({"posting_id", "answer"})
ACCEPTED, REJECTED = "accepted", "rejected"
REASON_CHARS_MAX = 200

Place = tuple[int, int]
Row = dict[str, Any]


class Answer(NamedTuple):
    """One line of the file."""

    place: Place
    answer: str
    reason: str | None


@dataclass
class Answers:
    """What a file says, and line → message key for what it does not say."""

    sha256: str
    by_line: dict[int, Answer] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    def count(self, answer: str) -> int:
        return sum(one.answer == answer for one in self.by_line.values())


def take(
    connection: Connection, ibc_id: str, raw: bytes, *, author_id: str, now: Milliseconds
) -> Row:
    """Keep the answers; a rejection becomes an exception, a later acceptance closes it.

    The same file again changes nothing. Errors: FileRefused, UnknownIbc.
    """
    head = lock_head(connection, ibc_id)
    answers = read_answers(ibc_id, raw)
    if before := _seen(connection, ibc_id, answers.sha256):
        return before
    sent = _sent(connection, ibc_id, answers)
    latest = _latest(connection, ibc_id, [one.place for one in answers.by_line.values()])
    for line, one in list(answers.by_line.items()):
        if one.place not in sent:
            answers.errors[line] = "never_sent"
        elif latest.get(one.place) == ACCEPTED and one.answer == REJECTED:
            answers.errors[line] = "accepted_before"
        if line in answers.errors:
            del answers.by_line[line]
    _keep(connection, ibc_id, answers, now)
    _close_accepted(connection, ibc_id, answers, head.seq)
    _open_rejected(connection, ibc_id, answers, sent, seq=head.seq, now=now)
    row: Row = {
        "ibc_id": ibc_id,
        "sha256": answers.sha256,
        "accepted": answers.count(ACCEPTED),
        "rejected": answers.count(REJECTED),
        "errors": orjson.dumps(
            {str(line): key for line, key in sorted(answers.errors.items())}
        ).decode(),
        "taken_at": now,
        "taken_by": author_id,
    }
    insert_rows(connection, AnswerFile.__table__, [row])
    return row


def read_answers(ibc_id: str, raw: bytes) -> Answers:
    """Pure: bytes → answers by line. Errors: FileRefused."""
    lines = lines_of(BytesIO(raw))
    first = next(lines, None)
    if first is None:
        raise FileRefused(1, "file_empty")
    head = head_of(first, COLUMNS, NEEDED)
    answers = Answers(hashlib.sha256(raw).hexdigest())
    seen: dict[Place, int] = {}
    for line in lines:
        if not line.text.strip() or is_end(line):
            continue
        if len(seen) >= EXPORT_ROWS_MAX:
            raise FileRefused(line.number, f"too_many_rows {EXPORT_ROWS_MAX}")
        try:
            cells = dict(zip(head.columns, head.cells(line), strict=True))
        except CellRefused as refusal:
            answers.errors[line.number] = str(refusal)
            continue
        place = place_of(ibc_id, cells["posting_id"])
        word = cells["answer"].strip().lower()
        if place is None:
            answers.errors[line.number] = "never_sent"
        elif word not in (ACCEPTED, REJECTED):
            answers.errors[line.number] = "not_one_of accepted,rejected"
        elif seen.setdefault(place, line.number) != line.number:
            answers.errors[line.number] = f"twice_in_file {seen[place]}"
        else:
            reason = cells.get("reason", "").strip()[:REASON_CHARS_MAX] or None
            answers.by_line[line.number] = Answer(place, word, reason)
    return answers


def _seen(connection: Connection, ibc_id: str, sha256: str) -> Row | None:
    found = fetch(
        connection,
        "SELECT * FROM answer_files WHERE ibc_id = :ibc_id AND sha256 = :sha256",
        ibc_id=ibc_id,
        sha256=sha256,
    )
    return found[0]._asdict() if found else None


def _sent(connection: Connection, ibc_id: str, answers: Answers) -> dict[Place, Row]:
    """The postings among these that some file of ours has carried."""
    seqs = sorted({one.place[0] for one in answers.by_line.values()})
    found = fetch(
        connection,
        f"{ROWS} AND {any_of(connection, 'e.seq', 'seqs')} AND e.seq <= "
        "(SELECT COALESCE(MAX(x.last_entry), 0) FROM exports x WHERE x.ibc_id = :ibc_id)",
        ibc_id=ibc_id,
        seqs=listed(connection, seqs),
    )
    return {(row.entry_seq, row.line_no): row._asdict() for row in found}


def _latest(connection: Connection, ibc_id: str, places: Sequence[Place]) -> dict[Place, str]:
    found = fetch(
        connection,
        f"{LATEST_ANSWERS} AND {any_of(connection, 'a.entry_seq', 'seqs')}",
        ibc_id=ibc_id,
        seqs=listed(connection, sorted({seq for seq, _ in places})),
    )
    return {(row.entry_seq, row.line_no): row.answer for row in found}


def _keep(connection: Connection, ibc_id: str, answers: Answers, now: Milliseconds) -> None:
    rows = [
        {
            "ibc_id": ibc_id,
            "entry_seq": one.place[0],
            "line_no": one.place[1],
            "sha256": answers.sha256,
            "answer": one.answer,
            "reason": one.reason,
            "taken_at": now,
        }
        for one in answers.by_line.values()
    ]
    insert_rows(connection, BillingAnswer.__table__, rows)


def _open_rejected(
    connection: Connection,
    ibc_id: str,
    answers: Answers,
    sent: dict[Place, Row],
    *,
    seq: int,
    now: Milliseconds,
) -> None:
    cases = []
    for one in answers.by_line.values():
        if one.answer != REJECTED:
            continue
        row = sent[one.place]
        name = posting_id(ibc_id, *one.place)
        cases.append(
            case(
                "BILLING_REJECTED",
                ibc_id=ibc_id,
                subject_entity=row["source_entity"],
                subject_id=row["source_id"],
                account_no=row["account_no"],
                amount_paisa=row["amount_paisa"],
                detail=as_json({"posting_id": name, "reason": one.reason}),
                # The same posting may be sent again and rejected again: another case.
                distinct=f"{name} {answers.sha256}",
                opened_by_seq=seq,
                now=now,
            )
        )
    insert_rows(connection, ExceptionCase.__table__, cases, on_conflict="ignore")


def _close_accepted(connection: Connection, ibc_id: str, answers: Answers, seq: int) -> None:
    """What was rejected before and is accepted now needs nobody any more."""
    accepted = [one.place for one in answers.by_line.values() if one.answer == ACCEPTED]
    found = fetch(
        connection,
        "SELECT a.entry_seq, a.line_no, a.sha256, e.source_id FROM billing_answers a "
        "JOIN entries e ON e.ibc_id = a.ibc_id AND e.seq = a.entry_seq "
        "WHERE a.ibc_id = :ibc_id AND a.answer = 'rejected' "
        f"AND {any_of(connection, 'a.entry_seq', 'seqs')}",
        ibc_id=ibc_id,
        seqs=listed(connection, sorted({entry_seq for entry_seq, _ in accepted})),
    )
    ids = [
        derived_id(
            "case",
            ibc_id,
            "BILLING_REJECTED",
            row.source_id,
            f"{posting_id(ibc_id, row.entry_seq, row.line_no)} {row.sha256}",
        )
        for row in found
        if (row.entry_seq, row.line_no) in accepted
    ]
    if not ids:
        return
    connection.execute(
        text(
            "UPDATE exceptions SET state = 'resolved', resolution = 'accepted_by_billing', "
            "resolved_by_seq = :seq WHERE ibc_id = :ibc_id AND state <> 'resolved' "
            f"AND {any_of(connection, 'id', 'ids')}"
        ),
        {"seq": seq, "ibc_id": ibc_id, "ids": listed(connection, ids)},
    )
