"""Threads of this process that slow requests may occupy at once, so that quick ones always find one."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Lending:
    """The threads that are lent to one kind of slow request."""

    def __init__(self, busy: type[Exception]) -> None:
        """`busy` is raised, with its own words, when all that may be lent are lent."""
        self._busy = busy
        self._lent = 0
        self._lock = Lock()

    def take(self, most: int) -> None:
        with self._lock:
            if self._lent >= most:
                raise self._busy(self._busy.__doc__)
            self._lent += 1

    def give_back(self) -> None:
        with self._lock:
            self._lent -= 1

    @contextmanager
    def lent(self, most: int) -> Iterator[None]:
        self.take(most)
        try:
            yield
        finally:
            self.give_back()
