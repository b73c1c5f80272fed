"""From mutations to truth: one transaction for a parcel, or for several that wait for the same lock."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from infra.clock import Milliseconds
from infra.database import Database
from sync.arriving import Arriving
from sync.effects import apply_effects
from sync.gaps import close_gap
from sync.known import KnownAccounts
from sync.lookup import (
    Found,
    Standing,
    chain_writes,
    load_standings,
    look_up,
)
from sync.mutation import Author, Mutation
from sync.outcomes import Outcome
from sync.parcel import Carried, Parcel, Pushed, with_cover
from sync.plain import Plain, made_ready
from sync.records import Record
from sync.waiting import release_arrived
from sync.writing import UnknownIbc, Writing, lock_head

log = structlog.get_logger()


class Prepared(NamedTuple):
    """A parcel at the door of the lock, made ready where nothing in it is doubtful."""

    parcel: Parcel
    plain: Plain | None


Gather = Callable[[], Sequence[Prepared]]
"""Whoever goes together: asked again it may name more, and never fewer."""
GIVE_UP = (OperationalError, UnknownIbc)
"""Not a parcel's fault: nothing was stored, and the phone tries again."""


def push(
    database: Database,
    ibc_id: str,
    author: Author,
    mutations: Sequence[Mutation],
    now: Milliseconds,
    carried: Carried = Carried(),  # noqa: B008  # a tuple, so one for all is safe
) -> Pushed:
    """Take in one author's mutations: an outcome each, in order.

    Errors: UnknownIbc; OperationalError when the database stays unavailable (nothing was stored).
    """
    parcel = Parcel(author, mutations, carried)
    prepared = prepare(KnownAccounts(database), ibc_id, parcel, now)
    return push_together(database, ibc_id, lambda: [prepared], now)[0]


def prepare(accounts: KnownAccounts, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Prepared:
    """Do for a parcel what can be done before the lock."""
    parcel = with_cover(parcel)
    return Prepared(parcel, made_ready(parcel, ibc_id=ibc_id, now=now, accounts=accounts))


def push_together(
    database: Database, ibc_id: str, gather: Gather, now: Milliseconds
) -> list[Pushed]:
    """Take in several parcels in one transaction; where that fails, each by itself.

    Waiting for the IBC's lock costs more than what is done under it, so who waits for the same
    lock goes together, and who goes is asked once the lock is held. Errors: as `push`.
    """
    take = partial(_take, ibc_id=ibc_id, now=now)
    try:
        # 1 As if nothing of it had been seen before; the unique indexes know better.
        return database.transact(partial(take, gather=gather, assume_new=True))
    except GIVE_UP:
        raise
    except IntegrityError:
        pass  # something was, under another number: look everything up
    except Exception as error:  # our own fault, which must not cost the neighbours
        log.exception("push_failed", ibc_id=ibc_id, error=repr(error))
    return [_by_itself(database, ibc_id, one.parcel, now) for one in gather()]


def _by_itself(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
    """One parcel that could not be taken for new."""
    try:
        # 2 Everything looked up.
        return _take_one(database, ibc_id, parcel, now)
    except GIVE_UP:
        raise
    except Exception as error:
        log.exception("push_failed", ibc_id=ibc_id, error=repr(error))
    # 3 Each mutation alone.
    return _one_by_one(database, ibc_id, parcel, now)


def _take_one(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
    def gather() -> list[Prepared]:
        return [Prepared(parcel, None)]

    take = partial(_take, ibc_id=ibc_id, gather=gather, now=now, assume_new=False)
    return database.transact(take)[0]


def _take(
    connection: Connection,
    *,
    ibc_id: str,
    gather: Gather,
    now: Milliseconds,
    assume_new: bool,
) -> list[Pushed]:
    """The transaction: lock, look up, decide, write; its first statement takes the IBC's lock."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    prepared = gather()
    parcels = [one.parcel for one in prepared]
    standings = load_standings(writing, [parcel.author for parcel in parcels])
    assume_new = assume_new and all(
        (mutation.seq or 0) > standings[parcel.author.id].chain.seq
        for parcel in parcels
        for mutation in parcel.mutations
    )
    doubtful = [
        mutation
        for parcel, plain in prepared
        if plain is None or not assume_new
        for mutation in parcel.mutations
    ]
    found = look_up(writing, doubtful, assume_new=assume_new)
    pushed = []
    all_arrived: list[Record] = []
    for parcel, plain in prepared:
        standing = standings[parcel.author.id]
        before = writing.logged_count
        if plain is not None and assume_new and plain.fits(writing, standing, found):
            outcomes, arrived = plain.take(writing, standing, found), plain.arrived()
        else:
            if plain is not None and assume_new:
                # It was thought plain, and nothing was looked up for it.
                own = look_up(writing, parcel.mutations, assume_new=True)
                found.accounts.update(own.accounts)
            arriving = Arriving(writing, parcel.author, found, standing, parcel.carried)
            outcomes, arrived = [arriving.take(one) for one in parcel.mutations], arriving.arrived
        logged = writing.logged_count - before
        standing.count(outcomes)
        standing.chain.signs |= bool(parcel.carried.covered)
        all_arrived += arrived
        pushed.append((outcomes, logged))
    release_arrived(writing, all_arrived)
    apply_effects(writing)
    for device_id, standing in standings.items():
        if standing.gap_since is not None and not standing.chain.missing.ranges:
            close_gap(writing, device_id)
    writing.flush(*chain_writes(ibc_id, parcels, standings, now))
    return [
        _pushed(writing, standings[parcel.author.id], outcomes, logged)
        for parcel, (outcomes, logged) in zip(parcels, pushed, strict=True)
    ]


def _pushed(
    writing: Writing, standing: Standing, outcomes: Sequence[Outcome], logged: int
) -> Pushed:
    missing = standing.chain.missing.numbers()
    return Pushed(writing.head.epoch, outcomes, missing, standing.safe_seq, logged)


def _one_by_one(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
    """Each mutation alone, so that the one on which our code fails stops nobody (ruling 1)."""
    outcomes: list[Outcome] = []
    for mutation in parcel.mutations:
        alone = parcel._replace(mutations=[mutation])
        try:
            pushed = _take_one(database, ibc_id, alone, now)
        except GIVE_UP:
            raise
        except Exception as error:  # kept, alarmed and tried again by a worker
            log.exception("our_fault", ibc_id=ibc_id, mutation_id=mutation.id, error=repr(error))
            keep = partial(_keep_for_later, ibc_id=ibc_id, parcel=alone, mutation=mutation, now=now)
            pushed = database.transact(keep)
        outcomes += pushed.outcomes
    return pushed._replace(outcomes=outcomes, logged=len(outcomes))


def _keep_for_later(
    connection: Connection, *, ibc_id: str, parcel: Parcel, mutation: Mutation, now: Milliseconds
) -> Pushed:
    """Store a mutation that our code could not decide; it waits for us, and an alarm rings."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    author = parcel.author
    standings = load_standings(writing, [author])
    arriving = Arriving(writing, author, Found({}, {}, {}), standings[author.id], parcel.carried)
    outcome = arriving.keep(mutation)
    writing.flush(*chain_writes(ibc_id, [parcel], standings, now))
    return _pushed(writing, standings[author.id], [outcome], writing.logged_count)
