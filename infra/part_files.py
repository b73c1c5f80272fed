"""Files that are still growing: what is told to have arrived is on the disk, whatever happens next."""

import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from infra.clock import Milliseconds
from infra.files import sync_folder

NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


FREE_BYTES_MIN = 256 * 1_048_576
"""Room on the disk that is left to the database: a photograph may not stop a collection."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Busy(Exception):
    """Somebody else is sending to this upload at this moment; ask how far it is, then go on."""


class Lost(Exception):
    """The bytes of this upload are gone; begin anew."""


class NoSpace(Exception):
    """The disk is full; what has been told to be safe is safe, go on later."""


class PartFiles:
    """A folder of growing files, each named by the UUID of its upload."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, name: str, byte_count: int) -> None:
        """Make an empty part file for so many bytes; one that is there stays as it is. Errors: NoSpace."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free - byte_count < FREE_BYTES_MIN:
            raise NoSpace(NoSpace.__doc__)
        self._path(name).open("ab").close()
        sync_folder(self.folder)

    @contextmanager
    def alone(self, name: str) -> Iterator["PartFile"]:
        """The part file, for one writer at a time; the kernel lets go of it however we end.

        Errors: Busy, Lost.
        """
        try:
            file = self._path(name).open("r+b", buffering=0)
        except FileNotFoundError:
            raise Lost(Lost.__doc__) from None
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(Busy.__doc__) from None
            yield PartFile(file)

    def read(self, name: str) -> bytes | None:
        """All of it, or None when it is gone."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def delete(self, name: str) -> None:
        """Forget a part file; one that is not there is forgotten already."""
        self._path(name).unlink(missing_ok=True)

    def older_than(self, before: Milliseconds) -> list[str]:
        """The names of part files to which nothing was added since that moment."""
        return [
            path.name
            for path in self.folder.glob("*")
            if NAME.fullmatch(path.name) and _changed_at(path) < before
        ]

    def _path(self, name: str) -> Path:
        assert NAME.fullmatch(name), f"{name[:80]!r} is no upload's id"
        return self.folder / name


class PartFile:
    """A growing file that is ours alone."""

    def __init__(self, file: FileIO) -> None:
        self._file = file

    def append(self, at: int, pieces: Iterable[bytes]) -> int:
        """Put bytes behind the first `at`; returns how many are safe on the disk then.

        What stands behind `at` was promised to nobody and is written over. Errors: Lost, NoSpace.
        """
        if os.fstat(self._file.fileno()).st_size < at:
            raise Lost(Lost.__doc__)
        self._file.truncate(at)
        self._file.seek(at)
        for piece in pieces:
            self._write(piece, at)
        os.fsync(self._file.fileno())
        return self._file.tell()

    def _write(self, piece: bytes, at: int) -> None:
        left = memoryview(piece)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            if error.errno not in FULL:
                raise
            # The room that we took is needed by others now.
            self._file.truncate(at)
            raise NoSpace(NoSpace.__doc__) from error

    def sha256(self) -> str:
        """Of all of it, in hex."""
        self._file.seek(0)
        return hashlib.file_digest(self._file, "sha256").hexdigest()


def _changed_at(path: Path) -> Milliseconds:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        # Finished at this moment: young.
        return 1 << 62
