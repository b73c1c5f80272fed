"""From truth to devices: the scopes of a reader, their feed after the cursor, bytes out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from infra.clock import Milliseconds, rfc3339
from infra.database import any_of, fetch, listed
from infra.limits import PAGE_BYTES_MAX, PAGE_CHANGES_MAX
from models import ENTITIES
from sync.cursor import BEFORE_ALL, BEGINNING, Cursor, Key, Position, key_of, read_cursor, start_in
from sync.device_life import orders_now
from sync.scoped import scoped
from sync.writing import UnknownIbc

RETRY_AFTER_SECONDS = 60
"""When a phone with nothing to send may ask again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who pulls: a device and its officer; a revoked device reads only its own scope (ruling 14)."""

    ibc_id: str
    device_id: str
    officer_id: str
    revoked: bool = False

    @property
    def holders(self) -> tuple[str, str]:
        return (f"device:{self.device_id}", f"officer:{self.officer_id}")


class View(NamedTuple):
    """A scope that the reader holds or held, and where its feed stands."""

    scope: str
    granted: int
    held: bool
    head: Position


class Look(NamedTuple):
    """The epoch, the head of the log, the scopes that the reader holds or held, and its orders."""

    epoch: str
    log_seq: int
    views: list[View]
    orders: str | None
    missing: str | None
    """What the server lacks of the device's chain; a wipe waits for it."""


class FeedRow(NamedTuple):
    """One row of the feed with the key (e, s, n) at which it is delivered."""

    e: int
    s: int
    n: int
    entity: str
    record_id: str
    body: str | None
    gone: str | None

    @property
    def key(self) -> Key:
        return Key(self.e, self.s, self.n)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of changes, ready to be sent."""

    epoch: str
    cursor: str
    changes: bytes
    """The JSON object of changes by entity."""
    count: int
    more: bool
    leaving: Sequence[str]
    dropped: Sequence[str]
    orders: Sequence[str] = ()
    """What the phone is to do now (protocol 10)."""

    def json(self, now: Milliseconds, *, before: bytes = b"") -> bytes:
        """The answer of a pull; `before` goes in front, for the answer of a whole exchange."""
        tail = {
            "leaving": self.leaving,
            "dropped": self.dropped,
            "cursor": self.cursor,
            "more": self.more,
            "retry_after_s": 0 if self.more else RETRY_AFTER_SECONDS,
            "orders": list(self.orders),
        }
        return b"".join(
            (
                b'{"epoch":',
                orjson.dumps(self.epoch),
                b',"server_time":"',
                rfc3339(now).encode(),
                b'",',
                before,
                b'"changes":',
                self.changes,
                b",",
                orjson.dumps(tail)[1:],
            )
        )


def pull(
    connection: Connection,
    reader: Reader,
    cursor: str | None,
    *,
    limit: int = PAGE_CHANGES_MAX,
    pending: int = 0,
) -> Page:
    """The next page for a reader, from one snapshot. Errors: NotACursor.

    `pending` is what the phone still has to send: while it is not 0, a scope that was taken away is
    `leaving` and its rows stay. A cursor of another epoch reads as none: the phone pulls anew.
    """
    epoch, log_seq, views, kept, missing = _views(connection, reader)
    at = read_cursor(cursor) if cursor else None
    if at is None or at.epoch != epoch:
        at = Cursor(epoch, BEGINNING, new_until=log_seq)
    held = [view for view in views if view.held]

    rows = _rows_after(connection, reader, held, at, limit, log_seq)
    page = rows[: _fitting(rows, limit)]
    more = unread = len(page) < len(rows)
    key = page[-1].key if more else _end(views, at.key)

    leaving = _leaving(views, at)
    dropped: list[str] = []
    drops: list[FeedRow] = []
    if pending == 0 and not more:
        leaving, dropped, drops = _drop(connection, reader, leaving, limit - len(page))
        more = bool(leaving)
    changes = changes_json(page + drops, _elsewhere(connection, reader, held, page + drops))
    # Once all is read, nothing is a first read any more.
    new_until, loaded = (at.new_until, at.loaded) if unread else (0, ())
    return Page(
        epoch,
        str(Cursor(epoch, key, new_until, tuple(leaving), loaded)),
        changes,
        len(page) + len(drops),
        more,
        [scope for scope, _ in leaving],
        dropped,
        orders_now(kept, missing, ended=reader.revoked, pending=pending),
    )


def quiet_page(
    connection: Connection, reader: Reader, cursor: str, *, pending: int = 0
) -> Page | None:
    """The page of a reader for whom there is nothing at all to tell, from one statement.

    None when there may be something: then `pull` looks again, in one snapshot. Errors: NotACursor.
    """
    epoch, _, views, kept, missing = _views(connection, reader)
    at = read_cursor(cursor)
    held = [view for view in views if view.held]
    if at.epoch != epoch or _leaving(views, at):
        return None
    if any(view.head > start_in(at.key, view.granted) for view in held):
        return None
    key = _end(views, at.key)
    orders = orders_now(kept, missing, ended=reader.revoked, pending=pending)
    return Page(epoch, str(Cursor(epoch, key)), b"{}", 0, False, (), (), orders)


def views_of(connection: Connection, reader: Reader) -> tuple[str, int, list[View]]:
    """The epoch, the head of the log, and the scopes that the reader holds or held."""
    epoch, log_seq, views, _, _ = _views(connection, reader)
    return epoch, log_seq, views


def _views(connection: Connection, reader: Reader) -> Look:
    """All that decides whether there is news, in one statement."""
    device, officer = reader.holders
    rows = fetch(
        connection,
        "SELECT l.epoch, l.seq AS log_seq, g.scope, g.seq AS granted, g.state, h.seq, h.n, "
        "c.orders, c.missing FROM log_heads l "
        "LEFT JOIN device_chains c ON c.ibc_id = l.ibc_id AND c.device_id = :device_id "
        "LEFT JOIN grants g ON g.ibc_id = l.ibc_id AND g.holder IN (:device, :officer) "
        "LEFT JOIN scope_heads h ON h.ibc_id = g.ibc_id AND h.scope = g.scope "
        "WHERE l.ibc_id = :ibc_id",
        ibc_id=reader.ibc_id,
        device=device,
        officer=officer,
        device_id=reader.device_id,
    )
    if not rows:
        raise UnknownIbc(f"there is no IBC {reader.ibc_id!r}")
    views: dict[str, View] = {}
    for row in rows:
        if row.scope is None or (reader.revoked and row.scope != device):
            continue
        head = Position(row.seq, row.n) if row.seq is not None else BEFORE_ALL
        view = View(row.scope, row.granted, row.state == "held", head)
        views[row.scope] = _stronger(views.get(row.scope, view), view)
    first = rows[0]
    return Look(first.epoch, first.log_seq, list(views.values()), first.orders, first.missing)


def _stronger(one: View, other: View) -> View:
    """Of a device's and its officer's grant of one scope: what either holds is held, since the earlier."""
    if one.held != other.held:
        return one if one.held else other
    choose = min if one.held else max
    return one._replace(granted=choose(one.granted, other.granted))


def _rows_after(
    connection: Connection,
    reader: Reader,
    held: Sequence[View],
    at: Cursor,
    limit: int,
    log_seq: int,
) -> list[FeedRow]:
    """The first `limit` + 1 rows by key: an index range scan of each scope that has moved.

    The database puts them in order, so that only the rows of a page come out of it.
    """
    parts: list[str] = []
    parameters: dict[str, Any] = {
        "ibc_id": reader.ibc_id,
        "device_id": reader.device_id,
        "limit": limit + 1,
    }
    # Until a first read has ended, even what the device writes meanwhile may be new to it.
    new_until = log_seq if at.new_until else 0
    loaded = dict(at.loaded)
    for number, view in enumerate(held):
        start = max(start_in(at.key, view.granted), loaded.get(view.scope, BEFORE_ALL))
        if view.head <= start:
            continue
        backfilling = view.granted >= at.key.e
        parts.append(_news(connection, number))
        parameters |= {
            f"scope{number}": view.scope,
            f"granted{number}": view.granted,
            f"seq{number}": start.seq,
            f"n{number}": start.n,
            f"new_until{number}": max(new_until, view.granted if backfilling else 0),
            # Of what a snapshot shows the device must be told the end.
            f"first_until{number}": 0 if view.scope in loaded else at.new_until,
        }
    if not parts:
        return []
    statement = f"{' UNION ALL '.join(parts)} ORDER BY 1, 2, 3, 4, 5 LIMIT :limit"
    return list(map(FeedRow._make, fetch(connection, statement, **parameters)))


def _news(connection: Connection, number: int) -> str:
    """What is new of one scope; its parameters carry the number.

    A device is not sent what it wrote, nor, on its first read, told of the end of what it never
    had. A scope that is given is told of its ends as well: the device may have held it before.
    """
    delivered = f"CASE WHEN seq > :granted{number} THEN seq ELSE :granted{number} END AS e"
    columns = f"{delivered}, seq, n, entity, record_id, body, gone"
    return (
        f"SELECT * FROM ({scoped(connection, columns, scope=f'scope{number}')} "
        f"AND (seq, n) > (:seq{number}, :n{number}) "
        f"AND (seq <= :new_until{number} OR author_id IS NULL OR author_id <> :device_id) "
        f"AND (body IS NOT NULL OR seq > :first_until{number}) "
        f"ORDER BY seq, n LIMIT :limit) AS news{number}"
    )


def _fitting(rows: Sequence[FeedRow], limit: int) -> int:
    """How many of the rows fit into a page: by count, and by bytes, but always one."""
    total = 0
    for count, row in enumerate(rows[:limit]):
        total += len(row.body or row.record_id)
        if total > PAGE_BYTES_MAX and count:
            return count
    return min(len(rows), limit)


def _end(views: Sequence[View], key: Key) -> Key:
    """The key of a reader that has read all there is; it stands still while its scopes do."""
    heads = [key_of(v.head, v.granted) for v in views if v.held and v.head != BEFORE_ALL]
    # Past each taking, or it would be told again at every pull.
    takings = [Key(v.granted, v.granted, 0) for v in views if not v.held]
    return max([key, *heads, *takings])


def _leaving(views: Sequence[View], at: Cursor) -> list[tuple[str, Position]]:
    """Scopes that were taken away since, behind those that the phone was already leaving."""
    # A cursor comes from outside: only what was once this reader's can be left.
    taken = {view.scope for view in views if not view.held}
    leaving = [(scope, progress) for scope, progress in at.leaving if scope in taken]
    known = {scope for scope, _ in leaving}
    has_read, loaded = at.key != BEGINNING, {scope for scope, _ in at.loaded}
    leaving += [
        (view.scope, BEFORE_ALL)
        for view in views
        if not view.held
        and view.scope not in known
        and ((has_read and view.granted > at.key.e) or view.scope in loaded)
    ]
    return leaving


def _drop(
    connection: Connection, reader: Reader, leaving: Sequence[tuple[str, Position]], room: int
) -> tuple[list[tuple[str, Position]], list[str], list[FeedRow]]:
    """Tell the phone, row by row, what to delete of the scopes that it has left."""
    staying: list[tuple[str, Position]] = []
    dropped: list[str] = []
    drops: list[FeedRow] = []
    for scope, progress in leaving:
        rows = fetch(
            connection,
            f"{scoped(connection, 'entity, record_id, seq, n', scope='scope')} "
            "AND (seq, n) > (:seq, :n) ORDER BY seq, n LIMIT :limit",
            ibc_id=reader.ibc_id,
            scope=scope,
            seq=progress.seq,
            n=progress.n,
            limit=max(room - len(drops), 0) + 1,
        )
        fitting = rows[: max(room - len(drops), 0)]
        drops += [
            FeedRow(row.seq, row.seq, row.n, row.entity, row.record_id, None, "out_of_scope")
            for row in fitting
        ]
        if len(fitting) == len(rows):
            dropped.append(scope)
        else:
            last = Position(fitting[-1].seq, fitting[-1].n) if fitting else progress
            staying.append((scope, last))
    return staying, dropped, drops


def _elsewhere(
    connection: Connection, reader: Reader, held: Sequence[View], rows: Sequence[FeedRow]
) -> set[tuple[str, str]]:
    """Dropped records that another held scope still shows: for these nothing is said."""
    gone = [row.record_id for row in rows if row.body is None]
    if not gone:
        return set()
    found = fetch(
        connection,
        f"{scoped(connection, 'entity, record_id')} AND body IS NOT NULL "
        f"AND {any_of(connection, 'record_id', 'ids')}",
        ibc_id=reader.ibc_id,
        ids=listed(connection, gone),
        scopes=listed(connection, [view.scope for view in held]),
    )
    return {(row.entity, row.record_id) for row in found}


def changes_json(rows: Sequence[FeedRow], elsewhere: set[tuple[str, str]]) -> bytes:
    """The rows grouped by entity under one header each: a join of texts."""
    puts: dict[str, dict[str, str]] = defaultdict(dict)
    drops: dict[str, dict[str, str]] = defaultdict(dict)
    for _, _, _, entity, record_id, body, gone in rows:
        if body is not None:
            puts[entity][record_id] = body
            if entity in drops:
                drops[entity].pop(record_id, None)
        elif (entity, record_id) not in elsewhere:
            puts[entity].pop(record_id, None)
            drops[entity][record_id] = gone or "deleted"
    parts = [
        _entity_changes(name, puts.get(name, {}), drops.get(name, {}))
        for name in ENTITIES
        if puts.get(name) or drops.get(name)
    ]
    return ("{" + ",".join(parts) + "}").encode()


def _entity_changes(name: str, put: Mapping[str, str], drop: Mapping[str, Any]) -> str:
    return "".join(
        (
            f'"{name}":{{"fields":{HEADERS[name]},"put":[',
            ",".join(put.values()),
            '],"drop":',
            orjson.dumps(list(drop.items())).decode(),
            "}",
        )
    )


HEADERS = {name: orjson.dumps(entity.header).decode() for name, entity in ENTITIES.items()}
