"""Receipt secrets and receipt numbers given to devices: a number is printed once, ever (M10)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Table

from auth.crockford import ALPHABET
from auth.errors import ReceiptPrefixesUsedUp
from auth.proofs import from_base64url, to_base64url
from auth.receipts import SECRET_BYTES
from infra.clock import Milliseconds
from infra.database import fetch, insert_rows
from infra.tenancy import across
from models.identity import DeviceSecret, ReceiptBlock

SERIALS_PER_BLOCK = 500
LEFT_PERCENT_MAX = 30
"""A device gets a further block when no more than this is left of the one it prints from."""


class BlockKind(StrEnum):
    """What prints the receipts of a block (M10)."""

    PHONE = "phone"
    COUNTER = "counter"
    PAPER = "paper"


PREFIX_CHARS_MIN, PREFIX_CHARS_MAX = 2, 4
LETTERS = "".join(letter for letter in ALPHABET if letter.isalpha())
"""A prefix begins with a letter: spreadsheets read `1E-000005` as a number."""
ATTEMPTS_MAX = 50
PREFIXES_SKIPPED = 1_000
"""After a restore: more blocks than are issued between two backups."""
BLOCKS: Table = ReceiptBlock.__table__  # type: ignore[assignment]  # mapped classes have a Table
SECRETS: Table = DeviceSecret.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Block:
    """Receipt numbers `prefix-000001` to `prefix-000500`."""

    prefix: str
    first_serial: int
    last_serial: int

    @property
    def size(self) -> int:
        return self.last_serial - self.first_serial + 1

    def left_after(self, serial: int) -> int:
        """How many numbers are left when `serial` is the last that was used."""
        return min(self.size, self.last_serial - serial)


def is_issued(receipt_no: str, blocks: Iterable[Block]) -> bool:
    """Whether the number lies in one of these blocks. Pure."""
    prefix, _, serial = receipt_no.rpartition("-")
    return any(
        prefix == block.prefix and block.first_serial <= int(serial) <= block.last_serial
        for block in blocks
    )


def issue_block(
    connection: Connection,
    *,
    ibc_id: str,
    device_id: str,
    now: Milliseconds,
    kind: BlockKind = BlockKind.PHONE,
    request_key: str | None = None,
) -> Block:
    """Give the next prefix to a device. Errors: ReceiptPrefixesUsedUp."""
    for _ in range(ATTEMPTS_MAX):
        block = Block(prefix_after(_last_prefix(connection)), 1, SERIALS_PER_BLOCK)
        row = _row(block, ibc_id, device_id, kind, now) | {"request_key": request_key}
        # Another IBC may take the same prefix at this moment: the key decides, and we go on.
        if insert_rows(connection, BLOCKS, [row], on_conflict="ignore"):
            return block
    raise ReceiptPrefixesUsedUp


def skip_prefixes(connection: Connection, *, now: Milliseconds) -> None:
    """Leave out what may have been issued since a backup was taken, so that none is issued twice.

    Errors: ReceiptPrefixesUsedUp.
    """
    prefix = _last_prefix(connection)
    for _ in range(PREFIXES_SKIPPED):
        prefix = prefix_after(prefix)
    row = {
        "prefix": prefix,
        "ibc_id": "",
        "device_id": "",
        "kind": "skipped",
        "first_serial": 1,
        "last_serial": SERIALS_PER_BLOCK,
        "issued_at": now,
        "state": "skipped",
    }
    insert_rows(connection, BLOCKS, [row])


def newest_block(connection: Connection, *, ibc_id: str, device_id: str) -> Block | None:
    """The block that the phone prints from now; its counter's and paper books are beside it."""
    rows = fetch(
        connection,
        "SELECT prefix, first_serial, last_serial FROM receipt_blocks"
        " WHERE ibc_id = :ibc_id AND device_id = :device_id AND kind = 'phone'"
        " ORDER BY length(prefix) DESC, prefix DESC LIMIT 1",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    return Block(*rows[0]) if rows else None


def prefix_after(prefix: str | None) -> str:
    """The next prefix in order: A0 … ZZ, A00 … ZZZ, A000 … ZZZZ. Errors: ReceiptPrefixesUsedUp."""
    if prefix is None:
        return LETTERS[0] + ALPHABET[0] * (PREFIX_CHARS_MIN - 1)
    head, tail = prefix[0], prefix[1:]
    rank = sum(
        ALPHABET.index(char) * len(ALPHABET) ** place for place, char in enumerate(reversed(tail))
    )
    if rank + 1 < len(ALPHABET) ** len(tail):
        return head + _written(rank + 1, len(tail))
    if head != LETTERS[-1]:
        return LETTERS[LETTERS.index(head) + 1] + _written(0, len(tail))
    if len(prefix) < PREFIX_CHARS_MAX:
        return LETTERS[0] + _written(0, len(tail) + 1)
    raise ReceiptPrefixesUsedUp


def keep_block(
    connection: Connection, block: Block, *, ibc_id: str, device_id: str, now: Milliseconds
) -> None:
    """Keep a block that was given before a restore; what was given to another since stays his."""
    row = _row(block, ibc_id, device_id, BlockKind.PHONE, now)
    insert_rows(connection, BLOCKS, [row], on_conflict="ignore")


def make_secret(
    connection: Connection, *, ibc_id: str, device_id: str, secret: bytes | None = None
) -> bytes:
    """Make and keep a device's receipt secret; or keep the one that it was given in another life."""
    secret = secret or secrets.token_bytes(SECRET_BYTES)
    row = {"ibc_id": ibc_id, "device_id": device_id, "receipt_secret": to_base64url(secret)}
    insert_rows(connection, SECRETS, [row])
    return secret


def secret_of(connection: Connection, *, ibc_id: str, device_id: str) -> bytes | None:
    rows = fetch(
        connection,
        "SELECT receipt_secret FROM device_secrets"
        " WHERE ibc_id = :ibc_id AND device_id = :device_id",
        ibc_id=ibc_id,
        device_id=device_id,
    )
    return from_base64url(rows[0].receipt_secret) if rows else None


def _row(
    block: Block, ibc_id: str, device_id: str, kind: BlockKind, now: Milliseconds
) -> dict[str, object]:
    return {
        "prefix": block.prefix,
        "ibc_id": ibc_id,
        "device_id": device_id,
        "kind": kind.value,
        "first_serial": block.first_serial,
        "last_serial": block.last_serial,
        "issued_at": now,
        "state": "issued",
    }


def _last_prefix(connection: Connection) -> str | None:
    """The greatest by length, then by bytes; reads a small table, once per 500 receipts."""
    # No two IBCs share a prefix.
    with across(connection):
        rows = fetch(
            connection,
            "SELECT prefix FROM receipt_blocks ORDER BY length(prefix) DESC, prefix DESC LIMIT 1",
        )
    return rows[0].prefix if rows else None


def _written(rank: int, chars: int) -> str:
    text = ""
    for _ in range(chars):
        rank, digit = divmod(rank, len(ALPHABET))
        text = ALPHABET[digit] + text
    return text
