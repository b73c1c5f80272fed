"""From mutations to truth: one transaction for a parcel, or for several that wait for the same lock."""

from collections.abc import Collection, Mapping, Sequence
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
from sync.lookup import (
    Found,
    Standing,
    accounts_of,
    chain_writes,
    load_standings,
    look_up,
    our_accounts,
)
from sync.mutation import Author, Mutation
from sync.outcomes import Outcome
from sync.parcel import Carried, Parcel, Pushed, with_cover
from sync.plain import Plain, made_ready
from sync.waiting import release_arrived
from sync.writing import UnknownIbc, Writing, lock_head

log = structlog.get_logger()


class Prepared(NamedTuple):
    """A parcel at the door of the lock, made ready where nothing in it is doubtful."""

    parcel: Parcel
    plain: Plain | None


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
    return push_together(database, ibc_id, [prepare(database, ibc_id, parcel, now)], now)[0]


def prepare(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Prepared:
    """Do for a parcel what can be done before the lock."""
    parcel = with_cover(parcel)

    def ours_among(accounts: Collection[str]) -> set[str]:
        with database.glance() as connection:
            return our_accounts(connection, ibc_id, accounts)

    return Prepared(parcel, made_ready(parcel, ibc_id=ibc_id, now=now, ours_among=ours_among))


def push_together(
    database: Database, ibc_id: str, prepared: Sequence[Prepared], now: Milliseconds
) -> list[Pushed]:
    """Take in several parcels in one transaction; where that fails, each by itself.

    Waiting for the IBC's lock costs more than what is done under it, so who waits for the same
    lock goes together. Errors: as `push`.
    """
    take = partial(_take, ibc_id=ibc_id, now=now)
    try:
        # 1 As if nothing of it had been seen before; the unique indexes know better.
        return database.transact(partial(take, prepared=prepared, assume_new=True))
    except GIVE_UP:
        raise
    except IntegrityError:
        pass  # something was, under another number: look everything up
    except Exception as error:  # our own fault, which must not cost the neighbours
        log.exception("push_failed", ibc_id=ibc_id, parcels=len(prepared), error=repr(error))
    if len(prepared) > 1:
        return [push_together(database, ibc_id, [one], now)[0] for one in prepared]
    try:
        # 2 Everything looked up.
        return database.transact(partial(take, prepared=prepared, assume_new=False))
    except GIVE_UP:
        raise
    except Exception as error:
        log.exception("push_failed", ibc_id=ibc_id, parcels=1, error=repr(error))
    # 3 Each mutation alone.
    return [_one_by_one(database, ibc_id, prepared[0].parcel, now)]


def _take(
    connection: Connection,
    *,
    ibc_id: str,
    prepared: Sequence[Prepared],
    now: Milliseconds,
    assume_new: bool,
) -> list[Pushed]:
    """The transaction: lock, look up, decide, write; its first statement takes the IBC's lock."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    parcels = [one.parcel for one in prepared]
    standings = load_standings(connection, ibc_id, [parcel.author for parcel in parcels])
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
    for parcel, plain in prepared:
        standing = standings[parcel.author.id]
        before = writing.logged_count
        if plain is not None and assume_new and plain.fits(writing, standing, found):
            outcomes, arrived = plain.take(writing, standing, found), plain.arrived()
        else:
            if plain is not None and assume_new:
                found.accounts.update(accounts_of(writing, parcel.mutations))
            arriving = Arriving(writing, parcel.author, found, standing, parcel.carried)
            outcomes, arrived = [arriving.take(one) for one in parcel.mutations], arriving.arrived
        logged = writing.logged_count - before
        standing.count(outcomes)
        standing.chain.signs |= bool(parcel.carried.covered)
        release_arrived(writing, arrived)
        pushed.append((outcomes, logged))
    apply_effects(writing)
    for device_id, standing in standings.items():
        if standing.gap_since is not None and not standing.chain.missing.ranges:
            close_gap(writing, device_id)
    writing.flush(*chain_writes(ibc_id, parcels, standings, now))
    return [
        Pushed(writing.head.epoch, outcomes, _missing(standings, parcel), logged)
        for parcel, (outcomes, logged) in zip(parcels, pushed, strict=True)
    ]


def _missing(standings: Mapping[str, Standing], parcel: Parcel) -> Sequence[int]:
    return standings[parcel.author.id].chain.missing.numbers()


def _one_by_one(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
    """Each mutation alone, so that the one on which our code fails stops nobody (ruling 1)."""
    outcomes: list[Outcome] = []
    for mutation in parcel.mutations:
        alone = parcel._replace(mutations=[mutation])
        taken = [Prepared(alone, None)]
        take = partial(_take, ibc_id=ibc_id, prepared=taken, now=now, assume_new=False)
        try:
            [pushed] = database.transact(take)
        except GIVE_UP:
            raise
        except Exception as error:  # kept, alarmed and tried again by a worker
            log.exception("our_fault", ibc_id=ibc_id, mutation_id=mutation.id, error=repr(error))
            keep = partial(_keep_for_later, ibc_id=ibc_id, parcel=alone, mutation=mutation, now=now)
            pushed = database.transact(keep)
        outcomes += pushed.outcomes
    return Pushed(pushed.epoch, outcomes, pushed.missing, len(outcomes))


def _keep_for_later(
    connection: Connection, *, ibc_id: str, parcel: Parcel, mutation: Mutation, now: Milliseconds
) -> Pushed:
    """Store a mutation that our code could not decide; it waits for us, and an alarm rings."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    author = parcel.author
    standings = load_standings(connection, ibc_id, [author])
    arriving = Arriving(writing, author, Found({}, {}, {}), standings[author.id], parcel.carried)
    outcome = arriving.keep(mutation)
    writing.flush(*chain_writes(ibc_id, [parcel], standings, now))
    missing = _missing(standings, parcel)
    return Pushed(writing.head.epoch, [outcome], missing, writing.logged_count)
