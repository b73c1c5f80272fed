"""Notices of a cut and orders to cut: the office writes neither past the gate (domain manual §6.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from infra.clock import Milliseconds, local_date
from infra.database import fetch
from infra.ids import derived_id
from ledger.gate import SERVED, Reason, stops_a_notice, stops_an_order
from ledger.log_reader import timezone_of
from models import ENTITIES
from models.disconnection_order import OrderStateWord
from models.notice import NoticeStateWord
from sync.decisions import MakerIsChecker
from sync.gating import judge
from sync.keyed import repeated
from sync.office import Put, Refused, write
from sync.records import load_by_account, load_by_id
from sync.writing import lock_head

Answer = dict[str, Any]
ORDER, NOTICE = ENTITIES["disconnection_order"], ENTITIES["notice"]


class UnknownOrder(LookupError):
    """There is no such order at this IBC."""


def issue_notice(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Give notice, unless something speaks against it already. Errors: Refused, KeyReused."""
    account_no = asked["account_no"]
    lock_head(connection, ibc_id)
    fields = {
        **{name: asked[name] for name in ("notice_no", "account_no", "second_due_date")},
        "amount_paisa": asked["amount_paisa"],
        "issued_on": local_date(now, timezone_of(connection, ibc_id)).isoformat(),
        "state": NoticeStateWord.ISSUED.value,
    }
    notice = Put("notice", derived_id("notice", ibc_id, key), fields)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=notice):
        return {"id": notice.record_id, "version": before.version, **fields}
    verdict = judge(connection, ibc_id, account_no, now)
    _refuse(notice, None if verdict is None else stops_a_notice(verdict.reasons))
    [version] = write(
        connection, ibc_id, author_id=author_id, puts=[notice], now=now, mutation_id=key
    )
    return {"id": notice.record_id, "version": version, **fields}


def raise_order(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    asked: Mapping[str, Any],
    now: Milliseconds,
) -> Answer:
    """Ask for a cut; another person approves. Errors: Refused, KeyReused."""
    account_no = asked["account_no"]
    lock_head(connection, ibc_id)
    fields = {
        "order_no": asked["order_no"],
        "account_no": account_no,
        "amount_paisa": asked["amount_paisa"],
        "raised_on": local_date(now, timezone_of(connection, ibc_id)).isoformat(),
        "state": OrderStateWord.RAISED.value,
        "maker_id": author_id,
    }
    order = Put("disconnection_order", derived_id("cut", ibc_id, key), fields)
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=order):
        return _told(order.record_id, before.version, fields)
    _ask_gate(connection, ibc_id, order, account_no, now)
    puts = [order, *_notices_used(connection, ibc_id, account_no)]
    versions = write(connection, ibc_id, author_id=author_id, puts=puts, now=now, mutation_id=key)
    return _told(order.record_id, versions[0], fields)


def settle_order(
    connection: Connection,
    ibc_id: str,
    order_id: str,
    *,
    author_id: str,
    state: OrderStateWord,
    version: int,
    now: Milliseconds,
) -> Answer:
    """Approve what another person asked for, if the gate still lets it through; or cancel it.

    Errors: UnknownOrder, MakerIsChecker, Stale, Refused.
    """
    lock_head(connection, ibc_id)
    known = load_by_id(connection, ibc_id, ORDER, [order_id]).get(order_id)
    if known is None:
        raise UnknownOrder(f"there is no order {order_id}")
    said = {"state": state.value, "checker_id": author_id}
    settled = Put("disconnection_order", order_id, said, version)
    if known.version == version:
        _check(settled, str(known.fields["state"]), state)
        if state is OrderStateWord.APPROVED:
            if known.fields["maker_id"] == author_id:
                raise MakerIsChecker("the person who asked for it may not approve it")
            _ask_gate(connection, ibc_id, settled, str(known.fields["account_no"]), now)
    [after] = write(connection, ibc_id, author_id=author_id, puts=[settled], now=now)
    return _told(order_id, after, {**known.fields, **said})


def orders(
    connection: Connection,
    ibc_id: str,
    *,
    state: str | None,
    after: tuple[Milliseconds, str],
    limit: int,
) -> Sequence[Answer]:
    """Orders in the order in which they were raised."""
    found = fetch(
        connection,
        "SELECT * FROM disconnection_orders WHERE ibc_id = :ibc_id AND deleted_at IS NULL "
        "AND (occurred_at, id) > (:after_at, :after_id)"
        f"{' AND state = :state' if state else ''} ORDER BY occurred_at, id LIMIT :limit",
        ibc_id=ibc_id,
        after_at=after[0],
        after_id=after[1],
        limit=limit,
        **({"state": state} if state else {}),
    )
    return [row._asdict() for row in found]


MOVES = frozenset(
    {
        (OrderStateWord.RAISED, OrderStateWord.APPROVED),
        (OrderStateWord.RAISED, OrderStateWord.CANCELLED),
        (OrderStateWord.APPROVED, OrderStateWord.CANCELLED),
    }
)


def _check(put: Put, was: str, wanted: OrderStateWord) -> None:
    if (OrderStateWord(was), wanted) not in MOVES:
        raise Refused(put, {"state": f"illegal_transition {was} {wanted}"})


def _ask_gate(
    connection: Connection, ibc_id: str, put: Put, account_no: str, now: Milliseconds
) -> None:
    verdict = judge(connection, ibc_id, account_no, now)
    _refuse(put, None if verdict is None else stops_an_order(verdict.reasons))


def _refuse(put: Put, reasons: Sequence[Reason] | None) -> None:
    """Refuse with every reason, by its place. Errors: Refused."""
    if reasons is None:
        raise Refused(put, {"account_no": "unknown_account"})
    if reasons:
        raise Refused(put, {f"gate.{n}": reason.key for n, reason in enumerate(reasons)})


def _notices_used(connection: Connection, ibc_id: str, account_no: str) -> list[Put]:
    """The notices behind an order say so."""
    return [
        Put("notice", notice.id, {"state": NoticeStateWord.ORDER_RAISED.value})
        for notice in load_by_account(connection, ibc_id, NOTICE, [account_no])
        if notice.fields["state"] in SERVED
    ]


def _told(order_id: str, version: int, fields: Mapping[str, Any]) -> Answer:
    names = ("order_no", "account_no", "amount_paisa", "raised_on", "state", "maker_id")
    return {
        "id": order_id,
        "version": version,
        **{name: fields[name] for name in names},
        **{name: fields.get(name) for name in ("checker_id", "act_id")},
    }
