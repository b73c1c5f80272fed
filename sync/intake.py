"""From the bytes of a request to mutations: envelope, limits, row checks, canonical bytes; no database yet."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from infra.clock import Milliseconds, from_rfc3339
from infra.ids import derived_id
from infra.limits import MUTATIONS_MAX
from infra.strict_json import NotStrictJson, canonical, loads, loads_by_rule
from models import ENTITIES, Entity
from models.declaration import Owner, Policy
from models.kinds import PAISA_MAX, SAFE_INTEGER_MAX
from models.versions import PROTOCOL, upgraded
from schemas.base import StrictSchema
from schemas.checks import is_moment, is_uuid, row_check
from schemas.envelope import PREV_CHARS_MAX, ExchangeSchema, MutationSchema
from schemas.records import errors_of, write_schema
from sync.mutation import Mutation, Op

MUTATION_KEYS = frozenset(MutationSchema().declared_fields)
RECEIPT_CHARS_MAX = 40
ACCOUNT_NO = re.compile(r"[0-9]{13}", re.ASCII)
NEEDED_KEYS = frozenset({"id", "seq", "entity", "op", "record_id", "occurred_at", "fields"})


class Unreadable(ValueError):
    """The request as a whole cannot be read; nothing of it was stored."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(f"the request cannot be read: {self.errors}")


class TooManyMutations(ValueError):
    """The request carries more mutations than MUTATIONS_MAX; send it in parts."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of a device, read."""

    protocol: int
    epoch: str | None
    cursor: str | None
    limit: int | None
    clock: Milliseconds | None
    app: str | None
    pending: int | None
    head: Mapping[str, Any] | None
    mutations: Sequence[Mutation]


def read_exchange(raw: bytes, now: Milliseconds) -> Exchange:
    """Read a request of `/sync` or `/sync/push`.

    Errors: NotStrictJson (not JSON as we take it), Unreadable (the envelope), TooManyMutations.
    What is wrong with one mutation is said in its `errors` and never stops its neighbours.
    """
    envelope, mutations = read_envelope(raw, ExchangeSchema, now)
    device = envelope.get("device") or {}
    return Exchange(
        protocol=envelope.get("protocol", PROTOCOL),
        epoch=envelope.get("epoch"),
        cursor=envelope.get("cursor"),
        limit=envelope.get("limit"),
        clock=from_rfc3339(device["clock"]) if device.get("clock") else None,
        app=device.get("app"),
        pending=device.get("pending"),
        head=envelope.get("head"),
        mutations=mutations,
    )


def read_envelope(
    raw: bytes, schema: type[StrictSchema], now: Milliseconds
) -> tuple[Mapping[str, Any], Sequence[Mutation]]:
    """What stands around the mutations of a request, and the mutations. Errors: as `read_exchange`."""
    value = loads(raw)
    if type(value) is not dict:
        raise Unreadable({"request": "not_an_object"})
    rows = value.get("mutations", [])
    if type(rows) is not list:
        raise Unreadable({"mutations": "invalid"})
    if len(rows) > MUTATIONS_MAX:
        raise TooManyMutations(f"{len(rows)} mutations; MUTATIONS_MAX = {MUTATIONS_MAX}")
    envelope = {name: part for name, part in value.items() if name != "mutations"}
    errors = errors_of(schema, envelope)
    if errors:
        raise Unreadable(errors)
    protocol = envelope.get("protocol", PROTOCOL)
    mutations = read_mutations(rows, now, protocol)
    if any(mutation.errors for mutation in mutations):
        loads_by_rule(raw)  # what is odd in one row may be odd in a way that concerns the whole
        mutations = [
            _in_other_words(row, now, mutation, protocol) if mutation.errors else mutation
            for row, mutation in zip(rows, mutations, strict=True)
        ]
    return envelope, mutations


def read_mutations(
    rows: Sequence[Any], now: Milliseconds, protocol: int = PROTOCOL
) -> list[Mutation]:
    """Read the rows in order, filling in each `prev` from the mutation before it (protocol 1)."""
    read_one = _read_mutation if protocol == PROTOCOL else partial(_read_older, protocol=protocol)
    read: list[Mutation] = []
    previous: str | None = None
    for row in rows:
        if type(row) is dict and previous is not None and "prev" not in row:
            row["prev"] = previous
        mutation = read_one(row, now)
        previous = mutation.body_hash
        read.append(mutation)
    return read


def _in_other_words(row: Any, now: Milliseconds, claimed: Mutation, protocol: int) -> Mutation:
    """What makes no sense in the version that the request names, in the one in which it does.

    No signature covers that name: whoever carries an outbox could spoil money with another, and an
    app that was updated sends what it froze before.
    """
    for version in range(PROTOCOL, 0, -1):
        if version != protocol:
            [other] = read_mutations([row], now, version)
            if not other.errors:
                return other
    return claimed


def _read_older(row: Any, now: Milliseconds, protocol: int) -> Mutation:
    """Read what an older app froze: its bytes are hashed and kept, and understood in today's words."""
    body = canonical(row)
    mutation = _read_mutation(upgraded(row, protocol), now, body)
    mutation.protocol = protocol
    return mutation


def _read_mutation(row: Any, now: Milliseconds, body: bytes | None = None) -> Mutation:
    if body is None:
        body = canonical(row)
    body_hash = hashlib.sha256(body).hexdigest()
    if type(row) is not dict:
        return _nameless(body, body_hash, {"mutation": "not_an_object"}, now)
    if _envelope_is_good(row):
        return _read_good(row, body, body_hash)
    errors = errors_of(MutationSchema, row)
    if "id" in errors or "record_id" in errors:
        return _nameless(body, body_hash, errors, now, row)

    entity = ENTITIES.get(row["entity"]) if type(row.get("entity")) is str else None
    fields = row.get("fields")
    mutation = Mutation(
        id=row["id"],
        seq=row["seq"] if "seq" not in errors else None,
        entity=entity,
        entity_name=row["entity"] if entity else "unknown",
        op=row["op"] if row.get("op") in (Op.PUT, Op.DELETE) else "unknown",
        record_id=row["record_id"],
        base_version=row.get("base_version") if "base_version" not in errors else None,
        occurred_at=from_rfc3339(row["occurred_at"]) if "occurred_at" not in errors else now,
        fields=fields if type(fields) is dict else {},
        body=body.decode(),
        body_hash=body_hash,
        prev=row.get("prev") if type(row.get("prev")) is str else None,
        errors=errors,
    )
    if not errors:
        mutation.errors = _row_errors(entity, mutation)
    return mutation


def _read_good(row: Mapping[str, Any], body: bytes, body_hash: str) -> Mutation:
    """A mutation whose envelope is good: nearly all of them."""
    entity = ENTITIES.get(row["entity"])
    mutation = Mutation(
        id=row["id"],
        seq=row["seq"],
        entity=entity,
        entity_name=row["entity"] if entity else "unknown",
        op=row["op"],
        record_id=row["record_id"],
        base_version=row.get("base_version"),
        occurred_at=from_rfc3339(row["occurred_at"]),
        fields=row["fields"],
        body=body.decode(),
        body_hash=body_hash,
        prev=row.get("prev"),
    )
    mutation.errors = _row_errors(entity, mutation)
    return mutation


def _envelope_is_good(row: Mapping[str, Any]) -> bool:
    """The fast check of an envelope; what is doubtful goes to MutationSchema."""
    keys = row.keys()
    seq, base = row.get("seq"), row.get("base_version")
    return (
        keys >= NEEDED_KEYS
        and keys <= MUTATION_KEYS
        and is_uuid(row["id"])
        and is_uuid(row["record_id"])
        and type(seq) is int
        and 1 <= seq <= SAFE_INTEGER_MAX
        and (base is None or (type(base) is int and 1 <= base <= SAFE_INTEGER_MAX))
        and row["op"] in (Op.PUT, Op.DELETE)
        and type(row["entity"]) is str
        and type(row["fields"]) is dict
        and is_moment(row["occurred_at"])
        and ("prev" not in row or (type(row["prev"]) is str and len(row["prev"]) <= PREV_CHARS_MAX))
    )


def _row_errors(entity: Entity | None, mutation: Mutation) -> dict[str, str]:
    if entity is None:
        return {"entity": "unknown_entity"}
    if mutation.op == Op.DELETE:
        return {"fields": "unknown_field"} if mutation.fields else {}
    if not entity.is_written_by_devices:
        return {"entity": "office_writes_this"}
    # A fact is made whole, once: naming a base does not make half of one acceptable.
    partial = mutation.base_version is not None and entity.sync.policy is not Policy.FACT
    if row_check(entity, Owner.DEVICE).is_good(mutation.fields, partial=partial):
        return {}
    return errors_of(write_schema(entity, Owner.DEVICE), mutation.fields, partial=partial)


def _nameless(
    body: bytes,
    body_hash: str,
    errors: dict[str, str],
    now: Milliseconds,
    row: Mapping[str, Any] | None = None,
) -> Mutation:
    """A mutation whose ids cannot be read: answered, and kept only when it is readable money.

    Its place in the log is then named by its bytes, so that sending it again finds it again.
    """
    row = row or {}
    fields = row["fields"] if type(row.get("fields")) is dict else {}
    entity = ENTITIES.get(row["entity"]) if type(row.get("entity")) is str else None
    is_money = entity is not None and readable_money(entity, fields) is not None
    return Mutation(
        id=derived_id("unreadable", body_hash) if is_money else None,
        seq=None,
        entity=entity,
        entity_name=entity.name if entity else "unknown",
        op=Op.PUT,
        record_id=derived_id("unreadable record", body_hash),
        base_version=None,
        occurred_at=now,
        fields=fields,
        body=body.decode(),
        body_hash=body_hash,
        # Its place in the chain is known by its bytes, or it would cut its neighbours off.
        prev=row.get("prev") if type(row.get("prev")) is str else None,
        errors=errors,
    )


def readable_money(entity: Entity, fields: Mapping[str, Any]) -> int | None:
    """The amount in paisa when these fields say that money changed hands for a receipt (ruling 11)."""
    amount = fields.get(entity.sync.money) if entity.sync.money else None
    receipt = fields.get("receipt_no")
    if type(amount) is not int or not 1 <= amount <= PAISA_MAX:
        return None
    return amount if type(receipt) is str and 0 < len(receipt) <= RECEIPT_CHARS_MAX else None


def is_account_no(value: Any) -> bool:
    return type(value) is str and ACCOUNT_NO.fullmatch(value) is not None


__all__ = [
    "Exchange",
    "NotStrictJson",
    "TooManyMutations",
    "Unreadable",
    "is_account_no",
    "read_envelope",
    "read_exchange",
    "read_mutations",
    "readable_money",
]
