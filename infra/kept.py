"""Secrets of the installation that lie as files beside its data: made once, by the first that asks."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from infra.ids import new_token


def kept_bytes(path: Path, make: Callable[[], bytes]) -> bytes:
    """The file's bytes; made at its first use, and readable by its owner only."""
    if not path.exists():
        _make(path, make())
    return path.read_bytes()


def _make(path: Path, content: bytes) -> None:
    """Written aside and linked into place: nobody reads half a key, and the first of several wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each try: writing over a file that was linked would change the key.
    aside = path.with_name(f"{path.name}.{new_token(12)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    with suppress(FileExistsError):
        os.link(aside, path)
    aside.unlink()
