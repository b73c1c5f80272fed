"""A decision about money: on current books, written and posted in one transaction (ruling 22)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.accounts import CREDIT
from ledger.decisions import live_entries, tender_objection
from ledger.draft import Draft
from ledger.prefetch import entries_of
from ledger.view import DrivenBelowZero
from models.decision import DecisionKindWord, DecisionStateWord
from sync.books import post_within
from sync.keyed import repeated
from sync.money import BooksBehind, MakerIsChecker, check_limit, read_to_the_head
from sync.office import Put, Refused, write
from sync.reading import decision, entries_of_decisions

Answer = dict[str, Any]
__all__ = ["BooksBehind", "MakerIsChecker", "UnknownDecision", "make", "objections", "settle"]

MOVES_TO_AN_ACCOUNT = frozenset({DecisionKindWord.IDENTIFY, DecisionKindWord.TRANSFER})


class UnknownDecision(LookupError):
    """There is no such decision at this IBC."""


def make(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Propose. Errors: Refused, KeyReused, BooksBehind."""
    fields = {
        "kind": asked["kind"],
        "collection_id": asked["collection_id"],
        "to_account_no": asked.get("to_account_no"),
        "reason": asked["reason"],
        "state": DecisionStateWord.SUBMITTED.value,
        "maker_id": author_id,
        "checker_id": None,
    }
    put = Put("decision", derived_id("decision", ibc_id, key), fields)

    # 1 Current books, and nobody changes anything until we are done.
    read_to_the_head(connection, ibc_id, now)

    # 2 Seen before? The same answer.
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return _answer(put.record_id, before.version, fields, [])

    # 3 Decide, then do.
    _check(connection, ibc_id, put, fields)
    [version] = write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    post_within(connection, ibc_id, now)
    return _answer(put.record_id, version, fields, [])


def settle(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    decision_id: str,
    version: int,
    state: DecisionStateWord,
    now: Milliseconds,
) -> Answer:
    """Approve or reject what another person proposed, at the version that the checker saw.

    Errors: UnknownDecision, MakerIsChecker, OverLimit, Stale, Refused, KeyReused, BooksBehind.
    """
    put = Put("decision", decision_id, {"state": state.value, "checker_id": author_id}, version)

    # 1 Current books, and nobody changes anything until we are done.
    read_to_the_head(connection, ibc_id, now)
    proposal = decision(connection, ibc_id, decision_id)
    if proposal is None:
        raise UnknownDecision(f"there is no decision {decision_id}")
    fields = {**proposal, **put.fields}

    # 2 Seen before? The same answer.
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return _answer(decision_id, before.version, fields, _posted(connection, ibc_id, fields))

    # 3 Decide: a second person, what he saw, on what the books say now.
    if proposal["maker_id"] == author_id:
        raise MakerIsChecker("the person who proposed it may not check it; ask a colleague")
    if proposal["version"] == version and proposal["state"] != DecisionStateWord.SUBMITTED:
        raise Refused(put, {"state": f"already_{proposal['state']}"})
    if proposal["version"] == version and state is DecisionStateWord.APPROVED:
        _check(connection, ibc_id, put, fields)
        amount = _amount(connection, ibc_id, fields["collection_id"])
        check_limit(connection, ibc_id, author_id, fields["kind"], amount)

    # 4 Do; nothing stays when it has no effect.
    [after] = write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    try:
        post_within(connection, ibc_id, now)
    except DrivenBelowZero as error:
        raise Refused(put, {"collection_id": "money_has_moved_on"}) from error
    entry_seqs = _posted(connection, ibc_id, fields)
    if state is DecisionStateWord.APPROVED and not entry_seqs:
        raise Refused(put, {"collection_id": "no_effect"})
    return _answer(decision_id, after, fields, entry_seqs)


def objections(
    kind: str,
    to_account_no: str | None,
    history: Sequence[Draft],
    *,
    collection_id: str,
    collection_known: bool,
    account_known: bool,
) -> dict[str, str]:
    """Why a decision cannot stand on these books: field → message key; empty when it can. Pure."""
    if kind in MOVES_TO_AN_ACCOUNT:
        if to_account_no is None:
            return {"to_account_no": "required"}
        if not account_known:
            return {"to_account_no": "unknown_account"}
    elif to_account_no is not None:
        return {"to_account_no": "not_for_this_kind"}
    if not collection_known and not history:
        return {"collection_id": "unknown_collection"}
    live = live_entries(history)
    if not live:
        return {"collection_id": "already_undone" if history else "not_in_the_books"}
    if (past := tender_objection(kind, history)) is not None:
        return {"collection_id": past}
    credit = live[-1].legs[-1]
    in_suspense = credit.of == collection_id and credit.side == CREDIT
    if kind == DecisionKindWord.IDENTIFY and not in_suspense:
        return {"collection_id": "not_in_suspense"}
    if kind == DecisionKindWord.TRANSFER and in_suspense:
        return {"collection_id": "in_suspense"}
    if kind == DecisionKindWord.TRANSFER and credit.of == to_account_no:
        return {"to_account_no": "same_account"}
    return {}


def _check(connection: Connection, ibc_id: str, put: Put, fields: Mapping[str, Any]) -> None:
    collection_id, to = fields["collection_id"], fields["to_account_no"]
    errors = objections(
        fields["kind"],
        to,
        entries_of(connection, ibc_id, [collection_id]),
        collection_id=collection_id,
        collection_known=_exists(connection, ibc_id, "collections", "id", collection_id),
        account_known=to is not None and _exists(connection, ibc_id, "consumers", "account_no", to),
    )
    if errors:
        raise Refused(put, errors)


def _amount(connection: Connection, ibc_id: str, collection_id: str) -> int:
    """What the first entry of the collection moved."""
    return entries_of(connection, ibc_id, [collection_id])[0].legs[0].amount_paisa


def _exists(connection: Connection, ibc_id: str, table: str, column: str, value: str) -> bool:
    statement = f"SELECT 1 FROM {table} WHERE ibc_id = :ibc_id AND {column} = :value"
    return bool(fetch(connection, statement, ibc_id=ibc_id, value=value))


def _posted(connection: Connection, ibc_id: str, fields: Mapping[str, Any]) -> list[int]:
    posted = entries_of_decisions(connection, ibc_id, [fields["collection_id"]])
    return posted.get(fields["id"], [])


def _answer(
    decision_id: str, version: int, fields: Mapping[str, Any], entry_seqs: list[int]
) -> Answer:
    names = ("kind", "collection_id", "to_account_no", "reason", "state", "maker_id", "checker_id")
    said = {name: fields[name] for name in names}
    return {"id": decision_id, "version": version, **said, "entry_seqs": entry_seqs}
