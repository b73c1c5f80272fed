"""An evidence pack: what was received, decided and posted about one question, with proof, in one file (users.md 14)."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection

from infra.clock import local_date
from infra.database import any_of, fetch, listed
from infra.limits import EVIDENCE_LOG_ROWS_MAX
from ledger.chain import GENESIS
from ledger.checks import CHECKS
from ledger.log_reader import timezone_of
from ledger.prefetch import read_entries
from models import ENTITIES
from sync.evidence_page import page
from sync.evidence_subjects import Ids, belonging

FORMAT = "evidence/1"
MANIFEST = "manifest.json"
LONG = ("M19 rebuild gives the same books", "M20 any order ends the same")
"""Checks that read the whole log anew: the command runs them, a request does not."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the pack: it is known by its contents and not by when it was written."""

Row = dict[str, Any]


def pack(
    connection: Connection, ibc_id: str, kind: str, name: str, *, all_checks: bool = True
) -> bytes:
    """The pack as a zip; the same bytes as long as the log and the books stand where they stand.

    Errors: NoSuchSubject.
    """
    ids = belonging(connection, ibc_id, kind, name)
    log = _log(connection, ibc_id, ids)
    entries = _entries(connection, ibc_id, ids)
    chain = _chain(connection, ibc_id, log)
    heads = _heads(connection, ibc_id)
    parts: dict[str, Any] = {
        "records.json": _records(connection, ibc_id, ids),
        "exceptions.json": _exceptions(connection, ibc_id, kind, name, ids),
        "people.json": _people(connection, ibc_id, log),
        "rules.json": _rules(connection, ibc_id, log),
        "verdict.json": _verdict(connection, ibc_id, all_checks=all_checks),
    }
    files = {file_name: _json(value) for file_name, value in parts.items()}
    files["log.ndjson"] = _ndjson(log)
    files["entries.ndjson"] = _ndjson(entries)
    files["chain.ndjson"] = _ndjson(chain)
    files["index.html"] = page(
        ibc_id, kind, name, heads=heads, log=log, entries=entries, parts=parts
    ).encode()
    manifest = {
        "format": FORMAT,
        "ibc": ibc_id,
        "subject": {"kind": kind, "name": name},
        "heads": heads,
        "chain_reaches_head": bool(chain) and chain[-1].get("hash") == heads["log_hash"],
        "files": [
            {
                "name": one,
                "bytes": len(files[one]),
                "sha256": hashlib.sha256(files[one]).hexdigest(),
            }
            for one in sorted(files)
        ],
    }
    return _zipped({MANIFEST: _json(manifest), **files})


def _records(connection: Connection, ibc_id: str, ids: Ids) -> dict[str, list[Row]]:
    """The records as they now stand, by entity."""
    return {
        entity: _rows(
            connection,
            f"SELECT * FROM {ENTITIES[entity].table.name} WHERE ibc_id = :ibc_id "
            f"AND {any_of(connection, 'id', 'ids')} ORDER BY id",
            ibc_id=ibc_id,
            ids=listed(connection, each),
        )
        for entity, each in sorted(ids.items())
        if entity in ENTITIES
    }


def _log(connection: Connection, ibc_id: str, ids: Ids) -> list[Row]:
    """Every mutation of these records as it came, held and rejected ones too, and its later fates."""
    about = (
        "SELECT seq, id, of_id, origin, author_id, officer_id, author_seq, entity, op, record_id, "
        "version, occurred_at, received_at, outcome, code, detail, body, body_hash FROM mutations "
        "WHERE ibc_id = :ibc_id AND "
    )
    own = _rows(
        connection,
        f"{about}{any_of(connection, 'record_id', 'ids')} ORDER BY seq",
        ibc_id=ibc_id,
        ids=listed(connection, sorted({one for each in ids.values() for one in each})),
    )
    fates = _rows(
        connection,
        f"{about}{any_of(connection, 'of_id', 'ids')} ORDER BY seq",
        ibc_id=ibc_id,
        ids=listed(connection, sorted({row["id"] for row in own})),
    )
    by_seq = {row["seq"]: row for row in (*own, *fates)}
    return [by_seq[seq] for seq in sorted(by_seq)]


def _chain(connection: Connection, ibc_id: str, log: Sequence[Row]) -> list[Row]:
    """The links of the log from the first entry concerned to the head, with what they cover.

    Hashes, outcomes and authors only: nobody else's money is in it. When there is more between
    than EVIDENCE_LOG_ROWS_MAX, only the links of our own entries; the manifest says so.
    """
    if not log:
        return []
    first, last = log[0]["seq"], _heads(connection, ibc_id)["log_seq"]
    links = _rows(
        connection,
        "SELECT first_seq, last_seq, hash FROM chain_links WHERE ibc_id = :ibc_id "
        "AND last_seq >= :first ORDER BY first_seq",
        ibc_id=ibc_id,
        first=first,
    )
    if last - first > EVIDENCE_LOG_ROWS_MAX:
        own = {row["seq"] for row in log}
        links = [
            one for one in links if any(one["first_seq"] <= seq <= one["last_seq"] for seq in own)
        ]
    restores = {row["log_seq"]: row["hash"] for row in _restores(connection, ibc_id)}
    return list(_links_with_items(connection, ibc_id, links, restores))


def _links_with_items(
    connection: Connection, ibc_id: str, links: Sequence[Row], restores: Mapping[int, str]
) -> Iterator[Row]:
    last_seq, last_hash = 0, ""
    for run in _runs(links):
        items = _items(connection, ibc_id, run[0]["first_seq"], run[-1]["last_seq"])
        for one in run:
            follows = last_seq == one["first_seq"] - 1 and last_seq not in restores and last_hash
            previous = follows or _before(connection, ibc_id, one["first_seq"], restores)
            count = one["last_seq"] - one["first_seq"] + 1
            yield {"previous": previous, **one, "items": list(islice(items, count))}
            last_seq, last_hash = one["last_seq"], one["hash"]


def _runs(links: Sequence[Row]) -> Iterator[list[Row]]:
    """Links that follow each other without a gap, together: one question for all their items."""
    run: list[Row] = []
    for one in links:
        if run and run[-1]["last_seq"] != one["first_seq"] - 1:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _before(
    connection: Connection, ibc_id: str, first_seq: int, restores: Mapping[int, str]
) -> str:
    """What a link follows: the restore that ended there, else the link before, else nothing."""
    if first_seq - 1 in restores:
        return restores[first_seq - 1]
    found = _rows(
        connection,
        "SELECT hash FROM chain_links WHERE ibc_id = :ibc_id AND first_seq < :first "
        "ORDER BY first_seq DESC LIMIT 1",
        ibc_id=ibc_id,
        first=first_seq,
    )
    return str(found[0]["hash"]) if found else GENESIS


def _restores(connection: Connection, ibc_id: str) -> list[Row]:
    return _rows(
        connection,
        "SELECT log_seq, hash FROM restores WHERE ibc_id = :ibc_id ORDER BY log_seq, restored_at",
        ibc_id=ibc_id,
    )


def _items(connection: Connection, ibc_id: str, first: int, last: int) -> Iterator[list[str]]:
    found = fetch(
        connection,
        "SELECT body_hash, outcome, author_id FROM mutations WHERE ibc_id = :ibc_id "
        "AND seq BETWEEN :first AND :last ORDER BY seq",
        ibc_id=ibc_id,
        first=first,
        last=last,
    )
    return (list(row) for row in found)


def _entries(connection: Connection, ibc_id: str, ids: Ids) -> list[Row]:
    """The entries about these records: all that their own hash covers, and what it follows."""
    sources = sorted({one for each in ids.values() for one in each})
    drafts = read_entries(
        connection,
        ibc_id,
        any_of(connection, "e.source_id", "sources"),
        sources=listed(connection, sources),
    )
    stored = {
        row["seq"]: row
        for row in _rows(
            connection,
            "SELECT seq, posted_at, prev_hash, hash FROM entries WHERE ibc_id = :ibc_id "
            f"AND {any_of(connection, 'source_id', 'sources')}",
            ibc_id=ibc_id,
            sources=listed(connection, sources),
        )
    }
    return [
        {
            "seq": draft.seq,
            "prev_hash": stored[draft.seq]["prev_hash"],
            "hash": stored[draft.seq]["hash"],
            "content": draft.content(stored[draft.seq]["posted_at"]),
        }
        for draft in drafts
    ]


def _exceptions(
    connection: Connection, ibc_id: str, kind: str, name: str, ids: Ids
) -> dict[str, list[Row]]:
    """What people had to look at, and what each of them did."""
    subjects = sorted({one for each in ids.values() for one in each})
    cases = _rows(
        connection,
        "SELECT * FROM exceptions WHERE ibc_id = :ibc_id "
        f"AND (id = :case_id OR {any_of(connection, 'subject_id', 'subjects')}) "
        "ORDER BY opened_at, id",
        ibc_id=ibc_id,
        case_id=name if kind == "case" else "",
        subjects=listed(connection, subjects),
    )
    actions = _rows(
        connection,
        "SELECT * FROM case_actions WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'case_id', 'ids')} ORDER BY case_id, version",
        ibc_id=ibc_id,
        ids=listed(connection, [one["id"] for one in cases]),
    )
    return {"exceptions": cases, "actions": actions}


def _people(connection: Connection, ibc_id: str, log: Iterable[Row]) -> list[Row]:
    """Who acted, and in which role."""
    wanted = {row[name] for row in log for name in ("author_id", "officer_id") if row[name]}
    return _rows(
        connection,
        "SELECT id, staff_no, name, roles FROM staff WHERE ibc_id = :ibc_id "
        f"AND {any_of(connection, 'id', 'ids')} ORDER BY id",
        ibc_id=ibc_id,
        ids=listed(connection, sorted(wanted)),
    )


def _rules(connection: Connection, ibc_id: str, log: Sequence[Row]) -> list[Row]:
    """The rules with dates that were in force on the days of which the log tells."""
    if not log:
        return []
    timezone = timezone_of(connection, ibc_id)
    days = sorted(local_date(row["occurred_at"], timezone).isoformat() for row in log)
    return _rows(
        connection,
        "SELECT * FROM rules WHERE ibc_id = :ibc_id AND effective_from <= :last "
        "AND (effective_until IS NULL OR effective_until >= :first) "
        "ORDER BY kind, effective_from, rule_no",
        ibc_id=ibc_id,
        first=days[0],
        last=days[-1],
    )


def _verdict(connection: Connection, ibc_id: str, *, all_checks: bool) -> dict[str, Any]:
    """What the books say about themselves: findings of each check that was run, and which were."""
    run = {name: each for name, each in CHECKS.items() if all_checks or name not in LONG}
    findings = [
        {"check": name, "where": finding.where, "what": finding.what}
        for name, checks in run.items()
        for check in checks
        for finding in check(connection, ibc_id)
    ]
    return {
        "checked": sorted(run),
        "not_checked": sorted(CHECKS.keys() - run.keys()),
        "clean": not findings,
        "findings": findings,
    }


def _heads(connection: Connection, ibc_id: str) -> Row:
    """Where the log and the books stand."""
    return _rows(
        connection,
        "SELECT h.epoch, h.seq AS log_seq, h.chain_hash AS log_hash, "
        "COALESCE(b.entry_seq, 0) AS entry_seq, COALESCE(b.chain_hash, '') AS entries_hash "
        "FROM log_heads h LEFT JOIN books_offsets b ON b.ibc_id = h.ibc_id "
        "WHERE h.ibc_id = :ibc_id",
        ibc_id=ibc_id,
    )[0]


def _rows(connection: Connection, statement: str, **parameters: Any) -> list[Row]:
    return [row._asdict() for row in fetch(connection, statement, **parameters)]


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def _ndjson(rows: Iterable[Row]) -> bytes:
    return b"".join(orjson.dumps(row, option=orjson.OPT_SORT_KEYS) + b"\n" for row in rows)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(files):
            archive.writestr(_file(name), files[name])
    return out.getvalue()


def _file(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info
