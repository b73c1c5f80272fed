"""The accounts that a process has seen to be consumers of an IBC: nearly every fact names one of them."""

from collections.abc import Collection
from typing import NamedTuple

from infra.database import Database, any_of, fetch, listed
from infra.limits import KNOWN_ACCOUNTS_MAX


class Known(NamedTuple):
    """Accounts that are consumers of an IBC, in the epoch in which that was seen."""

    epoch: str
    accounts: set[str]


NOTHING = Known("", set())


class KnownAccounts:
    """Consumers, once known, stay: none is ever deleted, and only a restore can unmake one.

    Threads may share it: at worst two of them ask the same.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Known] = {}

    def among(self, ibc_id: str, accounts: Collection[str]) -> Known:
        """What is known of these accounts, and perhaps of others."""
        known = self._known.get(ibc_id, NOTHING)
        unknown = [account for account in accounts if account not in known.accounts]
        if unknown:
            known = self._learn(ibc_id, unknown)
        return known

    def is_now(self, ibc_id: str, epoch: str) -> None:
        """Forget what was known in another epoch than this."""
        if self._known.get(ibc_id, NOTHING).epoch != epoch:
            self._known.pop(ibc_id, None)

    def _learn(self, ibc_id: str, accounts: Collection[str]) -> Known:
        with self._database.glance() as connection:
            rows = fetch(
                connection,
                "SELECT h.epoch, c.account_no FROM log_heads h LEFT JOIN consumers c "
                f"ON c.ibc_id = h.ibc_id AND {any_of(connection, 'c.account_no', 'accounts')} "
                "WHERE h.ibc_id = :ibc_id",
                ibc_id=ibc_id,
                accounts=listed(connection, sorted(accounts)),
            )
        if not rows:
            return NOTHING
        found = {row.account_no for row in rows if row.account_no is not None}
        known = self._known.get(ibc_id)
        if known is None or known.epoch != rows[0].epoch:
            known = self._known[ibc_id] = Known(rows[0].epoch, set())
        elif len(known.accounts) > KNOWN_ACCOUNTS_MAX:
            known.accounts.clear()
        known.accounts.update(found)
        return known
