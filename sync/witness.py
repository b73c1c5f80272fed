"""Where an IBC's log stands, signed for devices to carry: a log that was rewritten contradicts them."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from auth.log_key import witnessed_bytes
from auth.proofs import proven, to_base64url
from infra.clock import Milliseconds, rfc3339
from infra.database import Database, fetch
from ledger.findings import Finding

FRESH_MS = 60_000
"""How long one witness is handed out: a signature and a look a minute for each IBC and process."""
NAMES = ("ibc", "seq", "hash", "at", "signature")
Witness = Mapping[str, Any]


class Witnesses:
    """The latest witness of each IBC; shared by the threads of one process."""

    def __init__(self, database: Database, key: Ed25519PrivateKey) -> None:
        self._database = database
        self._key = key
        self._kept: dict[str, tuple[Milliseconds, Witness]] = {}
        self._lock = Lock()

    @property
    def public_key(self) -> str:
        return to_base64url(self._key.public_key().public_bytes_raw())

    def of(self, ibc_id: str, *, now: Milliseconds) -> Witness:
        """Where the log stood within the last minute."""
        with self._lock:
            at, witness = self._kept.get(ibc_id, (0, {}))
        if witness and 0 <= now - at < FRESH_MS:
            return witness
        with self._database.glance() as connection:
            [head] = fetch(
                connection,
                "SELECT seq, chain_hash FROM log_heads WHERE ibc_id = :ibc_id",
                ibc_id=ibc_id,
            )
        witness = self._signed(ibc_id, head.seq, head.chain_hash, rfc3339(now))
        with self._lock:
            self._kept[ibc_id] = (now, witness)
        return witness

    def _signed(self, ibc_id: str, seq: int, head_hash: str, at: str) -> Witness:
        said = witnessed_bytes(ibc=ibc_id, seq=seq, head_hash=head_hash, at=at)
        signature = to_base64url(self._key.sign(said))
        return dict(zip(NAMES, (ibc_id, seq, head_hash, at, signature), strict=True))


def contradictions(
    connection: Connection, public_key: str, witnesses: Sequence[Witness]
) -> Iterator[Finding]:
    """Where the log is not what it was when we signed it: rewritten, or cut off."""
    for witness in witnesses:
        where = f"witness {witness.get('ibc')} {witness.get('seq')}"
        if not _is_ours(public_key, witness):
            yield Finding("M14", where, "The witness is not signed by this installation's key.")
            continue
        rows = fetch(
            connection,
            "SELECT l.seq, c.hash FROM log_heads l LEFT JOIN chain_links c "
            "ON c.ibc_id = l.ibc_id AND c.last_seq = :seq WHERE l.ibc_id = :ibc_id",
            ibc_id=witness["ibc"],
            seq=witness["seq"],
        )
        if not rows or rows[0].seq < witness["seq"]:
            yield Finding("M14", where, "The log ends before what was witnessed: it was cut off.")
        elif witness["seq"] and rows[0].hash != witness["hash"]:
            yield Finding("M14", where, "The log has another hash there: it was rewritten.")


def _is_ours(public_key: str, witness: Witness) -> bool:
    if any(type(witness.get(name)) is not (int if name == "seq" else str) for name in NAMES):
        return False
    said = witnessed_bytes(
        ibc=witness["ibc"], seq=witness["seq"], head_hash=witness["hash"], at=witness["at"]
    )
    return proven(public_key, witness["signature"], said)
