"""The only writer of entries, postings and allocations; everybody else hands in drafts."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table

from infra.clock import Milliseconds
from infra.database import insert_rows
from ledger.chain import entry_link
from ledger.draft import Draft
from models.books import Allocation, Entry, Posting

ENTRIES: Table = Entry.metadata.tables["entries"]
POSTINGS: Table = Posting.metadata.tables["postings"]
ALLOCATIONS: Table = Allocation.metadata.tables["allocations"]


def write(
    connection: Connection,
    ibc_id: str,
    drafts: Sequence[Draft],
    *,
    previous_hash: str,
    now: Milliseconds,
) -> str:
    """Write the drafts in their order, chained; returns the last hash.

    The caller holds the lock of the IBC's books offset. M1 and M4 were checked when the view took
    the drafts in; the database checks M1 again with triggers on PostgreSQL.
    """
    entries, chain_hash = [], previous_hash
    for draft in drafts:
        previous, chain_hash = chain_hash, entry_link(chain_hash, draft.content(now))
        entries.append(_entry_row(ibc_id, draft, now, previous, chain_hash))
    insert_rows(connection, ENTRIES, entries)
    insert_rows(
        connection,
        POSTINGS,
        [
            {
                "ibc_id": ibc_id,
                "entry_seq": draft.seq,
                "line_no": line_no,
                "account_code": leg.code,
                "account_of": leg.of,
                "side": leg.side,
                "amount_paisa": leg.amount_paisa,
            }
            for draft in drafts
            for line_no, leg in enumerate(draft.legs, start=1)
        ],
    )
    insert_rows(
        connection,
        ALLOCATIONS,
        [
            {
                "ibc_id": ibc_id,
                "entry_seq": draft.seq,
                "line_no": line_no,
                "account_no": share.account_no,
                "invoice_no": share.invoice_no,
                "amount_paisa": share.amount_paisa,
            }
            for draft in drafts
            for line_no, share in enumerate(draft.shares, start=1)
        ],
    )
    return chain_hash


def _entry_row(
    ibc_id: str, draft: Draft, now: Milliseconds, previous: str, own: str
) -> dict[str, object]:
    return {
        "ibc_id": ibc_id,
        "seq": draft.seq,
        "kind": draft.kind,
        "business_date": draft.business_date,
        "occurred_at": draft.occurred_at,
        "posted_at": now,
        "source_entity": draft.source_entity,
        "source_id": draft.source_id,
        "log_seq": draft.log_seq,
        "idem_key": draft.idem_key,
        "request_hash": draft.request_hash,
        "reverses_seq": draft.reverses_seq,
        "caused_by_seq": draft.caused_by_seq,
        "memo": draft.memo,
        "actor_id": draft.actor_id,
        "prev_hash": previous,
        "hash": own,
    }
