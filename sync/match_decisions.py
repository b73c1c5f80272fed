"""What people decide about matches: take or turn down a suggestion, match by hand, end a match; money needs two."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.matching import BankLine, Found, Item
from models.match import MatchKindWord as Kind
from models.match import MatchRuleWord as Rule
from models.match import MatchStateWord as State
from sync.keyed import made_before, repeated
from sync.match_cases import close_line_cases
from sync.matches import (
    MATCHER,
    Taken,
    activate,
    claim,
    fields_of,
    items_of,
    release,
    undo,
)
from sync.money import MakerIsChecker, read_to_the_head
from sync.office import Put, Refused, write
from sync.open_items import items_named
from sync.reconciling import open_lines
from sync.statement_sources import Source, source_of
from sync.writing import lock_head

Row = Mapping[str, Any]


class UnknownMatch(LookupError):
    """There is no such match, suggestion or line at this IBC."""


def take(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    suggestion_id: str,
    now: Milliseconds,
) -> Row:
    """Take a suggestion: what the rule found, a person confirms; a difference needs a second person.

    Errors: UnknownMatch, Refused, Taken, NoEffect, KeyReused, BooksBehind.
    """
    read_to_the_head(connection, ibc_id, now)
    match_id = derived_id("match", ibc_id, key)
    suggestion = _suggestion(connection, ibc_id, suggestion_id)
    said = {"line_id": suggestion.line_id, "items": orjson.loads(suggestion.items)}
    if _made_before(connection, ibc_id, key, match_id, said, author_id=author_id):
        return match_row(connection, ibc_id, match_id)
    source, line = _line(connection, ibc_id, suggestion.line_id)
    if suggestion.state != "open" or line is None:
        raise Refused(_put(match_id), {"state": f"already_{suggestion.state}"})
    found = Found(
        line=line,
        kind=Kind(suggestion.kind),
        rule=Rule(suggestion.rule),
        items=_items_again(connection, ibc_id, suggestion, match_id),
        evidence=orjson.loads(suggestion.evidence),
        fee_paisa=suggestion.fee_paisa,
        difference_paisa=suggestion.difference_paisa,
    )
    if found.difference_paisa:
        fields = fields_of(found, source, state=State.PROPOSED, maker_id=author_id)
        _propose(connection, ibc_id, match_id, fields, key=key, author_id=author_id, now=now)
    else:
        fields = fields_of(
            found, source, state=State.ACTIVE, maker_id=MATCHER, checker_id=author_id
        )
        _stand(
            connection,
            ibc_id,
            match_id,
            fields,
            line.booked_on,
            key=key,
            author_id=author_id,
            now=now,
        )
    _decide_suggestion(connection, ibc_id, suggestion_id, "taken", author_id, now)
    return match_row(connection, ibc_id, match_id)


def turn_down(
    connection: Connection,
    ibc_id: str,
    *,
    author_id: str,
    suggestion_id: str,
    now: Milliseconds,
) -> Row:
    """Turn a suggestion down; rules do not make it again. Errors: UnknownMatch, Refused."""
    lock_head(connection, ibc_id)
    suggestion = _suggestion(connection, ibc_id, suggestion_id)
    if suggestion.state == "taken":
        raise Refused(_put(suggestion_id), {"state": "already_taken"})
    _decide_suggestion(connection, ibc_id, suggestion_id, "rejected", author_id, now)
    told: Row = _suggestion(connection, ibc_id, suggestion_id)._asdict()
    return told


def propose(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Row:
    """Match a line with items by hand; it holds both at once, and stands when another approves it.

    Errors: UnknownMatch, Refused, Taken, KeyReused, BooksBehind.
    """
    read_to_the_head(connection, ibc_id, now)
    match_id = derived_id("match", ibc_id, key)
    said = {"line_id": asked["line_id"], "reason": asked["reason"]}
    if _made_before(connection, ibc_id, key, match_id, said, author_id=author_id):
        return match_row(connection, ibc_id, match_id)
    source, line = _line(connection, ibc_id, asked["line_id"])
    if line is None:
        raise Taken(Taken.__doc__)
    items = items_named(connection, ibc_id, asked["subject_ids"])
    errors = hand_objections(line, asked["subject_ids"], items)
    if errors:
        raise Refused(_put(match_id), errors)
    chosen = tuple(items[subject_id] for subject_id in asked["subject_ids"])
    found = Found(
        line=line,
        kind=_kind_by_hand(line, chosen),
        rule=Rule.BY_HAND,
        items=chosen,
        fee_paisa=line.fee_paisa,
        difference_paisa=_difference(line, chosen),
    )
    fields = fields_of(
        found, source, state=State.PROPOSED, maker_id=author_id, reason=asked["reason"]
    )
    _propose(connection, ibc_id, match_id, fields, key=key, author_id=author_id, now=now)
    return match_row(connection, ibc_id, match_id)


def propose_undo(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    match_id: str,
    reason: str,
    now: Milliseconds,
) -> Row:
    """Propose that a match ends: a row of its own, which another person approves.

    Errors: UnknownMatch, Refused, KeyReused, BooksBehind.
    """
    read_to_the_head(connection, ibc_id, now)
    undo_id = derived_id("match", ibc_id, key)
    said = {"undoes_id": match_id, "reason": reason}
    if _made_before(connection, ibc_id, key, undo_id, said, author_id=author_id):
        return match_row(connection, ibc_id, undo_id)
    wrong = match_row(connection, ibc_id, match_id)
    if wrong["state"] != State.ACTIVE or wrong["kind"] == Kind.UNDO:
        raise Refused(_put(undo_id), {"state": "not_active"})
    if wrong["undone_by"] is not None:
        raise Refused(_put(undo_id), {"state": "already_undone"})
    fields = {
        name: wrong[name]
        for name in ("line_id", "bank_account", "provider", "amount_paisa", "fee_paisa")
    } | {
        "kind": Kind.UNDO.value,
        "state": State.PROPOSED.value,
        "rule": Rule.BY_HAND.value,
        "evidence": None,
        "difference_paisa": wrong["difference_paisa"],
        "account_no": wrong["account_no"],
        "items": items_of(wrong),
        "undoes_id": match_id,
        "reason": reason,
        "maker_id": author_id,
        "checker_id": None,
    }
    put = Put("match", undo_id, fields)
    write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    return match_row(connection, ibc_id, undo_id)


def settle(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    match_id: str,
    version: int,
    state: State,
    now: Milliseconds,
) -> Row:
    """Approve or reject what another person proposed, at the version that the checker saw.

    Errors: UnknownMatch, MakerIsChecker, Stale, Refused, NoEffect, KeyReused, BooksBehind.
    """
    read_to_the_head(connection, ibc_id, now)
    proposal = match_row(connection, ibc_id, match_id)
    fields = _fields_again(proposal) | {"state": state.value, "checker_id": author_id}
    put = Put("match", match_id, fields, version)
    if repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return proposal
    if proposal["maker_id"] == author_id:
        raise MakerIsChecker("the person who proposed it may not check it; ask a colleague")
    if proposal["state"] != State.PROPOSED:
        raise Refused(put, {"state": f"already_{proposal['state']}"})
    is_undo = proposal["kind"] == Kind.UNDO
    if state is State.REJECTED:
        write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
        release(connection, ibc_id, match_id, by=match_id)
    elif is_undo:
        wrong = match_row(connection, ibc_id, str(proposal["undoes_id"]))
        undo(connection, ibc_id, put, wrong, author_id=author_id, now=now, key=key)
    else:
        _stand(
            connection,
            ibc_id,
            match_id,
            fields,
            proposal["booked_on"],
            key=key,
            author_id=author_id,
            now=now,
            base_version=version,
            claimed=True,
        )
    return match_row(connection, ibc_id, match_id)


def hand_objections(
    line: BankLine, subject_ids: Sequence[str], items: Mapping[str, Item]
) -> dict[str, str]:
    """Why a person's match cannot stand: field → message key; empty when it can. Pure."""
    if any(subject_id not in items for subject_id in subject_ids):
        return {"subject_ids": "not_open"}
    if len(set(subject_ids)) != len(subject_ids):
        return {"subject_ids": "named_twice"}
    chosen = [items[subject_id] for subject_id in subject_ids]
    kinds = {item.kind for item in chosen}
    if len(kinds) != 1 or (Kind.CLAIM in kinds) != line.from_agency:
        return {"subject_ids": "of_different_kinds"}
    if line.amount_paisa < 0 and kinds != {Kind.CLEARED}:
        return {"subject_ids": "money_went_out"}
    short_slip = kinds == {Kind.DEPOSIT} and len(chosen) == 1
    if not short_slip and _difference(line, chosen):
        return {"subject_ids": "sums_differ"}
    return {}


def match_row(connection: Connection, ibc_id: str, match_id: str) -> Row:
    """A match as people see it. Errors: UnknownMatch."""
    found = fetch(
        connection,
        "SELECT m.*, l.booked_on, (SELECT MAX(c.undone_by) FROM match_claims c "
        "WHERE c.ibc_id = m.ibc_id AND c.match_id = m.id) AS undone_by FROM matches m "
        "JOIN statement_lines l ON l.ibc_id = m.ibc_id AND l.id = m.line_id "
        "WHERE m.ibc_id = :ibc_id AND m.id = :id",
        ibc_id=ibc_id,
        id=match_id,
    )
    if not found:
        raise UnknownMatch(f"there is no match {match_id}")
    row: Row = found[0]._asdict()
    return row


def _stand(
    connection: Connection,
    ibc_id: str,
    match_id: str,
    fields: Mapping[str, Any],
    value_on: str,
    *,
    key: str,
    author_id: str,
    now: Milliseconds,
    base_version: int | None = None,
    claimed: bool = False,
) -> None:
    activate(
        connection,
        ibc_id,
        {match_id: fields},
        {match_id: value_on},
        author_id=author_id,
        now=now,
        key=key,
        claimed=claimed,
        base_version=base_version,
    )
    close_line_cases(connection, ibc_id, str(fields["line_id"]), lock_head(connection, ibc_id).seq)


def _propose(
    connection: Connection,
    ibc_id: str,
    match_id: str,
    fields: Mapping[str, Any],
    *,
    key: str,
    author_id: str,
    now: Milliseconds,
) -> None:
    claim(connection, ibc_id, {match_id: fields})
    put = Put("match", match_id, fields)
    write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)


def _made_before(
    connection: Connection,
    ibc_id: str,
    key: str,
    match_id: str,
    said: Mapping[str, Any],
    *,
    author_id: str,
) -> bool:
    """Whether this key has made its match already. Errors: KeyReused."""
    record = ("match", match_id)
    return made_before(connection, ibc_id, key, author_id=author_id, record=record, said=said)


def _suggestion(connection: Connection, ibc_id: str, suggestion_id: str) -> Any:
    found = fetch(
        connection,
        "SELECT * FROM suggestions WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=suggestion_id,
    )
    if not found:
        raise UnknownMatch(f"there is no suggestion {suggestion_id}")
    return found[0]


def _line(connection: Connection, ibc_id: str, line_id: str) -> tuple[Source, BankLine | None]:
    """The line and its source; no line when a match holds it. Errors: UnknownMatch."""
    found = fetch(
        connection,
        "SELECT l.source_id FROM statement_lines l JOIN statements t ON t.ibc_id = l.ibc_id "
        "AND t.id = l.statement_id WHERE l.ibc_id = :ibc_id AND l.id = :id",
        ibc_id=ibc_id,
        id=line_id,
    )
    if not found:
        raise UnknownMatch(f"there is no statement line {line_id}")
    source = source_of(connection, ibc_id, found[0].source_id)
    lines = open_lines(connection, ibc_id, source, "AND l.id = :line_id", line_id=line_id)
    return source, lines[0] if lines else None


def _items_again(
    connection: Connection, ibc_id: str, suggestion: Any, match_id: str
) -> tuple[Item, ...]:
    """The suggestion's items as they stand now. Errors: Refused when one is not open any more."""
    wanted = orjson.loads(suggestion.items)
    items = items_named(connection, ibc_id, [item["subject_id"] for item in wanted])
    found = {item.id: item for item in items.values()}
    if any(item["item_id"] not in found for item in wanted):
        raise Refused(_put(match_id), {"subject_ids": "not_open"})
    return tuple(found[item["item_id"]] for item in wanted)


def _decide_suggestion(
    connection: Connection,
    ibc_id: str,
    suggestion_id: str,
    state: str,
    author_id: str,
    now: Milliseconds,
) -> None:
    connection.execute(
        text(
            "UPDATE suggestions SET state = :state, decided_by = :by, decided_at = :now "
            "WHERE ibc_id = :ibc_id AND id = :id"
        ),
        {"state": state, "by": author_id, "now": now, "ibc_id": ibc_id, "id": suggestion_id},
    )


def _kind_by_hand(line: BankLine, items: Sequence[Item]) -> Kind:
    return Kind.RETURNED if line.amount_paisa < 0 or line.returned else items[0].kind


def _difference(line: BankLine, items: Sequence[Item]) -> int:
    return sum(item.amount_paisa for item in items) - abs(line.amount_paisa)


FIELDS = (
    "kind",
    "state",
    "rule",
    "line_id",
    "bank_account",
    "provider",
    "amount_paisa",
    "fee_paisa",
    "difference_paisa",
    "account_no",
    "undoes_id",
    "reason",
    "maker_id",
    "checker_id",
)


def _fields_again(match: Row) -> dict[str, Any]:
    """The record's fields from its row: an approval repeats them, so that the log says all of it."""
    evidence = match["evidence"]
    return {name: match[name] for name in FIELDS} | {
        "items": items_of(match),
        "evidence": orjson.loads(evidence) if evidence else None,
    }


def _put(match_id: str) -> Put:
    return Put("match", match_id, {})
