"""A phone in Python: enrols, records facts without a network, exchanges them, and keeps what it is sent.

It speaks docs/protocol.md and knows nothing of the server's code. The steps are those of the page.

    device = Device(Server("127.0.0.1", 8000), Store("phone.db"))
    device.enrol("7QK2M9ZT", "O1001", "471001")
    device.collect({"account_no": "0400012345678", "tender": "cash", "amount_paisa": 150_000})
    device.settle(pause)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from typing import Any, TypeVar

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.clock import Milliseconds, now_ms, rfc3339
from infra.ids import new_id
from sync.client_download import MANIFEST_PATH, fetch_part, take_in
from sync.client_equal import BUCKETS, DIGEST_PATH, Repair, buckets, repair
from sync.client_facts import (
    Frozen,
    Receipt,
    ReceiptBlock,
    enrol_proof,
    freeze,
    from_base64url,
    head_of,
    on_the_wire,
    readmit_proof,
    receipt_code,
    refresh_proof,
    sealed,
    to_base64url,
    unbroken,
)
from sync.client_http import Lost, Refused, Server, wait_seconds
from sync.client_store import Row, Store

__all__ = [
    "Answer",
    "Device",
    "Lost",
    "NotEnrolled",
    "Refused",
    "Repair",
    "Server",
    "Store",
    "hand_in",
]

PROTOCOL = 4
APP = "python-1"
MUTATIONS_MAX = 200
"""Mutations in one request; the server takes 500, a bad network rather fewer."""
REQUEST_BYTES_MAX = 512 * 1024
FAILURES_MAX = 12
"""Failures in a row after which `settle` gives up until it is called again."""
UNAUTHORIZED, TOO_LARGE = 401, 413
NOTHING: frozenset[int] = frozenset()
KEPT_AT_ENROLMENT = (
    *("device_id", "ibc", "staff", "receipt_secret", "receipt_block", "certificate", "outbox_key"),
    *("access_token", "refresh_token", "epoch"),
)
Said = TypeVar("Said")


class NotEnrolled(Exception):
    """This store has no device yet; enrol with a code from the office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one exchange brought."""

    outcomes: Sequence[Row]
    more: bool
    missing: Sequence[int]
    retry_after_seconds: float
    orders: Sequence[str]


def hand_in(server: Server, exported: bytes, *, token: str | None = None) -> int:
    """Hand in what a phone exported; its signatures are enough. Again is harmless.

    Returns how many mutations have arrived. Errors: Lost, Refused.
    """
    parts = orjson.loads(exported)
    path = "/api/v1/sync/handin"
    return sum(server.post(path, part, token, packed=True)["received"] for part in parts)


class Device:
    """One officer on one phone."""

    def __init__(
        self,
        server: Server,
        store: Store | None = None,
        *,
        now: Callable[[], Milliseconds] = now_ms,
    ) -> None:
        self.server = server
        self.store = store or Store()
        self.now = now
        self._count_max = MUTATIONS_MAX

    # Identity

    @property
    def id(self) -> str:
        """The enrolment's id. Errors: NotEnrolled."""
        return str(self._kept("device_id"))

    @property
    def staff_id(self) -> str:
        """The officer behind it. Errors: NotEnrolled."""
        return str(self._kept("staff")["id"])

    def enrol(self, code: str, staff_no: str, pin: str) -> None:
        """Become an officer's device; after a lost answer call it again. Errors: Lost, Refused."""
        key = self._own_key()
        # Kept before it is sent: whoever asks again must ask as the same phone.
        with self.store.saving():
            asked_id = self.store.kept("asked_id") or new_id()
            self.store.keep("asked_id", asked_id)
        public_key = to_base64url(key.public_key().public_bytes_raw())
        named = {
            "code": code,
            "device_id": asked_id,
            "public_key": public_key,
            "staff_no": staff_no,
        }
        proof = enrol_proof(key, **named)
        said = self.server.post("/api/v1/devices/enrol", {**named, "pin": pin, "proof": proof})
        with self.store.saving():
            for name in KEPT_AT_ENROLMENT:
                self.store.keep(name, said[name])
            self.store.keep("blocks", [said["receipt_block"]["certificate"]])
            self.store.keep("receipts_used", 0)

    def readmit(self) -> None:
        """Come back into a restored database that has forgotten this phone or its tokens.

        Errors: Lost (call it again), Refused.
        """
        certificate, token = self._kept("certificate"), self._kept("refresh_token")
        shown = {
            "certificate": certificate,
            "refresh_token": token,
            "epoch": self._kept("epoch"),
        }
        proof = readmit_proof(self._own_key(), **shown)
        more = {
            "receipt_secret": self._kept("receipt_secret"),
            "receipt_blocks": self.store.kept("blocks"),
            "proof": proof,
        }
        said = self.server.post("/api/v1/devices/readmit", {**shown, **more})
        with self.store.saving():
            # The epoch stays: the next exchange meets the new one, and offers everything again.
            for name in ("access_token", "refresh_token", "certificate", "outbox_key"):
                self.store.keep(name, said[name])

    def refresh(self) -> None:
        """Exchange the refresh token; after a lost answer call it again. Errors: Lost, Refused."""
        token = str(self._kept("refresh_token"))
        proof = refresh_proof(self._own_key(), device_id=self.id, refresh_token=token)
        said = self.server.post("/api/v1/auth/refresh", {"refresh_token": token, "proof": proof})
        with self.store.saving():
            self.store.keep("access_token", said["access_token"])
            self.store.keep("refresh_token", said["refresh_token"])

    # Facts, without a network

    def record(
        self,
        entity: str,
        fields: Mapping[str, Any],
        *,
        record_id: str | None = None,
        base_version: int | None = None,
        op: str = "put",
        occurred_at: Milliseconds | None = None,
    ) -> Frozen:
        """Save a mutation at the end of this phone's chain; from here it is never changed."""
        with self.store.saving():
            seq, last_hash = self.store.chain_end()
            mutation = freeze(
                seq=seq + 1,
                prev=last_hash,
                mutation_id=new_id(),
                entity=entity,
                op=op,
                record_id=record_id or new_id(),
                base_version=base_version,
                occurred_at=self.now() if occurred_at is None else occurred_at,
                fields=fields,
            )
            self.store.append(mutation)
        return mutation

    def collect(
        self, fields: Mapping[str, Any], occurred_at: Milliseconds | None = None
    ) -> tuple[Receipt, Frozen]:
        """Take money: the next receipt number, its code and the fact, saved together.

        Errors: BlockUsedUp.
        """
        at = self.now() if occurred_at is None else occurred_at
        with self.store.saving():
            number, used = self._next_number()
            code = receipt_code(
                from_base64url(self._kept("receipt_secret")),
                receipt_no=number,
                account_no=fields.get("account_no"),
                amount_paisa=fields["amount_paisa"],
                occurred_at=at,
            )
            self.store.keep("receipts_used", used + 1)
            mutation = self.record(
                "collection",
                {**fields, "receipt_no": number, "verify_code": code},
                occurred_at=at,
            )
        return Receipt(number=number, code=code), mutation

    def _next_number(self) -> tuple[str, int]:
        """The next number and its place in its block; the next block when this one is used up."""
        used = int(self._kept("receipts_used"))
        block, following = (
            ReceiptBlock(**self._kept("receipt_block")),
            self.store.kept("next_block"),
        )
        if following is not None and block.first_serial + used > block.last_serial:
            self.store.keep("receipt_block", following)
            self.store.keep("next_block", None)
            block, used = ReceiptBlock(**following), 0
        return block.number(used), used

    def fetch_receipts(self) -> None:
        """Ask for the block after this one, when little is left of it. Errors: Lost, Refused."""
        said = self._authorized("/api/v1/devices/receipt-blocks", {})["receipt_block"]
        with self.store.saving():
            if said["prefix"] != self._kept("receipt_block")["prefix"]:
                self.store.keep("next_block", said)
            if said["certificate"] not in (blocks := self.store.kept("blocks", [])):
                self.store.keep("blocks", [*blocks, said["certificate"]])

    def wipe(self) -> None:
        """Say that everything has arrived and will be deleted, then delete it, the key as well.

        Errors: Lost (call it again), Refused (something was not handed in).
        """
        seq, _ = self.store.chain_end()
        self._authorized("/api/v1/devices/wiped", {"through_seq": seq})
        self.store.forget_everything()

    def version(self, entity: str, record_id: str) -> int | None:
        """The version that an edit made now is based on: what waits will have counted it up."""
        known = self.store.row(entity, record_id)
        version = (known["version"] if known else 0) + len(
            self.store.edits_waiting(entity, record_id)
        )
        return version or None

    # Exchanging

    def settle(
        self, pause: Callable[[float], None], *, held_back: frozenset[int] = NOTHING
    ) -> list[Answer]:
        """Exchange until nothing is left to send or to read, waiting longer after each loss.

        `held_back` are numbers that stay in the outbox. Errors: Lost after FAILURES_MAX losses in
        a row, Refused.
        """
        answers: list[Answer] = []
        failures = 0
        while not answers or answers[-1].more or self.store.waiting(held_back):
            try:
                answers.append(self.exchange(held_back=held_back))
                failures = 0
            except Lost as loss:
                failures += 1
                if failures > FAILURES_MAX:
                    raise
                chance = SystemRandom().random()
                pause(wait_seconds(failures, chance=chance, told_seconds=loss.wait_seconds))
        return answers

    def exchange(self, *, held_back: frozenset[int] = NOTHING) -> Answer:
        """One round trip: send the next run of the outbox, take in outcomes and a page.

        Errors: Lost (the same will be sent again), Refused.
        """
        waiting = self.store.waiting(held_back)
        run = unbroken(waiting, count_max=self._count_max, bytes_max=REQUEST_BYTES_MAX)
        try:
            said = self._authorized("/api/v1/sync", self._question(run))
        except Refused as refusal:
            if refusal.status != TOO_LARGE or len(run) <= 1:
                raise
            self._count_max = len(run) // 2
            return self.exchange(held_back=held_back)
        return self._take_in(run, said)

    def download(self) -> int:
        """Load the first download and keep its cursor; after a loss call it again, it goes on.

        Returns how many rows came; the exchanges after it bring what was not in the files.
        Errors: Lost; Refused with 404 when a file has been replaced: call it again.
        """
        manifest = self._with_token(lambda token: self.server.get(MANIFEST_PATH, token))
        for part in manifest["parts"]:
            self._with_token(partial(fetch_part, self.server, self.store, part))
        # An edit that waits is about a record which the files may not hold any more.
        while self.store.waiting():
            self.exchange()
        return take_in(self.store, manifest)

    def compare(self) -> Repair:
        """Ask whether the records are the server's, and repair those that are not.

        Meant for a phone that has exchanged to the end: what it has not pulled yet comes here too.
        Errors: Lost, Refused.
        """
        put = dropped = 0
        for _ in range(BUCKETS + 1):
            question = {
                "epoch": self.store.kept("epoch"),
                "cursor": self.store.kept("cursor"),
                "buckets": buckets(self.store),
            }
            said = self._authorized(DIGEST_PATH, question)
            if said["equal"] or said["epoch"] != question["epoch"]:
                return Repair(equal=said["equal"], put=put, dropped=dropped)
            done = repair(self.store, said["sent"], said["changes"])
            put, dropped = put + done.put, dropped + done.dropped
        return Repair(equal=False, put=put, dropped=dropped)

    # By another carrier

    def export(self) -> bytes:
        """What has no outcome yet as requests that anybody may hand in: runs, each signed at its end."""
        waiting = self.store.waiting()
        parts = []
        while waiting:
            run = unbroken(waiting, count_max=self._count_max, bytes_max=REQUEST_BYTES_MAX)
            parts.append({"head": head_of(self._own_key(), run), "mutations": on_the_wire(run)})
            waiting = waiting[len(run) :]
        named = {"protocol": PROTOCOL, "ibc": self._kept("ibc"), "device_id": self.id}
        return orjson.dumps([{**named, **part} for part in parts])

    def export_file(self) -> bytes:
        """The same as a file for whatever carries it: only the server can read it."""
        outbox_key = str(self._kept("outbox_key"))
        parts = orjson.loads(self.export())
        return orjson.dumps([{"sealed": sealed(outbox_key, part)} for part in parts])

    def carry(self, exported: bytes) -> int:
        """Hand in another phone's file as this one's user; returns how many have arrived."""
        return hand_in(self.server, exported, token=str(self._kept("access_token")))

    def _question(self, run: Sequence[Frozen]) -> Row:
        return {
            "protocol": PROTOCOL,
            "epoch": self.store.kept("epoch"),
            "cursor": self.store.kept("cursor"),
            "device": {
                "clock": rfc3339(self.now()),
                "app": APP,
                "pending": self.store.pending() - len(run),
            },
            "head": head_of(self._own_key(), run),
            "mutations": on_the_wire(run),
        }

    def _take_in(self, run: Sequence[Frozen], said: Row) -> Answer:
        """Save an answer as a whole: a page is never half applied (protocol, step 4)."""
        safe_seq = said.get("safe_seq", 0)
        with self.store.saving():
            if said["epoch"] != self.store.kept("epoch", said["epoch"]):
                self.store.drop_all()
                self.store.offer_again_after(safe_seq)
            self.store.keep("epoch", said["epoch"])
            for mutation, outcome in zip(run, said["outcomes"], strict=True):
                self.store.note_outcome(mutation.seq, outcome)
                self._keep_own(mutation, outcome)
            self.store.offer_again(said["missing"])
            self.store.forget_safe(safe_seq)
            for entity, changes in said["changes"].items():
                names = changes["fields"]
                rows = [dict(zip(names, row, strict=True)) for row in changes["put"]]
                self.store.put(entity, rows)
                self.store.drop(entity, [record_id for record_id, _ in changes["drop"]])
            self.store.keep("cursor", said["cursor"])
            if "witness" in said:
                # Kept as it came: it is the server's own word against a log that was rewritten.
                self.store.keep("witness", said["witness"])
        return Answer(
            outcomes=said["outcomes"],
            more=said["more"],
            missing=said["missing"],
            retry_after_seconds=said["retry_after_s"],
            orders=said["orders"],
        )

    def _keep_own(self, mutation: Frozen, outcome: Row) -> None:
        """Our own write is not sent back to us: what was applied as it is becomes the record.

        What the server made something else of (merged, in conflict, released) comes as a change.
        """
        version = outcome.get("version")
        if version is None or outcome["outcome"] not in ("applied", "held"):
            return
        said, known = mutation.said, self.store.row(mutation.entity, mutation.record_id)
        if known is not None and known["version"] >= version:
            return
        if known is None and said["base_version"] is not None:
            # An edit of what it was told to drop, or has not read yet, makes no record.
            return
        if said["op"] == "delete":
            self.store.drop(mutation.entity, [mutation.record_id])
            return
        first = {"id": mutation.record_id, "occurred_at": said["occurred_at"]}
        row = {**first, **(known or {}), **said["fields"], "version": version}
        self.store.put(mutation.entity, [row])

    def _authorized(self, path: str, value: Row) -> Row:
        said: Row = self._with_token(
            lambda token: self.server.post(path, value, token, packed=True)
        )
        return said

    def _with_token(self, ask: Callable[[str], Said]) -> Said:
        """Ask with the access token; when it has run out, refresh it and ask again."""
        try:
            return ask(str(self._kept("access_token")))
        except Refused as refusal:
            if refusal.status != UNAUTHORIZED:
                raise
        try:
            self.refresh()
        except Refused as refusal:
            if refusal.status != UNAUTHORIZED or self.store.kept("certificate") is None:
                raise
            self.readmit()
        return ask(str(self._kept("access_token")))

    def _own_key(self) -> Ed25519PrivateKey:
        """The key of this phone, made at its first use and never sent."""
        with self.store.saving():
            kept = self.store.kept("private_key")
            if kept is not None:
                return Ed25519PrivateKey.from_private_bytes(from_base64url(kept))
            key = Ed25519PrivateKey.generate()
            self.store.keep("private_key", to_base64url(key.private_bytes_raw()))
            return key

    def _kept(self, name: str) -> Any:
        value = self.store.kept(name)
        if value is None:
            raise NotEnrolled(f"this phone keeps no {name}; enrol it first")
        return value
