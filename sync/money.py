"""An act that moves money: on current books, written and posted in one transaction, once (ruling 22)."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from auth.approvals import OverLimit, limit_of
from auth.cards import card_at
from infra.clock import Milliseconds
from infra.limits import DECISION_LAG_MAX
from ledger.view import DrivenBelowZero
from sync.books import post_within
from sync.keyed import repeated
from sync.office import Put, Refused, write
from sync.reading import books_status
from sync.writing import lock_head

Errors = Mapping[str, str]


class BooksBehind(Exception):
    """The books are too far behind the log to decide on them now; try again in a minute."""


class MakerIsChecker(Exception):
    """A decision about money needs a second person; ask a colleague to check it (M16)."""


def act(
    connection: Connection,
    ibc_id: str,
    *,
    key: str,
    author_id: str,
    put: Put,
    now: Milliseconds,
    check: Callable[[], Errors],
    also: Callable[[], Sequence[Put]] = tuple,
) -> int:
    """Write one record and post it; returns its version, of the first time when it comes again.

    `check` says why it cannot stand, once the books are current and nobody else changes them;
    `also` is written with it. Errors: Refused, Stale, KeyReused, BooksBehind.
    """
    # 1 Current books, and nobody changes anything until we are done.
    read_to_the_head(connection, ibc_id, now)

    # 2 Seen before? The same answer.
    if before := repeated(connection, ibc_id, key, author_id=author_id, put=put):
        return before.version

    # 3 Decide, then do.
    if errors := check():
        raise Refused(put, errors)
    puts = [put, *also()]
    version = write(connection, ibc_id, author_id=author_id, puts=puts, now=now, mutation_id=key)[0]
    try:
        post_within(connection, ibc_id, now)
    except DrivenBelowZero as error:
        raise Refused(put, {"amount_paisa": "money_has_moved_on"}) from error
    return version


def read_to_the_head(connection: Connection, ibc_id: str, now: Milliseconds) -> None:
    """The books first, then the IBC's lock (ruling 1), then what came in between the two."""
    lag = books_status(connection, ibc_id)["lag"]
    if lag > DECISION_LAG_MAX:
        raise BooksBehind(f"the books are {lag} entries behind; DECISION_LAG_MAX is smaller")
    post_within(connection, ibc_id, now)
    lock_head(connection, ibc_id)
    post_within(connection, ibc_id, now)


def check_limit(
    connection: Connection,
    ibc_id: str,
    staff_id: str,
    kind: str,
    amount_paisa: int,
    *,
    signature: int = 1,
) -> None:
    """Errors: OverLimit when the person's roles here do not approve so much of this kind."""
    card = card_at(connection, staff_id, ibc_id)
    limit = limit_of(card.roles if card else (), kind, signature)
    if amount_paisa > limit:
        raise OverLimit(f"{kind} of {amount_paisa} paisa; you approve up to {limit}")
