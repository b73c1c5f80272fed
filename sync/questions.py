"""The office asks officers, and warns them; they answer and say that they have seen it (users.md 11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds, rfc3339
from infra.database import any_of, fetch, listed
from infra.ids import derived_id
from models import ENTITIES
from models.question import QuestionStateWord
from sync.keyed import repeated
from sync.office import Put, Refused, write
from sync.records import load_by_id
from sync.rounds import is_officer
from sync.writing import lock_head

Answer = dict[str, Any]
QUESTION = ENTITIES["question"]


class UnknownQuestion(LookupError):
    """There is no such question at this IBC."""


def ask(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Ask one officer about one record of his. Errors: Refused, KeyReused."""
    fields = {
        **{name: asked.get(name) for name in ("account_no", "case_id")},
        **{name: asked[name] for name in ("officer_id", "about_entity", "about_id", "text")},
        "asked_by": author_id,
        "state": QuestionStateWord.OPEN.value,
    }
    question = Put("question", derived_id("question", ibc_id, key), fields)
    lock_head(connection, ibc_id)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=question):
        return {"id": question.record_id, "version": before.version, **fields}
    errors = _unknown(connection, ibc_id, fields)
    if errors:
        raise Refused(question, errors)
    [version] = write(
        connection, ibc_id, author_id=author_id, puts=[question], now=now, mutation_id=key
    )
    return {"id": question.record_id, "version": version, **fields}


def withdraw(
    connection: Connection,
    ibc_id: str,
    question_id: str,
    *,
    author_id: str,
    version: int,
    now: Milliseconds,
) -> Answer:
    """Take back what need not be answered any more. Errors: UnknownQuestion, Stale, Refused."""
    lock_head(connection, ibc_id)
    known = load_by_id(connection, ibc_id, QUESTION, [question_id]).get(question_id)
    if known is None:
        raise UnknownQuestion(f"there is no question {question_id}")
    said = {"state": QuestionStateWord.WITHDRAWN.value}
    taken_back = Put("question", question_id, said, version)
    if known.version == version and known.fields["state"] != QuestionStateWord.OPEN:
        raise Refused(
            taken_back, {"state": f"illegal_transition {known.fields['state']} withdrawn"}
        )
    [after] = write(connection, ibc_id, author_id=author_id, puts=[taken_back], now=now)
    return {"id": question_id, "version": after, **known.fields, **said}


def alert(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Warn one officer, or everybody who walks an area. Errors: Refused, KeyReused."""
    names = ("officer_id", "area_id", "text_ur")
    fields = {
        **{name: asked.get(name) for name in names},
        "kind": asked["kind"],
        "text": asked["text"],
        "ends_at": asked.get("ends_at"),
        "sent_by": author_id,
    }
    sent = Put("alert", derived_id("alert", ibc_id, key), fields)
    lock_head(connection, ibc_id)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=sent):
        return {"id": sent.record_id, "version": before.version, **fields, "seen": []}
    errors = _nobody(connection, ibc_id, fields)
    if errors:
        raise Refused(sent, errors)
    [version] = write(
        connection, ibc_id, author_id=author_id, puts=[sent], now=now, mutation_id=key
    )
    return {"id": sent.record_id, "version": version, **fields, "seen": []}


def questions(
    connection: Connection,
    ibc_id: str,
    *,
    asked: Mapping[str, Any],
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Answer]:
    """Questions in the order in which they were asked, each with its answer."""
    names = [name for name in ("state", "officer_id", "case_id") if asked.get(name)]
    found = fetch(
        connection,
        "SELECT q.*, a.text AS answer, a.occurred_at AS answered_at, s.name AS officer "
        "FROM questions q LEFT JOIN answers a ON a.ibc_id = q.ibc_id AND a.id = q.answer_id "
        "LEFT JOIN staff s ON s.ibc_id = q.ibc_id AND s.id = q.officer_id "
        "WHERE q.ibc_id = :ibc_id AND q.deleted_at IS NULL "
        + "".join(f"AND q.{name} = :{name} " for name in names)
        + "AND (q.occurred_at, q.id) > (:after_at, :after_id) "
        "ORDER BY q.occurred_at, q.id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **{name: asked[name] for name in names},
    )
    return [row._asdict() for row in found]


def alerts(
    connection: Connection, ibc_id: str, *, after: tuple[Milliseconds, str], limit: int
) -> Sequence[Answer]:
    """Alerts in the order in which they were sent, each with who has seen it and when."""
    found = fetch(
        connection,
        "SELECT * FROM alerts WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "AND (occurred_at, id) > (:after_at, :after_id) ORDER BY occurred_at, id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
    )
    seen = _seen(connection, ibc_id, [row.id for row in found])
    return [
        {**row._asdict(), "ends_at": _moment(row.ends_at), "seen": seen.get(row.id, [])}
        for row in found
    ]


def _moment(at: Milliseconds | None) -> str | None:
    return None if at is None else rfc3339(at)


def _seen(connection: Connection, ibc_id: str, ids: Sequence[str]) -> dict[str, list[Answer]]:
    """Alert → each officer who has seen it, at the first time."""
    found = fetch(
        connection,
        "SELECT n.alert_id, n.officer_id, s.name AS officer, MIN(n.occurred_at) AS seen_at "
        "FROM alerts_seen n LEFT JOIN staff s ON s.ibc_id = n.ibc_id AND s.id = n.officer_id "
        f"WHERE n.ibc_id = :ibc_id AND {any_of(connection, 'n.alert_id', 'ids')} "
        "GROUP BY n.alert_id, n.officer_id, s.name",
        ibc_id=ibc_id,
        ids=listed(connection, list(ids)),
    )
    seen: dict[str, list[Answer]] = {}
    for row in sorted(found, key=lambda one: (one.seen_at, one.officer_id)):
        seen.setdefault(row.alert_id, []).append(row._asdict())
    return seen


def _unknown(connection: Connection, ibc_id: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """What the question names and this IBC does not have."""
    errors: dict[str, str] = {}
    if not is_officer(connection, ibc_id, fields["officer_id"]):
        errors["officer_id"] = "unknown_officer"
    entity = ENTITIES.get(fields["about_entity"])
    if entity is None:
        errors["about_entity"] = "unknown_entity"
    elif not load_by_id(connection, ibc_id, entity, [fields["about_id"]]):
        errors["about_id"] = "unknown_record"
    if fields["case_id"] is not None and not fetch(
        connection,
        "SELECT 1 FROM exceptions WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=fields["case_id"],
    ):
        errors["case_id"] = "unknown_record"
    return errors


def _nobody(connection: Connection, ibc_id: str, fields: Mapping[str, Any]) -> dict[str, str]:
    """Why an alert would reach nobody, or somebody else than was meant."""
    officer_id, area_id = fields["officer_id"], fields["area_id"]
    if (officer_id is None) == (area_id is None):
        return {"officer_id": "officer_or_area"}
    if officer_id is not None and not is_officer(connection, ibc_id, officer_id):
        return {"officer_id": "unknown_officer"}
    if area_id is not None and not load_by_id(connection, ibc_id, ENTITIES["area"], [area_id]):
        return {"area_id": "unknown_area"}
    return {}
