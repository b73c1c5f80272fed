"""A consumer goes to another IBC: master data by mutations, the standing by entries that net to zero (ruling 9).

Nothing of the past moves. The standing crosses as two bills, a closing one at the source and an
opening one at the successor, each against billing control (2900): together they are nothing. What
officers of the source still bring for the account is posted there, and follows by `carry_what_came`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from infra.clock import Milliseconds, local_date
from infra.database import Database, fetch, insert_rows
from infra.ids import derived_id
from infra.tenancy import EVERY, within
from ledger.log_reader import timezone_of
from ledger.reading import consumer as standing
from models import ENTITIES
from models.declaration import Owner
from models.stop import StopStateWord
from models.successor import Successor
from sync.books import post_within
from sync.effects import apply_effects
from sync.imports import BILLING_KEYS
from sync.keyed import KeyReused
from sync.money import BooksBehind, read_to_the_head
from sync.mutation import SERVER
from sync.office import Put, Refused, stage
from sync.records import Record, load_by_account, load_by_id
from sync.writing import Writing, lock_head

CONSUMER, DIRECTORY, AREA = ENTITIES["consumer"], ENTITIES["directory"], ENTITIES["area"]
COPIED = tuple(ENTITIES[name] for name in BILLING_KEYS)
STANDING = "STANDING-"
"""With which the numbers of closing and opening bills begin; they are copied nowhere."""
CARRIED_MAX = 500
"""Accounts whose late money one look of the clock carries on."""


class Crossing(NamedTuple):
    """One account on its way."""

    account_no: str
    source: str
    target: str
    key: str
    """Of the request, or of what came later: the names of both bills come from it."""
    author_id: str
    now: Milliseconds


def move(
    connection: Connection,
    ibc_id: str,
    account_no: str,
    *,
    to: str,
    area_id: str,
    key: str,
    author_id: str,
    now: Milliseconds,
) -> Mapping[str, Any]:
    """Move a consumer with meters, bills, notices and standing; work within EVERY.

    Errors: Refused, KeyReused, BooksBehind.
    """
    crossing = Crossing(account_no, ibc_id, to, key, author_id, now)
    # 1 Current books of both, in the order of their codes, and nobody changes anything until we are done.
    for code in sorted((ibc_id, to)):
        read_to_the_head(connection, code, now)

    # 2 Moved before? The same answer.
    if before := _moved(connection, ibc_id, account_no):
        if before.request_key != key:
            raise Refused(_named(crossing), {"account_no": "already_moved"})
        if before.to_ibc_id != to:
            raise KeyReused(f"the key {key} has named another request; make a new key")
        return _answer(crossing, before.carried_paisa)

    # 3 Decide.
    consumer = _consumer(connection, crossing)
    if errors := _objections(connection, crossing, consumer, area_id):
        raise Refused(_named(crossing), errors)

    # 4 Do: what is known of him there, then what he owes, then the end here.
    _copy(connection, crossing, area_id)
    post_within(connection, to, now)
    carried = _carry(connection, crossing)
    _close(connection, crossing, consumer, carried)
    return _answer(crossing, carried)


def carry_what_came(database: Database, now: Milliseconds) -> int:
    """Let what was posted for accounts after they had moved follow them; returns for how many."""
    with within(EVERY):
        with database.read() as connection:
            rows = fetch(
                connection,
                "SELECT s.ibc_id, s.account_no, s.to_ibc_id, b.entry_seq FROM successors s "
                "JOIN positions p ON p.ibc_id = s.ibc_id AND p.account_no = s.account_no "
                "JOIN books_offsets b ON b.ibc_id = s.ibc_id "
                "WHERE p.due_paisa <> p.advance_paisa ORDER BY s.ibc_id, s.account_no LIMIT :n",
                n=CARRIED_MAX,
            )
        for row in rows:
            key = derived_id("carried", row.ibc_id, row.account_no, str(row.entry_seq))
            crossing = Crossing(row.account_no, row.ibc_id, row.to_ibc_id, key, SERVER, now)
            try:
                database.transact(partial(_follow, crossing=crossing))
            except BooksBehind:
                break  # the next look finds them again
    return len(rows)


def _follow(connection: Connection, crossing: Crossing) -> None:
    for code in sorted((crossing.source, crossing.target)):
        read_to_the_head(connection, code, crossing.now)
    _carry(connection, crossing)


def _moved(connection: Connection, ibc_id: str, account_no: str) -> Any:
    """Where the account has gone; a row of text SQL has no static type."""
    rows = fetch(
        connection,
        "SELECT to_ibc_id, request_key, carried_paisa FROM successors "
        "WHERE ibc_id = :ibc_id AND account_no = :account_no",
        ibc_id=ibc_id,
        account_no=account_no,
    )
    return rows[0] if rows else None


def _consumer(connection: Connection, crossing: Crossing) -> Record:
    found = load_by_account(connection, crossing.source, CONSUMER, [crossing.account_no])
    if not found:
        raise Refused(_named(crossing), {"account_no": "unknown_account"})
    return found[0]


def _objections(
    connection: Connection, crossing: Crossing, consumer: Record, area_id: str
) -> dict[str, str]:
    if crossing.source == crossing.target:
        return {"to": "same_ibc"}
    errors: dict[str, str] = {}
    if not load_by_id(connection, crossing.target, AREA, [area_id]):
        errors["area_id"] = "unknown_area"
    there = load_by_account(connection, crossing.target, CONSUMER, [crossing.account_no])
    if there and not _moved(connection, crossing.target, crossing.account_no):
        errors["to"] = "account_is_there"
    # A cheque clears or returns where it was taken; then he may go.
    if standing(connection, crossing.source, str(consumer.fields["account_no"]))["uncleared_paisa"]:
        errors["account_no"] = "uncleared_money"
    return errors


def _copy(connection: Connection, crossing: Crossing, area_id: str) -> None:
    """What billing has said of the account, said at the successor; who comes back is known already."""
    puts = []
    for entity in COPIED:
        known = {
            record.fields[BILLING_KEYS[entity.name]]: record.id
            for record in load_by_account(
                connection, crossing.target, entity, [crossing.account_no]
            )
        }
        office = {field.name for field in entity.owned_by(Owner.OFFICE)}
        for record in load_by_account(connection, crossing.source, entity, [crossing.account_no]):
            fields = {name: value for name, value in record.fields.items() if name in office}
            if entity is CONSUMER:
                fields["area_id"] = area_id
            number = str(record.fields[BILLING_KEYS[entity.name]])
            if number.startswith(STANDING):
                continue
            record_id = known.get(number) or derived_id(entity.name, crossing.target, number)
            puts.append(Put(entity.name, record_id, fields))
    connection.execute(
        text("DELETE FROM successors WHERE ibc_id = :ibc_id AND account_no = :account_no"),
        {"ibc_id": crossing.target, "account_no": crossing.account_no},
    )
    _write(connection, crossing, crossing.target, puts)


def _carry(connection: Connection, crossing: Crossing) -> int:
    """Close the account's books at the source and open them at the successor; what crossed."""
    owed = _net(connection, crossing.source, crossing.account_no)
    there = _net(connection, crossing.target, crossing.account_no)
    first = _moved(connection, crossing.source, crossing.account_no) is None
    # The bills that were copied are charged there by now; what comes later only adds.
    opening = owed - there if first else owed
    for code, amount in ((crossing.source, -owed), (crossing.target, opening)):
        _write(connection, crossing, code, [_bill(connection, crossing, code, amount)])
        post_within(connection, code, crossing.now)
    return owed


def _bill(connection: Connection, crossing: Crossing, code: str, amount: int) -> Put:
    """A closing or an opening bill: it says where to, or where from."""
    today = local_date(crossing.now, timezone_of(connection, code)).isoformat()
    way = f"TO-{crossing.target}" if code == crossing.source else f"FROM-{crossing.source}"
    invoice_no = f"{STANDING}{way}-{crossing.key[-8:]}"
    fields = {
        "invoice_no": invoice_no,
        "account_no": crossing.account_no,
        "bill_month": today[:7],
        "issue_date": today,
        "due_date": today,
        "current_paisa": amount,
        "arrears_paisa": 0,
        "within_due_paisa": amount,
        "notice_printed": False,
    }
    return Put("bill", derived_id("bill", code, crossing.account_no, crossing.key), fields)


def _net(connection: Connection, ibc_id: str, account_no: str) -> int:
    """What he owes by the books, less what he has paid ahead."""
    known = standing(connection, ibc_id, account_no)
    return int(known["due_paisa"]) - int(known["advance_paisa"])


def _close(connection: Connection, crossing: Crossing, consumer: Record, carried: int) -> None:
    """No round of the source names him any more, and no directory lists him."""
    stops = fetch(
        connection,
        "SELECT id FROM stops WHERE ibc_id = :ibc_id AND account_no = :account_no "
        "AND state = 'pending' AND deleted_at IS NULL ORDER BY id",
        ibc_id=crossing.source,
        account_no=crossing.account_no,
    )
    given_up = {"state": StopStateWord.WITHDRAWN.value}
    # His own record as it is: the entry of the log by which he went.
    puts = [Put("consumer", consumer.id, {"source_as_of": consumer.fields["source_as_of"]})]
    puts += [Put("stop", row.id, given_up) for row in stops]
    _write(connection, crossing, crossing.source, puts, unlisted=consumer.id)
    row = {
        "ibc_id": crossing.source,
        "account_no": crossing.account_no,
        "to_ibc_id": crossing.target,
        "moved_at": crossing.now,
        "request_key": crossing.key,
        "carried_paisa": carried,
    }
    insert_rows(connection, Successor.__table__, [row])


def _write(
    connection: Connection,
    crossing: Crossing,
    code: str,
    puts: Sequence[Put],
    *,
    unlisted: str | None = None,
) -> None:
    writing = Writing(connection, code, lock_head(connection, code), crossing.now)
    stage(writing, author_id=crossing.author_id, puts=puts)
    apply_effects(writing)
    if unlisted is not None:
        writing.load(DIRECTORY, [unlisted])
        line = writing.records[DIRECTORY].get(unlisted)
        if line is not None:
            gone = line._replace(version=line.version + 1, deleted_at=crossing.now)
            writing.put(writing.next_seq - 1, gone)
    writing.flush()


def _named(crossing: Crossing) -> Put:
    return Put("consumer", crossing.account_no, {"to": crossing.target})


def _answer(crossing: Crossing, carried: int) -> Mapping[str, Any]:
    return {
        "account_no": crossing.account_no,
        "source": crossing.source,
        "to": crossing.target,
        "carried_paisa": carried,
    }
