"""From mutations to truth: one transaction for a parcel, or for several that wait for the same lock."""

from collections.abc import Sequence
from functools import partial

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from infra.clock import Milliseconds
from infra.database import Database
from sync.arriving import Arriving
from sync.effects import apply_effects
from sync.lookup import Found, chain_writes, load_chains, look_up
from sync.mutation import Author, Mutation
from sync.outcomes import Outcome
from sync.parcel import Carried, Parcel, Pushed
from sync.waiting import release_arrived
from sync.writing import UnknownIbc, Writing, lock_head

log = structlog.get_logger()

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
    return push_together(database, ibc_id, [Parcel(author, mutations, carried)], now)[0]


def push_together(
    database: Database, ibc_id: str, parcels: Sequence[Parcel], now: Milliseconds
) -> list[Pushed]:
    """Take in several parcels in one transaction; where that fails, each by itself.

    Waiting for the IBC's lock costs more than what is done under it, so who waits for the same
    lock goes together. Errors: as `push`.
    """
    take = partial(_take, ibc_id=ibc_id, now=now)
    try:
        # 1 As if nothing of it had been seen before; the unique indexes know better.
        return database.transact(partial(take, parcels=parcels, assume_new=True))
    except GIVE_UP:
        raise
    except IntegrityError:
        pass  # something was, under another number: look everything up
    except Exception as error:  # our own fault, which must not cost the neighbours
        log.exception("push_failed", ibc_id=ibc_id, parcels=len(parcels), error=repr(error))
    if len(parcels) > 1:
        return [push_together(database, ibc_id, [parcel], now)[0] for parcel in parcels]
    try:
        # 2 Everything looked up.
        return database.transact(partial(take, parcels=parcels, assume_new=False))
    except GIVE_UP:
        raise
    except Exception as error:
        log.exception("push_failed", ibc_id=ibc_id, parcels=1, error=repr(error))
    # 3 Each mutation alone.
    return [_one_by_one(database, ibc_id, parcels[0], now)]


def _take(
    connection: Connection,
    *,
    ibc_id: str,
    parcels: Sequence[Parcel],
    now: Milliseconds,
    assume_new: bool,
) -> list[Pushed]:
    """The transaction: lock, look up, decide, write; its first statement takes the IBC's lock."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    chains = load_chains(connection, ibc_id, [parcel.author for parcel in parcels])
    assume_new = assume_new and all(
        (mutation.seq or 0) > chains[parcel.author.id].seq
        for parcel in parcels
        for mutation in parcel.mutations
    )
    mutations = [mutation for parcel in parcels for mutation in parcel.mutations]
    found = look_up(writing, mutations, assume_new=assume_new)
    pushed = []
    for author, own, carried in parcels:
        arriving = Arriving(writing, author, found, chains[author.id], carried)
        before = writing.logged_count
        outcomes = [arriving.take(mutation) for mutation in own]
        logged = writing.logged_count - before
        release_arrived(writing, arriving.arrived)
        pushed.append((outcomes, logged))
    apply_effects(writing)
    writing.flush(*chain_writes(ibc_id, parcels, chains, now))
    return [
        Pushed(writing.head.epoch, outcomes, chains[parcel.author.id].missing.numbers(), logged)
        for parcel, (outcomes, logged) in zip(parcels, pushed, strict=True)
    ]


def _one_by_one(database: Database, ibc_id: str, parcel: Parcel, now: Milliseconds) -> Pushed:
    """Each mutation alone, so that the one on which our code fails stops nobody (ruling 1)."""
    outcomes: list[Outcome] = []
    for mutation in parcel.mutations:
        alone = parcel._replace(mutations=[mutation])
        take = partial(_take, ibc_id=ibc_id, parcels=[alone], now=now, assume_new=False)
        try:
            [pushed] = database.transact(take)
        except GIVE_UP:
            raise
        except Exception as error:  # kept, alarmed and tried again by a worker
            log.exception("our_fault", ibc_id=ibc_id, mutation_id=mutation.id, error=repr(error))
            keep = partial(
                _keep_for_later, ibc_id=ibc_id, author=parcel.author, mutation=mutation, now=now
            )
            pushed = database.transact(keep)
        outcomes += pushed.outcomes
    return Pushed(pushed.epoch, outcomes, pushed.missing, len(outcomes))


def _keep_for_later(
    connection: Connection, *, ibc_id: str, author: Author, mutation: Mutation, now: Milliseconds
) -> Pushed:
    """Store a mutation that our code could not decide; it waits for us, and an alarm rings."""
    writing = Writing(connection, ibc_id, lock_head(connection, ibc_id), now)
    chains = load_chains(connection, ibc_id, [author])
    parcel = Parcel(author, [mutation])
    arriving = Arriving(writing, author, Found({}, {}, {}), chains[author.id], parcel.carried)
    outcome = arriving.keep(mutation)
    writing.flush(*chain_writes(ibc_id, [parcel], chains, now))
    missing = chains[author.id].missing.numbers()
    return Pushed(writing.head.epoch, [outcome], missing, writing.logged_count)
