"""Signals as something a loop can wait for."""

import select
import signal
import socket
from contextlib import suppress
from types import FrameType
from typing import Self

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopAsked(Exception):
    """Somebody pressed Ctrl-C, closed the terminal or sent TERM."""


class Signals:
    """Wakes a waiting loop at once when a child has ended or a stop is asked for."""

    stop_asked = False

    def __enter__(self) -> Self:
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        for number in STOPPING:
            # A hang-up that is ignored (nohup) stays ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._ask)
        # Without a handler of our own the end of a child would wake nobody.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._reading.close()
        self._writing.close()

    def wait(self, seconds: float) -> None:
        """Wait for a signal, at most so long; raises StopAsked when it asks to stop."""
        if not self.stop_asked:
            self.wait_to_the_end(seconds)
        if self.stop_asked:
            raise StopAsked

    def wait_to_the_end(self, seconds: float) -> None:
        """Wait for a signal, at most so long; for the time when we are stopping already."""
        select.select([self._reading], [], [], max(seconds, 0))
        with suppress(BlockingIOError):
            while self._reading.recv(4096):
                pass

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_asked = True
