"""Who sees what because of the rounds: grants of scopes and memberships of accounts, written here alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from infra.database import any_of, fetch, insert_rows, listed
from models import ENTITIES
from models.declaration import Members
from models.log import Grant, Member
from models.round import OPEN_STATES
from models.stop import GIVEN_UP
from sync.records import Record, load_by_account
from sync.writing import Change, Writing

MEMBER_ENTITIES = tuple(e for e in ENTITIES.values() if isinstance(e.sync.scope, Members))


class Joining(NamedTuple):
    """What a stop brings into a scope: an account, at the log entry that caused it."""

    seq: int
    account_no: str


ROUND, STOP = ENTITIES["round"], ENTITIES["stop"]
NAMES_NOBODY = ", ".join(f"'{state}'" for state in sorted(GIVEN_UP))


def grant(
    connection: Connection, ibc_id: str, holder: str, scopes: Iterable[str], seq: int = 0
) -> None:
    """Let a holder (`device:<id>` or `officer:<id>`) read these scopes, from log position `seq`."""
    _keep_grants(connection, ibc_id, holder, scopes, seq, "held")


def _keep_grants(
    connection: Connection, ibc_id: str, holder: str, scopes: Iterable[str], seq: int, state: str
) -> None:
    rows = [
        {"ibc_id": ibc_id, "holder": holder, "scope": scope, "seq": seq, "state": state}
        for scope in scopes
    ]
    insert_rows(connection, Grant.__table__, rows, on_conflict="replace")


def follow_stops(writing: Writing, changes: Sequence[Change]) -> None:
    """A stop on an open round makes its consumer visible to the round's officer."""
    moves = [change for change in changes if _place(change.before) != _place(change.after)]
    writing.load(ROUND, {str(change.after.fields["round_id"]) for change in moves})
    joining: dict[str, dict[str, Joining]] = defaultdict(dict)
    for change in moves:
        stop = change.after
        walk = writing.records[ROUND].get(str(stop.fields["round_id"]))
        if _place(change.before) is not None:
            _leave_place(writing, change, walk)
        moved_on = _place(writing.records[STOP][stop.id]) != _place(stop)
        if walk is not None and _is_open(walk) and _place(stop) is not None and not moved_on:
            account_no = str(stop.fields["account_no"])
            joining[_officer_scope(walk)][stop.id] = Joining(change.seq, account_no)
    for scope, stops in joining.items():
        _join(writing, scope, stops)


def _leave_place(writing: Writing, change: Change, walk: Record | None) -> None:
    """The consumer of the place that a stop leaves; who stays in the same scope is not touched."""
    assert change.before is not None
    was, now = str(change.before.fields["account_no"]), change.after.fields["account_no"]
    still_names_him = was == now and _place(change.after) is not None
    staying = (
        {_officer_scope(walk)} if walk is not None and _is_open(walk) and still_names_him else set()
    )
    for scope in sorted(_scopes_because(writing, change.after.id, was) - staying):
        _leave(writing, change.seq, scope, [change.after.id])


def _place(stop: Record | None) -> tuple[object, object] | None:
    """Where a stop stands: its round and its account; None where it names nobody any more."""
    if stop is None or stop.fields["state"] in GIVEN_UP:
        return None
    return (stop.fields["round_id"], stop.fields["account_no"])


def _scopes_because(writing: Writing, stop_id: str, account_no: str) -> set[str]:
    """The scopes in which an account is a member because of this stop."""
    rows = fetch(
        writing.connection,
        "SELECT scope FROM members "
        "WHERE ibc_id = :ibc_id AND account_no = :account_no AND because = :stop_id",
        ibc_id=writing.ibc_id,
        account_no=account_no,
        stop_id=stop_id,
    )
    return {row.scope for row in rows}


def follow_rounds(writing: Writing, changes: Sequence[Change]) -> None:
    """Opening, closing or moving a round moves its scopes and its consumers with it."""
    for change in changes:
        was = change.before if change.before and _is_open(change.before) else None
        now = change.after if _is_open(change.after) else None
        if was and now and was.fields["officer_id"] == now.fields["officer_id"]:
            continue
        if was is None and now is None:
            continue
        stops = _stops_of(writing, change.after.id)
        if was:
            _leave(writing, change.seq, _officer_scope(was), stops)
        if now:
            arriving = {stop_id: Joining(change.seq, a) for stop_id, a in stops.items()}
            _join(writing, _officer_scope(now), arriving)
    officers = {
        str(record.fields["officer_id"])
        for change in changes
        for record in (change.before, change.after)
        if record is not None and record.fields["officer_id"]
    }
    for officer_id in sorted(officers):
        _settle_grants(writing, officer_id, changes[-1].seq)


def _is_open(walk: Record) -> bool:
    return walk.fields["state"] in OPEN_STATES and walk.fields["officer_id"] is not None


def _officer_scope(walk: Record) -> str:
    return f"officer:{walk.fields['officer_id']}"


def _stops_of(writing: Writing, round_id: str) -> dict[str, str]:
    """Stop → account of a round, as this transaction has them."""
    rows = fetch(
        writing.connection,
        "SELECT account_no, id FROM stops WHERE ibc_id = :ibc_id AND round_id = :round_id "
        f"AND state NOT IN ({NAMES_NOBODY}) ORDER BY walk_order",
        ibc_id=writing.ibc_id,
        round_id=round_id,
    )
    found = {row.id: row.account_no for row in rows}
    for stop in writing.records[STOP].values():
        found.pop(stop.id, None)
        if stop.fields["round_id"] == round_id and _place(stop) is not None:
            found[stop.id] = str(stop.fields["account_no"])
    return found


def _join(writing: Writing, scope: str, stops: Mapping[str, Joining]) -> None:
    """Make the accounts of these stops members of a scope; what is new to it is announced there."""
    joined_at = {joining.account_no: joining.seq for joining in stops.values()}
    accounts = list(joined_at)
    known = _members_among(writing, scope, accounts)
    insert_rows(
        writing.connection,
        Member.__table__,
        [
            {
                "ibc_id": writing.ibc_id,
                "scope": scope,
                "account_no": joining.account_no,
                "because": stop_id,
            }
            for stop_id, joining in stops.items()
        ],
        on_conflict="ignore",
    )
    newcomers = [account_no for account_no in accounts if account_no not in known]
    for record in _records_of_accounts(writing, newcomers):
        writing.show(joined_at[str(record.member_account)], scope, record)


def _leave(writing: Writing, seq: int, scope: str, stops: Iterable[str]) -> None:
    """End the memberships that these stops gave; who has no other reason to stay is withdrawn."""
    ended = fetch(
        writing.connection,
        "DELETE FROM members WHERE ibc_id = :ibc_id AND scope = :scope "
        f"AND {any_of(writing.connection, 'because', 'stops')} RETURNING account_no",
        ibc_id=writing.ibc_id,
        scope=scope,
        stops=listed(writing.connection, list(stops)),
    )
    accounts = sorted({row.account_no for row in ended})
    staying = _members_among(writing, scope, accounts)
    leavers = [account_no for account_no in accounts if account_no not in staying]
    for record in _records_of_accounts(writing, leavers):
        writing.withdraw(seq, scope, record, "out_of_scope")


def _members_among(writing: Writing, scope: str, accounts: Sequence[str]) -> set[str]:
    rows = fetch(
        writing.connection,
        "SELECT account_no FROM members WHERE ibc_id = :ibc_id AND scope = :scope "
        f"AND {any_of(writing.connection, 'account_no', 'accounts')}",
        ibc_id=writing.ibc_id,
        scope=scope,
        accounts=listed(writing.connection, accounts),
    )
    return {row.account_no for row in rows}


def _records_of_accounts(writing: Writing, accounts: Sequence[str]) -> list[Record]:
    found: list[Record] = []
    for entity in MEMBER_ENTITIES:
        own = writing.records[entity]
        loaded = load_by_account(writing.connection, writing.ibc_id, entity, accounts)
        found += [own.get(record.id, record) for record in loaded]
    return found


def _settle_grants(writing: Writing, officer_id: str, seq: int) -> None:
    """Give the officer exactly the rounds that are open for him, and the areas that they walk."""
    rows = fetch(
        writing.connection,
        "SELECT id, area_id, state, officer_id FROM rounds "
        "WHERE ibc_id = :ibc_id AND officer_id = :officer_id",
        ibc_id=writing.ibc_id,
        officer_id=officer_id,
    )
    walks = {row.id: (row.area_id, row.state, row.officer_id) for row in rows}
    for walk in writing.records[ROUND].values():
        at = walk.fields
        walks[walk.id] = (at["area_id"], at["state"], at["officer_id"])
    wanted = {f"officer:{officer_id}"}
    for round_id, (area_id, state, holder) in walks.items():
        if holder == officer_id and state in OPEN_STATES:
            wanted |= {f"round:{round_id}", f"area:{area_id}"}
    holder = f"officer:{officer_id}"
    have = {
        row.scope
        for row in fetch(
            writing.connection,
            "SELECT scope FROM grants "
            "WHERE ibc_id = :ibc_id AND holder = :holder AND state = 'held'",
            ibc_id=writing.ibc_id,
            holder=holder,
        )
    }
    grant(writing.connection, writing.ibc_id, holder, sorted(wanted - have), seq)
    _keep_grants(writing.connection, writing.ibc_id, holder, sorted(have - wanted), seq, "taken")
