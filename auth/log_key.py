"""The key that signs where the log stands; it lies outside the database, so that who can rewrite one cannot sign."""

import os
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.ids import new_token
from infra.strict_json import canonical

FILE = "log_key"


def kept_key(data_dir: Path) -> Ed25519PrivateKey:
    """The installation's key, made at its first use and readable by its owner only."""
    path = data_dir / FILE
    if not path.exists():
        _make(path)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _make(path: Path) -> None:
    """Written aside and linked into place: nobody reads half a key, and the first of several wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each try: writing over a file that was linked would change the key.
    aside = path.with_name(f"{FILE}.{new_token(12)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Ed25519PrivateKey.generate().private_bytes_raw())
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()


def witnessed_bytes(*, ibc: str, seq: int, head_hash: str, at: str) -> bytes:
    """What is signed: canonical JSON, whose purpose keeps it from passing as anything else."""
    words = {"purpose": "log-head", "ibc": ibc, "seq": seq, "hash": head_hash, "at": at}
    return canonical(words)
