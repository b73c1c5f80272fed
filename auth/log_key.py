"""The key with which the installation signs; it lies outside the database, so that who can rewrite one cannot sign."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.kept import kept_bytes
from infra.strict_json import canonical

FILE = "log_key"


def kept_key(data_dir: Path) -> Ed25519PrivateKey:
    """The installation's key, made at its first use and readable by its owner only."""
    made = kept_bytes(data_dir / FILE, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
    return Ed25519PrivateKey.from_private_bytes(made)


def witnessed_bytes(*, ibc: str, seq: int, head_hash: str, at: str) -> bytes:
    """What is signed: canonical JSON, whose purpose keeps it from passing as anything else."""
    words = {"purpose": "log-head", "ibc": ibc, "seq": seq, "hash": head_hash, "at": at}
    return canonical(words)
