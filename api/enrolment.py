"""What an enrolment writes and answers: the device's record, grants, chain, secret, block, sign-in."""

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table

from auth import blocks, refresh, tokens
from auth.cards import Card
from auth.certificates import block_certificate, enrolment_certificate
from auth.enrolment import Enrolled
from auth.keys import Keys
from auth.proofs import to_base64url
from infra.clock import Milliseconds, rfc3339
from infra.database import fetch, insert_rows
from models.device import DeviceState
from models.log import DeviceChain
from sync.membership import grant
from sync.office import Put, write

CHAINS: Table = DeviceChain.__table__  # type: ignore[assignment]  # mapped classes have a Table


def create_device(
    connection: Connection, enrolled: Enrolled, public_key: str, *, now: Milliseconds
) -> None:
    """Write the device for the first time."""
    _write_device(connection, enrolled, public_key, now=now)
    blocks.make_secret(connection, ibc_id=enrolled.ibc_id, device_id=enrolled.device_id)
    blocks.issue_block(connection, ibc_id=enrolled.ibc_id, device_id=enrolled.device_id, now=now)


def restore_device(
    connection: Connection,
    enrolled: Enrolled,
    public_key: str,
    *,
    secret: bytes,
    given: Sequence[blocks.Block],
    now: Milliseconds,
) -> None:
    """Write a device again that a restore has forgotten, wholly or only its last receipt numbers."""
    ibc_id, device_id = enrolled.ibc_id, enrolled.device_id
    if not enrolled.repeated:
        _write_device(connection, enrolled, public_key, now=now)
        blocks.make_secret(connection, ibc_id=ibc_id, device_id=device_id, secret=secret)
    for block in given:
        blocks.keep_block(connection, block, ibc_id=ibc_id, device_id=device_id, now=now)
    if blocks.newest_block(connection, ibc_id=ibc_id, device_id=device_id) is None:
        blocks.issue_block(connection, ibc_id=ibc_id, device_id=device_id, now=now)


def _write_device(
    connection: Connection, enrolled: Enrolled, public_key: str, *, now: Milliseconds
) -> None:
    """Its record, its grants, and a chain that begins at nothing."""
    ibc_id, device_id, card = enrolled.ibc_id, enrolled.device_id, enrolled.card
    record = {
        "staff_id": card.staff_id,
        "public_label": f"{card.staff_no}-{device_id[-4:].upper()}",
        "public_key": public_key,
        "state": DeviceState.ACTIVE.value,
    }
    # The first write takes the IBC's lock: block, chain and grants below are in its order.
    device = Put("device", device_id, record)
    write(connection, ibc_id, author_id=card.staff_id, puts=[device], now=now)
    grant(connection, ibc_id, f"device:{device_id}", [f"device:{device_id}", f"ibc:{ibc_id}"])
    grant(connection, ibc_id, f"officer:{card.staff_id}", [f"officer:{card.staff_id}"])
    chain = {
        "ibc_id": ibc_id,
        "device_id": device_id,
        "last_seq": 0,
        "last_hash": "",
        "missing": "[]",
    }
    insert_rows(connection, CHAINS, [chain])


def enrolment_answer(
    connection: Connection, keys: Keys, enrolled: Enrolled, *, now: Milliseconds
) -> dict[str, Any]:
    """Everything a phone needs to begin, read back: the same the first time and after a lost answer."""
    ibc_id, device_id = enrolled.ibc_id, enrolled.device_id
    secret = blocks.secret_of(connection, ibc_id=ibc_id, device_id=device_id)
    block = blocks.newest_block(connection, ibc_id=ibc_id, device_id=device_id)
    assert secret is not None, "made with the device"
    assert block is not None, "issued with the device"
    heads = fetch(connection, "SELECT epoch FROM log_heads WHERE ibc_id = :ibc_id", ibc_id=ibc_id)
    sign_in = refresh.begin(
        connection, staff_id=enrolled.card.staff_id, device_id=device_id, ibc_id=ibc_id, now=now
    )
    return {
        **token_pair(keys, sign_in, now=now),
        "device_id": device_id,
        "ibc": ibc_id,
        "staff": brief(enrolled.card),
        "receipt_secret": to_base64url(secret),
        "receipt_block": {
            "prefix": block.prefix,
            "first_serial": block.first_serial,
            "last_serial": block.last_serial,
        },
        "epoch": heads[0].epoch,
        "server_time": rfc3339(now),
    }


def with_certificates(
    answer: dict[str, Any], server_key: Ed25519PrivateKey, outbox_key: str, public_key: str
) -> dict[str, Any]:
    """The answer with what lets the phone in again after a restore, and seals what leaves it."""
    ibc, device_id = answer["ibc"], answer["device_id"]
    certificate = enrolment_certificate(
        server_key,
        ibc=ibc,
        device_id=device_id,
        staff_id=answer["staff"]["id"],
        public_key=public_key,
        receipt_secret=answer["receipt_secret"],
    )
    block = certified_block(server_key, ibc, device_id, blocks.Block(**answer["receipt_block"]))
    return answer | {
        "certificate": certificate,
        "outbox_key": outbox_key,
        "receipt_block": block,
    }


def certified_block(
    server_key: Ed25519PrivateKey, ibc: str, device_id: str, block: blocks.Block
) -> dict[str, Any]:
    certificate = block_certificate(server_key, ibc=ibc, device_id=device_id, block=block)
    return {
        "prefix": block.prefix,
        "first_serial": block.first_serial,
        "last_serial": block.last_serial,
        "certificate": certificate,
    }


def token_pair(keys: Keys, sign_in: refresh.SignIn, *, now: Milliseconds) -> dict[str, Any]:
    return {
        "access_token": tokens.issue(keys, sign_in.claims, now=now),
        "expires_in_s": tokens.LIFE_SECONDS,
        "refresh_token": sign_in.refresh_token,
    }


def brief(card: Card) -> dict[str, str]:
    """A person as a screen greets them."""
    return {
        "id": card.staff_id,
        "staff_no": card.staff_no,
        "name": card.name,
        "name_ur": card.name_ur,
    }
