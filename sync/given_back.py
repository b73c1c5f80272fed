"""Refunds and fees: proposed by one person, approved by another, on current books and posted at once (ruling 22)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds
from infra.database import fetch
from infra.ids import derived_id
from ledger.accounts import ADVANCE, RECEIVABLE
from ledger.tariff import NoRule, bounce_charge, in_force, reconnection_fee
from ledger.view import DrivenBelowZero
from models import ENTITIES
from models.decision import DecisionStateWord
from models.fee import FeeKindWord
from sync.books import post_within
from sync.dated_rules import rules_of
from sync.keyed import repeated
from sync.money import MakerIsChecker, read_to_the_head
from sync.office import Put, Refused, write
from sync.rounds import known_accounts

REFUND, FEE = "refund", "fee"
SUBMITTED, APPROVED = DecisionStateWord.SUBMITTED.value, DecisionStateWord.APPROVED.value
SIGNED = "CASE p.side WHEN 'D' THEN p.amount_paisa ELSE -p.amount_paisa END"

Answer = dict[str, Any]


class UnknownProposal(LookupError):
    """There is no such refund or fee at this IBC."""


def propose_refund(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Propose to give an advance back. Errors: Refused, KeyReused, BooksBehind."""
    names = ("account_no", "amount_paisa", "paid_from", "bank_account", "reason")
    fields = {
        **{name: asked.get(name) for name in names},
        "acknowledgement": None,
        "state": SUBMITTED,
        "maker_id": author_id,
        "checker_id": None,
    }
    put = Put(REFUND, derived_id(REFUND, ibc_id, key), fields)
    read_to_the_head(connection, ibc_id, now)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return {"id": put.record_id, "version": before.version, **fields, "entry_seqs": []}
    _check_refund(connection, ibc_id, put, fields)
    return _write(connection, ibc_id, put, key=key, author_id=author_id, fields=fields, now=now)


def propose_fee(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Propose a fee; how much it is, the rule of its day says. Errors: Refused, KeyReused, BooksBehind."""
    read_to_the_head(connection, ibc_id, now)
    record_id = derived_id(FEE, ibc_id, key)
    before = _stored(connection, ibc_id, FEE, record_id)
    rule_no, amount = (
        (before["rule_no"], before["amount_paisa"])
        if before
        else _assessed(connection, ibc_id, record_id, asked)
    )
    fields = {
        **{name: asked[name] for name in ("kind", "account_no", "on_date", "reason")},
        "rule_no": rule_no,
        "amount_paisa": amount,
        "state": SUBMITTED,
        "maker_id": author_id,
        "checker_id": None,
    }
    put = Put(FEE, record_id, fields)
    if again := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return {"id": record_id, "version": again.version, **fields, "entry_seqs": []}
    _check_account(connection, ibc_id, put, fields["account_no"])
    return _write(connection, ibc_id, put, key=key, author_id=author_id, fields=fields, now=now)


def settle(
    connection: Connection,
    ibc_id: str,
    entity: str,
    *,
    key: str,
    author_id: str,
    record_id: str,
    version: int,
    state: DecisionStateWord,
    acknowledgement: str | None = None,
    now: Milliseconds,
) -> Answer:
    """Approve or reject what another person proposed, at the version that the checker saw.

    Errors: UnknownProposal, MakerIsChecker, Stale, Refused, KeyReused, BooksBehind.
    """
    said: dict[str, Any] = {"state": state.value, "checker_id": author_id}
    if entity == REFUND and state is DecisionStateWord.APPROVED:
        said["acknowledgement"] = acknowledgement
    put = Put(entity, record_id, said, version)

    # 1 Current books, and nobody changes anything until we are done.
    read_to_the_head(connection, ibc_id, now)
    proposal = _stored(connection, ibc_id, entity, record_id)
    if proposal is None:
        raise UnknownProposal(f"there is no {entity} {record_id}")
    fields = {**proposal, **said}

    # 2 Seen before? The same answer.
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        posted = _entries(connection, ibc_id, record_id)
        return {**fields, "version": before.version, "entry_seqs": posted}

    # 3 Decide: a second person, what he saw, on what the books say now.
    if proposal["maker_id"] == author_id:
        raise MakerIsChecker("the person who proposed it may not check it; ask a colleague")
    if proposal["version"] == version and proposal["state"] != SUBMITTED:
        raise Refused(put, {"state": f"already_{proposal['state']}"})
    if entity == REFUND and state is DecisionStateWord.APPROVED:
        if not acknowledgement:
            raise Refused(put, {"acknowledgement": "required"})
        _check_refund(connection, ibc_id, put, fields)

    # 4 Do; nothing stays when the books cannot.
    return _write(connection, ibc_id, put, key=key, author_id=author_id, fields=fields, now=now)


def proposals(
    connection: Connection,
    ibc_id: str,
    entity: str,
    *,
    state: str | None,
    after: tuple[Milliseconds, str],
    limit: int,
) -> list[Answer]:
    """Refunds or fees in the order in which they were proposed."""
    wanted = " AND state = :state" if state else ""
    found = fetch(
        connection,
        f"SELECT * FROM {ENTITIES[entity].table.name} WHERE ibc_id = :ibc_id "
        f"AND (occurred_at, id) > (:at, :id){wanted} ORDER BY occurred_at, id LIMIT :limit",
        ibc_id=ibc_id,
        at=after[0],
        id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [{**row._asdict(), "entry_seqs": _entries(connection, ibc_id, row.id)} for row in found]


def _check_refund(connection: Connection, ibc_id: str, put: Put, fields: Mapping[str, Any]) -> None:
    _check_account(connection, ibc_id, put, fields["account_no"])
    advance = -_balance(connection, ibc_id, ADVANCE, fields["account_no"])
    if fields["amount_paisa"] > advance:
        raise Refused(put, {"amount_paisa": f"more_than_advance {advance}"})


def _check_account(connection: Connection, ibc_id: str, put: Put, account_no: str) -> None:
    if account_no not in known_accounts(connection, ibc_id, [account_no]):
        raise Refused(put, {"account_no": "unknown_account"})


def _assessed(
    connection: Connection, ibc_id: str, record_id: str, asked: Mapping[str, Any]
) -> tuple[str, int]:
    """The rule that holds on the day of the fee, and what it comes to."""
    put = Put(FEE, record_id, dict(asked))
    kind, on = asked["kind"], asked["on_date"]
    try:
        rule = in_force(rules_of(connection, ibc_id), kind, on)
    except NoRule:
        raise Refused(put, {"on_date": "no_rule_on_that_day"}) from None
    if kind == FeeKindWord.BOUNCE_CHARGE:
        amount = bounce_charge(rule)
    else:
        owed = _balance(connection, ibc_id, RECEIVABLE, asked["account_no"], until=on)
        amount = reconnection_fee(rule, owed)
    if not amount:
        raise Refused(put, {"kind": "rule_charges_nothing"})
    return rule.rule_no, amount


def _balance(
    connection: Connection, ibc_id: str, code: int, account_no: str, *, until: str | None = None
) -> int:
    """Debits less credits of a consumer's account, up to a business date when one is given."""
    found = fetch(
        connection,
        f"SELECT COALESCE(SUM({SIGNED}), 0) AS paisa FROM postings p "
        "JOIN entries e ON e.ibc_id = p.ibc_id AND e.seq = p.entry_seq "
        "WHERE p.ibc_id = :ibc_id AND p.account_code = :code AND p.account_of = :account_no "
        "AND e.business_date <= :until",
        ibc_id=ibc_id,
        code=code,
        account_no=account_no,
        until=until or "9999-12-31",
    )
    return int(found[0].paisa)


def _write(
    connection: Connection,
    ibc_id: str,
    put: Put,
    *,
    key: str,
    author_id: str,
    fields: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    [version] = write(connection, ibc_id, author_id=author_id, puts=[put], now=now, mutation_id=key)
    try:
        post_within(connection, ibc_id, now)
    except DrivenBelowZero as error:
        raise Refused(put, {"amount_paisa": "money_has_moved_on"}) from error
    entry_seqs = _entries(connection, ibc_id, put.record_id)
    if fields["state"] == APPROVED and not entry_seqs:
        raise Refused(put, {"state": "no_effect"})
    return {**fields, "id": put.record_id, "version": version, "entry_seqs": entry_seqs}


def _stored(
    connection: Connection, ibc_id: str, entity: str, record_id: str
) -> dict[str, Any] | None:
    found = fetch(
        connection,
        f"SELECT * FROM {ENTITIES[entity].table.name} WHERE ibc_id = :ibc_id AND id = :id",
        ibc_id=ibc_id,
        id=record_id,
    )
    return found[0]._asdict() if found else None


def _entries(connection: Connection, ibc_id: str, record_id: str) -> list[int]:
    found = fetch(
        connection,
        "SELECT seq FROM entries WHERE ibc_id = :ibc_id AND source_id = :id ORDER BY source_id, seq",
        ibc_id=ibc_id,
        id=record_id,
    )
    return [row.seq for row in found]
