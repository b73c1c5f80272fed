"""The one door to the feed: every question of what scopes show is a statement made here, bound to IBC and scopes.

No other module names the feed in SQL but the one that writes it; a lint holds to that
(tests/unit/sync/test_scoped_queries.py).
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from infra.database import any_of, fetch

OF_IBC = "FROM feed WHERE ibc_id = :ibc_id AND "


def scoped(connection: Connection, columns: str, *, scope: str | None = None) -> str:
    """The beginning of a SELECT that may go on with `AND …`: what the reader's scopes show.

    Give `ibc_id`, and `scopes` through `listed`; or `scope`, the name of a parameter with one scope.
    """
    which = f"scope = :{scope}" if scope else any_of(connection, "scope", "scopes")
    return f"SELECT {columns} {OF_IBC}{which}"


def shown_at(
    connection: Connection, ibc_id: str, scope: str, entity: str, record_id: str
) -> int | None:
    """The log entry at which a scope shows the record as it is now; None when it does not."""
    rows = fetch(
        connection,
        f"{scoped(connection, 'seq', scope='scope')} "
        "AND entity = :entity AND record_id = :record_id AND body IS NOT NULL",
        ibc_id=ibc_id,
        scope=scope,
        entity=entity,
        record_id=record_id,
    )
    return int(rows[0].seq) if rows else None


def was_shown(
    connection: Connection, ibc_id: str, holders: Sequence[str], entity: str, record_id: str
) -> bool:
    """Whether a scope that one of these holders has, or had, shows or has shown the record."""
    device, officer = holders
    rows = fetch(
        connection,
        "SELECT 1 FROM grants g JOIN feed f ON f.ibc_id = g.ibc_id AND f.scope = g.scope "
        "WHERE g.ibc_id = :ibc_id AND g.holder IN (:device, :officer) "
        "AND f.entity = :entity AND f.record_id = :record_id LIMIT 1",
        ibc_id=ibc_id,
        device=device,
        officer=officer,
        entity=entity,
        record_id=record_id,
    )
    return bool(rows)
