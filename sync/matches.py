"""Matches in the tables: each with its claims and with the clearings that post it, or not at all."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from infra.clock import Milliseconds
from infra.database import any_of, fetch, insert_rows, listed, update_rows
from infra.ids import derived_id, new_id
from ledger.matching import Found, Item
from ledger.view import DrivenBelowZero
from models.match import MatchKindWord as Kind
from models.match import MatchStateWord as State
from models.match import SideWord as Side
from models.reconciliation import MatchClaim, StatementLine
from sync.books import post_within
from sync.office import Put, write
from sync.open_items import RETURNED
from sync.statement_sources import Source

MATCHER = derived_id("matching")
"""Who makes what the rules are certain about."""

OUTCOMES = {
    Kind.DEPOSIT: "banked",
    Kind.CLEARED: "cleared",
    Kind.RETURNED: "returned",
    Kind.CLAIM: "confirmed",
    Kind.UNCLAIMED: "agency_paid",
}
"""What a match puts down for each of its items; a settlement posts nothing more."""

Fields = Mapping[str, Any]


class Taken(Exception):
    """Somebody else holds the line or an item already; look again."""


class NoEffect(Exception):
    """The books have moved on: what was to be matched is not there any more; look again."""


def fields_of(
    found: Found,
    source: Source,
    *,
    state: State,
    maker_id: str,
    checker_id: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    """The record of a match."""
    return {
        "kind": found.kind.value,
        "state": state.value,
        "rule": found.rule.value,
        "evidence": dict(found.evidence),
        "line_id": found.line.id,
        "bank_account": source.bank_account,
        "provider": source.provider if found.line.from_agency else None,
        "amount_paisa": found.line.amount_paisa,
        "fee_paisa": found.fee_paisa,
        "difference_paisa": found.difference_paisa,
        "account_no": found.line.account_no if found.kind is Kind.UNCLAIMED else None,
        "items": [
            {"item_id": item.id, "subject_id": item.subject_id, "amount_paisa": item.amount_paisa}
            for item in found.items
        ],
        "undoes_id": None,
        "reason": reason,
        "maker_id": maker_id,
        "checker_id": checker_id,
    }


def activate(
    connection: Connection,
    ibc_id: str,
    matches: Mapping[str, Fields],
    value_on: Mapping[str, str],
    *,
    author_id: str,
    now: Milliseconds,
    key: str | None = None,
    claimed: bool = False,
    base_version: int | None = None,
) -> list[int]:
    """Write matches that stand, with what they post, and post it; returns the matches' versions.

    The caller has read the books to the head (sync/money.py). `claimed` when a proposal holds its items already.
    Errors: Taken, NoEffect; nothing of any of them stays, because the caller rolls back.
    """
    puts = [Put("match", match_id, fields, base_version) for match_id, fields in matches.items()]
    clearings = [
        Put("clearing", clearing_id, fields)
        for match_id, match in matches.items()
        for clearing_id, fields in _clearings(match_id, match, value_on[match_id])
    ]
    slips = [put for match in matches.values() for put in _slip_puts(match)]
    if not claimed:
        claim(connection, ibc_id, matches)
    versions = write(
        connection,
        ibc_id,
        author_id=author_id,
        puts=[*puts, *clearings, *slips],
        now=now,
        mutation_id=key,
    )
    try:
        post_within(connection, ibc_id, now)
    except DrivenBelowZero as error:
        raise NoEffect(str(error)) from error
    _check_effect(connection, ibc_id, clearings)
    return versions[: len(puts)]


def claim(connection: Connection, ibc_id: str, matches: Mapping[str, Fields]) -> None:
    """Hold the lines and items for these matches. Errors: Taken, by the database's own index."""
    rows = [
        {
            "ibc_id": ibc_id,
            "match_id": match_id,
            "side": side.value,
            "item_id": item_id,
            "amount_paisa": amount,
            "undone_by": None,
        }
        for match_id, match in matches.items()
        for side, item_id, amount in _sides(match)
    ]
    try:
        insert_rows(connection, MatchClaim.__table__, rows)
    except IntegrityError as error:
        raise Taken(Taken.__doc__) from error
    held = [
        {"ibc_id": ibc_id, "id": match["line_id"], "match_id": match_id}
        for match_id, match in matches.items()
    ]
    update_rows(connection, StatementLine.__table__, held, key=("ibc_id", "id"))


def release(connection: Connection, ibc_id: str, match_id: str, by: str) -> None:
    """Let go of what a match held; the row stays and says which match ended it."""
    connection.execute(
        text(
            "UPDATE match_claims SET undone_by = :by WHERE ibc_id = :ibc_id "
            "AND match_id = :match_id AND undone_by IS NULL"
        ),
        {"by": by, "ibc_id": ibc_id, "match_id": match_id},
    )
    connection.execute(
        text(
            "UPDATE statement_lines SET match_id = NULL, barred = 1 WHERE ibc_id = :ibc_id "
            "AND id IN (SELECT item_id FROM match_claims WHERE ibc_id = :ibc_id "
            "AND match_id = :match_id AND side = 'statement')"
        ),
        {"ibc_id": ibc_id, "match_id": match_id},
    )


def undoing(connection: Connection, ibc_id: str, match_id: str, undo_id: str) -> list[Put]:
    """The clearings that mirror what a match has posted."""
    found = fetch(
        connection,
        "SELECT * FROM clearings WHERE ibc_id = :ibc_id AND match_id = :match_id "
        "AND outcome <> 'undone' ORDER BY id",
        ibc_id=ibc_id,
        match_id=match_id,
    )
    return [
        Put(
            "clearing",
            derived_id("clearing", undo_id, row.id),
            {
                **_clearing(row.value_on, undo_id),
                "outcome": "undone",
                "undoes_id": row.id,
                "deposit_id": row.deposit_id,
                "collection_id": row.collection_id,
                "account_no": row.account_no,
                "provider": row.provider,
                "bank_account": row.bank_account,
                "amount_paisa": row.amount_paisa,
                "fee_paisa": row.fee_paisa,
            },
        )
        for row in found
    ]


def undo(
    connection: Connection,
    ibc_id: str,
    put: Put,
    wrong: Fields,
    *,
    author_id: str,
    now: Milliseconds,
    key: str,
) -> None:
    """End a match by a row of its own that mirrors what it posted. Errors: NoEffect, Stale."""
    clearings = undoing(connection, ibc_id, wrong["id"], put.record_id)
    puts = [put, *clearings, *_slip_puts(wrong, "at_bank")]
    write(connection, ibc_id, author_id=author_id, puts=puts, now=now, mutation_id=key)
    release(connection, ibc_id, wrong["id"], by=put.record_id)
    try:
        post_within(connection, ibc_id, now)
    except DrivenBelowZero as error:
        raise NoEffect(str(error)) from error
    _check_effect(connection, ibc_id, clearings)


def new_match_id() -> str:
    return new_id()


def items_of(match: Fields) -> list[dict[str, Any]]:
    """The items of a match, from its record or from its row."""
    items = match["items"]
    found: list[dict[str, Any]] = orjson.loads(items) if isinstance(items, str) else items
    return found


def wire_item(item: Item) -> dict[str, Any]:
    return {"item_id": item.id, "subject_id": item.subject_id, "amount_paisa": item.amount_paisa}


def _sides(match: Fields) -> list[tuple[Side, str, int]]:
    line = (Side.STATEMENT, match["line_id"], abs(match["amount_paisa"]))
    return [
        line,
        *((Side.BOOK, item["item_id"], item["amount_paisa"]) for item in items_of(match)),
    ]


def _clearings(match_id: str, match: Fields, value_on: str) -> list[tuple[str, dict[str, Any]]]:
    """What a match puts down for the books, an outcome for each item."""
    outcome = OUTCOMES.get(Kind(match["kind"]))
    if outcome is None:
        return []
    common = _clearing(value_on, match_id) | {
        "outcome": outcome,
        "bank_account": match["bank_account"],
        "provider": match["provider"],
        "fee_paisa": match["fee_paisa"],
    }
    if outcome == "agency_paid":
        own = {"account_no": match["account_no"], "amount_paisa": match["amount_paisa"]}
        return [(derived_id("clearing", match_id, "0"), common | own)]
    of = "deposit_id" if outcome == "banked" else "collection_id"
    return [
        (
            derived_id("clearing", match_id, str(n)),
            common
            | {
                of: item["subject_id"],
                "amount_paisa": item["amount_paisa"] - match["difference_paisa"],
            },
        )
        for n, item in enumerate(items_of(match))
        if not item["item_id"].startswith(RETURNED)
    ]


def _clearing(value_on: str, match_id: str) -> dict[str, Any]:
    return {
        "deposit_id": None,
        "collection_id": None,
        "undoes_id": None,
        "account_no": None,
        "value_on": value_on,
        "match_id": match_id,
        "reason": None,
        "maker_id": MATCHER,
    }


def _slip_puts(match: Fields, state: str | None = None) -> list[Put]:
    """Where the cash slips of a match stand after it; cheques stand each for itself."""
    if match["kind"] != Kind.DEPOSIT:
        return []
    after = state or ("short" if match["difference_paisa"] > 0 else "matched")
    return [Put("deposit", item["subject_id"], {"state": after}) for item in items_of(match)]


def _check_effect(connection: Connection, ibc_id: str, clearings: Sequence[Put]) -> None:
    """Each clearing has written its entry. Errors: NoEffect."""
    sources = {
        str(value)
        for put in clearings
        for value in (put.record_id, put.fields["deposit_id"], put.fields["collection_id"])
        if value
    } | {str(put.fields["undoes_id"]) for put in clearings if put.fields["undoes_id"]}
    found = fetch(
        connection,
        f"SELECT DISTINCT memo FROM entries WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'source_id', 'sources')}",
        ibc_id=ibc_id,
        sources=listed(connection, sorted(sources)),
    )
    if missing := {put.record_id for put in clearings} - {row.memo for row in found}:
        raise NoEffect(f"{len(missing)} of {len(clearings)} outcomes posted nothing")
