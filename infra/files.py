"""Files named by the hash of their bytes: written whole or not at all, never changed."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from infra.clock import Milliseconds
from infra.ids import new_token

NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FileTooLarge(ValueError):
    """The file is larger than its limit; send it in parts."""


class Files:
    """A folder of files; their names are SHA-256 in hex, so no name from outside becomes a path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes) -> str:
        """Keep the bytes; returns their name. What is returned is on the disk."""
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        if path.exists():
            # Young again, so that a sweep which runs at this moment leaves it.
            with suppress(FileNotFoundError):
                path.touch()
                return name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{name}.{new_token(6)}.draft")
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
        return name

    def keep(self, chunks: Iterable[bytes], bytes_max: int) -> tuple[str, int]:
        """Keep what comes in pieces, never all of it in memory; returns its name and size.

        Errors: FileTooLarge as soon as it is larger than `bytes_max`; nothing is left of it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{new_token(12)}.draft"
        hashed, byte_count = hashlib.sha256(), 0
        try:
            with draft.open("wb") as file:
                for chunk in chunks:
                    byte_count += len(chunk)
                    if byte_count > bytes_max:
                        raise FileTooLarge(f"the file is larger than {bytes_max} bytes")
                    hashed.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            path = self._path(hashed.hexdigest())
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(path.parent)
        return path.name, byte_count

    def find(self, name: str) -> Path | None:
        """Where the file lies, or None."""
        if NAME.fullmatch(name) is None:
            return None
        path = self._path(name)
        return path if path.exists() else None

    def read(self, name: str) -> bytes | None:
        """The bytes, or None when there are none, or others than the name says."""
        path = self.find(name)
        if path is None:
            return None
        content = path.read_bytes()
        return content if hashlib.sha256(content).hexdigest() == name else None

    def delete(self, name: str) -> None:
        """Forget a file; one that is not there is forgotten already."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, before: Milliseconds) -> Iterator[str]:
        """The names of files last put before that moment; drafts of writers that died are removed."""
        for path in self.folder.glob("??/*"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime_ns // 1_000_000 >= before:
                    continue
                if NAME.fullmatch(path.name):
                    yield path.name
                else:
                    path.unlink()

    def _path(self, name: str) -> Path:
        assert NAME.fullmatch(name), f"{name[:80]!r} is no SHA-256"
        return self.folder / name[:2] / name


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut, as their bytes do."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
