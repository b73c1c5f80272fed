"""The key that signs where the log stands; it lies outside the database, so that who can rewrite one cannot sign."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.strict_json import canonical

FILE = "log_key"


def kept_key(data_dir: Path) -> Ed25519PrivateKey:
    """The installation's key, made at its first use and readable by its owner only."""
    path = data_dir / FILE
    data_dir.mkdir(parents=True, exist_ok=True)
    made = Ed25519PrivateKey.generate().private_bytes_raw()
    # Written aside and linked into place: another process never reads half a key, and the first wins.
    aside = data_dir / f"{FILE}.{os.getpid()}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(made)
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def witnessed_bytes(*, ibc: str, seq: int, head_hash: str, at: str) -> bytes:
    """What is signed: canonical JSON, whose purpose keeps it from passing as anything else."""
    words = {"purpose": "log-head", "ibc": ibc, "seq": seq, "hash": head_hash, "at": at}
    return canonical(words)
