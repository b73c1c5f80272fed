"""What both clients are held to, as files: made by the Python client, read by Vitest and by our own tests.

python -m tests.sync_fixtures    writes tests/fixtures/sync again
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auth.receipt_qr import Printed, encode
from infra.clock import from_rfc3339
from infra.ids import digest
from infra.strict_json import canonical
from sync.client import Device, Server, Store
from sync.client_facts import (
    FIRST_PREV,
    Frozen,
    freeze,
    from_base64url,
    head_of,
    on_the_wire,
    unbroken,
)
from sync.client_http import wait_seconds
from tests.protocol_page import PAGE, VECTORS

FOLDER = Path(__file__).parent / "fixtures" / "sync"
EPOCH, NEXT_EPOCH = "0196e000-0000-7000-8000-000000000001", "0196e000-0000-7000-8000-000000000002"
STOP, ISSUE = "0196b000-0000-7000-8000-000000000001", "0196b000-0000-7000-8000-000000000002"
VALUES: tuple[Any, ...] = (
    {"b": 1, "a": [True, False, None], "_": {}, "A": []},
    {"remark": 'quote " backslash \\ slash / tab \t line \n', "control": "\x00\x1f\x7f"},
    {"name_ur": "بانو بی بی", "emoji": "🔌", "line": "\u2028\u2029", "zero width": "\u200d"},
    {"least": -(2**53) + 1, "most": 2**53 - 1, "zero": 0},
)
RECEIPTS = (
    ("A0-000001", "0400000000001", 250_000, "2026-04-08T08:30:00.000Z"),
    ("Q3-999999", None, 1, "2026-04-08T08:30:59.999Z"),
    ("ZZZ9ZZ-000500", "9999999999999", 99_999_999_900, "2036-12-31T23:59:00.000Z"),
)


def fixtures() -> dict[str, Any]:
    """File → what stands in it."""
    return {
        "vectors.json": vectors(),
        "canonical.json": [
            {
                "value": value,
                "canonical": canonical(value).decode(),
                "sha256": digest(canonical(value)),
            }
            for value in VALUES
        ],
        "chain.json": _chain_cases(),
        "receipt_qr.json": _qr_cases(),
        "unbroken.json": _unbroken_cases(),
        "waits.json": [
            {"failures": failures, "chance": chance, "told": told}
            | {"seconds": wait_seconds(failures, chance=chance, told_seconds=told)}
            for failures, chance, told in (
                (1, 0.5, 0),
                (2, 1, 0),
                (5, 0.25, 30),
                (9, 1, 0),
                (40, 0.5, 7),
            )
        ],
        "take_in.json": [_taken(name, **case) for name, case in _answers().items()],
    }


def vectors() -> Any:
    """Those of docs/protocol.md."""
    found = VECTORS.search(PAGE.read_text(encoding="utf-8"))
    assert found, "the page has lost its vectors"
    return json.loads(found[1])


def _key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(from_base64url(vectors()["private_key"]))


def _chain() -> list[Frozen]:
    """A visit, its stop, a meter issue, an edit of it, and its deletion."""
    deeds: tuple[tuple[str, str, str, int | None, Mapping[str, Any]], ...] = (
        (
            "visit",
            "put",
            _record(1),
            None,
            {"account_no": "0400000000001", "outcome": "not_home", "remark": "تالا"},
        ),
        ("stop", "put", STOP, 3, {"state": "visited", "outcome": "not_home"}),
        ("meter_issue", "put", ISSUE, None, {"account_no": "0400000000001", "fault_code": "stuck"}),
        ("meter_issue", "put", ISSUE, 1, {"remark": "stands still"}),
        ("meter_issue", "delete", ISSUE, 2, {}),
    )
    chain, prev = list[Frozen](), FIRST_PREV
    for seq, (entity, op, record_id, base_version, fields) in enumerate(deeds, start=1):
        mutation = freeze(
            seq=seq,
            prev=prev,
            mutation_id=f"0196a000-0000-7000-8000-{seq:012d}",
            entity=entity,
            op=op,
            record_id=record_id,
            base_version=base_version,
            occurred_at=1_775_638_780_003 + seq,
            fields=fields,
        )
        chain.append(mutation)
        prev = mutation.hash
    return chain


def _record(number: int) -> str:
    return f"0196c000-0000-7000-8000-{number:012d}"


def _plain(mutation: Frozen) -> dict[str, Any]:
    return {
        "seq": mutation.seq,
        "id": mutation.id,
        "entity": mutation.entity,
        "record_id": mutation.record_id,
        "body": mutation.body.decode(),
        "hash": mutation.hash,
    }


def _chain_cases() -> dict[str, Any]:
    chain = _chain()
    return {
        "frozen": [_plain(one) for one in chain],
        "head": head_of(_key(), chain),
        "wire": on_the_wire(chain),
    }


def _qr_cases() -> list[dict[str, Any]]:
    device_id = vectors()["device_id"]
    cases = []
    for receipt_no, account_no, amount_paisa, occurred_at in RECEIPTS:
        said: dict[str, Any] = {
            "receipt_no": receipt_no,
            "account_no": account_no,
            "amount_paisa": amount_paisa,
        }
        printed = Printed(**said, occurred_at=from_rfc3339(occurred_at))
        text = encode(printed, device_id=device_id, sign=_key().sign)
        cases.append({"printed": {**said, "occurred_at": occurred_at}, "text": text})
    return cases


def _unbroken_cases() -> list[dict[str, Any]]:
    cases = []
    for numbers, count_max, bytes_max in (
        ([], 5, 1000),
        ([1, 2, 3], 5, 1000),
        ([1, 2, 4, 5], 5, 1000),
        ([7, 8, 9], 2, 1000),
        ([1, 2, 3, 4], 9, 250),
        ([1, 2], 9, 50),
    ):
        waiting = [Frozen(seq, str(seq), "visit", "r", b"x" * 100, "h") for seq in numbers]
        run = unbroken(waiting, count_max=count_max, bytes_max=bytes_max)
        case = {
            "numbers": numbers,
            "bytes_each": 100,
            "count_max": count_max,
            "bytes_max": bytes_max,
        }
        cases.append(case | {"run": [one.seq for one in run]})
    return cases


def _answers() -> dict[str, dict[str, Any]]:
    """Name → the numbers sent, and what of the answer is out of the ordinary."""
    stop = {
        "stop": {"fields": ["id", "version", "state"], "put": [[STOP, 9, "withdrawn"]], "drop": []}
    }
    gone = {"stop": {"fields": ["id", "version"], "put": [], "drop": [[STOP, "out_of_scope"]]}}
    applied = [{"outcome": "applied", "version": version} for version in (1, 4, 1, 2, 3)]
    doubted = [
        {"outcome": "held", "code": "UNKNOWN_ACCOUNT", "version": 1},
        {"outcome": "conflict", "code": "ILLEGAL_TRANSITION", "conflict_id": _record(9)},
        {"outcome": "waiting", "code": "PARENT_MISSING"},
        {
            "outcome": "rejected",
            "errors": {"remark": {"code": "unclean_text", "en": "…", "ur": "…"}},
        },
        {"outcome": "merged", "version": 3},
    ]
    return {
        "nothing was sent and nothing is new": {"sent": 0},
        "what was applied becomes the phone's own record": {"sent": 5, "outcomes": applied},
        "what is doubted becomes a record only with a version": {"sent": 5, "outcomes": doubted},
        "the first part of an outbox": {"sent": 2, "outcomes": applied[:2], "more": True},
        "a row replaces what an outcome has just made": {
            "sent": 2,
            "outcomes": applied[:2],
            "changes": stop,
        },
        "a drop comes after everything": {"sent": 2, "outcomes": applied[:2], "changes": gone},
        "what is missing waits again": {"sent": 5, "outcomes": applied, "missing": [2, 4]},
        "what a backup holds is forgotten": {"sent": 3, "outcomes": applied[:3], "safe_seq": 2},
        "another epoch empties the records and offers all again": {
            "sent": 2,
            "outcomes": applied[:2],
            "epoch": NEXT_EPOCH,
        },
        "another epoch, with a backup that holds a part": {
            "sent": 3,
            "outcomes": applied[:3],
            "epoch": NEXT_EPOCH,
            "safe_seq": 2,
            "changes": stop,
        },
        "the witness is kept": {
            "sent": 0,
            "witness": {"ibc": "DEF", "seq": 7, "hash": "ab", "at": "x", "signature": "y"},
        },
    }


def _taken(name: str, *, sent: int, **told: Any) -> dict[str, Any]:
    """What the Python client's store holds after an answer."""
    chain = _chain()
    outcomes = [
        {"id": mutation.id, "replayed": False} | outcome
        for mutation, outcome in zip(chain, told.pop("outcomes", []), strict=False)
    ]
    ordinary = {
        "epoch": EPOCH,
        "server_time": "2026-04-08T09:00:00.000Z",
        "safe_seq": 0,
        "missing": [],
        "changes": {},
    }
    answer = ordinary | {
        "leaving": [],
        "dropped": [],
        "cursor": "next",
        "more": False,
        "retry_after_s": 60,
        "orders": [],
    }
    answer |= {**told, "outcomes": outcomes}
    store = Store()
    before = {
        "epoch": EPOCH,
        "cursor": "first",
        "records": [["stop", {"id": STOP, "version": 3, "state": "pending"}]],
    }
    with store.saving():
        store.keep("epoch", before["epoch"])
        store.keep("cursor", before["cursor"])
        for mutation in chain:
            store.append(mutation)
        store.put("stop", [{"id": STOP, "version": 3, "state": "pending"}])
    Device(Server("nobody.invalid", 1), store)._take_in(chain[:sent], answer)  # the thing tested
    after = {
        "epoch": store.kept("epoch"),
        "cursor": store.kept("cursor"),
        "witness": store.kept("witness"),
        "waiting": [one.seq for one in store.waiting()],
        "outcomes": {str(seq): outcome["outcome"] for seq, outcome in store.outcomes().items()},
        "records": sorted(
            ([entity, row] for (entity, _), row in store.contents().items()), key=str
        ),
    }
    store.close()
    return {"name": name, "sent": sent, "before": before, "answer": answer, "after": after}


def written(value: Any) -> str:
    """A fixture as its file has it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, value in fixtures().items():
        (FOLDER / name).write_text(written(value), encoding="utf-8")
