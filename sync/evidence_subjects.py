"""What belongs to a question: a receipt, a notice, a cut, a case or a session, and the records around it."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from infra.database import fetch

Ids = dict[str, list[str]]
"""Entity → ids of its records."""


class NoSuchSubject(LookupError):
    """There is nothing of that kind and name at this IBC."""


def receipt(connection: Connection, ibc_id: str, name: str) -> Ids:
    """By its number: every collection that carries it, what was decided, and whose account it names."""
    ids = {"collection": _ids(connection, ibc_id, "collections", "receipt_no = :name", name=name)}
    return ids | _around_collections(connection, ibc_id, ids["collection"])


def notice(connection: Connection, ibc_id: str, name: str) -> Ids:
    """By its number: the notice, its services, and what stood for or against a cut."""
    found = _ids(connection, ibc_id, "notices", "notice_no = :name", name=name)
    return {"notice": found} | _around_account(connection, ibc_id, "notices", found)


def cut(connection: Connection, ibc_id: str, name: str) -> Ids:
    """By the act's id: the cut, what came before it, and the reconnection."""
    found = _ids(connection, ibc_id, "disconnection_acts", "id = :name", name=name)
    return {"disconnection_act": found} | _around_account(
        connection, ibc_id, "disconnection_acts", found
    )


def case(connection: Connection, ibc_id: str, name: str) -> Ids:
    """By the exception's id: the record that it is about."""
    found = fetch(
        connection,
        "SELECT subject_entity, subject_id FROM exceptions WHERE ibc_id = :ibc_id AND id = :name",
        ibc_id=ibc_id,
        name=name,
    )
    if not found:
        return {}
    subject = {found[0].subject_entity: [found[0].subject_id]}
    if found[0].subject_entity == "collection":
        return subject | _around_collections(connection, ibc_id, subject["collection"])
    return subject


def session(connection: Connection, ibc_id: str, name: str) -> Ids:
    """By `<officer>/<date>`: every collection whose cash is in it."""
    found = fetch(
        connection,
        "SELECT DISTINCT e.source_id FROM postings p JOIN entries e ON e.ibc_id = p.ibc_id "
        "AND e.seq = p.entry_seq WHERE p.ibc_id = :ibc_id AND p.account_code = 1010 "
        "AND p.account_of = :name AND e.source_entity = 'collection' ORDER BY e.source_id",
        ibc_id=ibc_id,
        name=name,
    )
    ids = {"collection": [row.source_id for row in found]}
    return ids | _around_collections(connection, ibc_id, ids["collection"])


SUBJECTS: dict[str, Callable[[Connection, str, str], Ids]] = {
    "receipt": receipt,
    "notice": notice,
    "cut": cut,
    "case": case,
    "session": session,
}
"""Kind of a question → what belongs to it."""


def belonging(connection: Connection, ibc_id: str, kind: str, name: str) -> Ids:
    """Entity → ids of what belongs to the question. Errors: NoSuchSubject."""
    found = SUBJECTS[kind](connection, ibc_id, name) if kind in SUBJECTS else {}
    ids = {entity: sorted(set(each)) for entity, each in found.items() if each}
    if not ids:
        raise NoSuchSubject(f"there is no {kind} {name}")
    return ids


def _around_collections(connection: Connection, ibc_id: str, collections: list[str]) -> Ids:
    around: Ids = {}
    for one in collections:
        for entity, table in (("decision", "decisions"), ("receipt_void", "receipt_voids")):
            more = _ids(connection, ibc_id, table, "collection_id = :one", one=one)
            around.setdefault(entity, []).extend(more)
    return around


def _around_account(connection: Connection, ibc_id: str, table: str, found: list[str]) -> Ids:
    """What the law asks about an account: bills, notices, services, payments, plans, holds, acts."""
    around: Ids = {}
    for one in found:
        account_no = fetch(
            connection,
            f"SELECT account_no FROM {table} WHERE ibc_id = :ibc_id AND id = :id",
            ibc_id=ibc_id,
            id=one,
        )[0].account_no
        for entity, other in ABOUT_AN_ACCOUNT.items():
            more = _ids(
                connection, ibc_id, other, "account_no = :account_no", account_no=account_no
            )
            around.setdefault(entity, []).extend(more)
    return around


ABOUT_AN_ACCOUNT = {
    "bill": "bills",
    "notice": "notices",
    "notice_service": "notice_services",
    "collection": "collections",
    "plan": "plans",
    "hold": "holds",
    "disconnection_act": "disconnection_acts",
    "reconnection_act": "reconnection_acts",
}


def _ids(
    connection: Connection, ibc_id: str, table: str, condition: str, **parameters: Any
) -> list[str]:
    found = fetch(
        connection,
        f"SELECT id FROM {table} WHERE ibc_id = :ibc_id AND {condition} ORDER BY id",
        ibc_id=ibc_id,
        **parameters,
    )
    return [row.id for row in found]
