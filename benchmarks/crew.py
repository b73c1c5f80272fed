"""Eight client processes that load one contender after another, and what they saw."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Protocol, Self

from infra.clock import monotonic

CLIENTS = 8
END_SECONDS = 10


class ClientFailed(Exception):
    """A client of the crew ended with this error."""


class Contender(Protocol):
    """One way of doing the work that is measured."""

    def prepare(self) -> None:
        """Have everything ready whose cost is not to be measured."""

    def once(self) -> int:
        """Do it once; returns how many units of work that was."""


@dataclass(frozen=True)
class Seen:
    """What one client saw in one round."""

    units: int
    seconds: float
    waits_ms: list[float]


@dataclass(frozen=True)
class Load:
    """What all clients saw of one contender in one round."""

    rate: float
    """Units of work a second, all clients together."""
    waits_ms: list[float]
    units: int

    def wait_ms(self, share: float) -> float:
        ordered = sorted(self.waits_ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


Maker = Callable[[int], Mapping[str, Contender]]
"""Client number → its contenders, made inside the client's process."""


class Crew:
    """Client processes that live as long as one measure."""

    def __init__(self, make: Maker, clients: int = CLIENTS) -> None:
        self._make = make
        self._clients = clients

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for number in range(self._clients):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, self._make, number), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)
        return self

    def run(self, contender: str, seconds: float) -> Load:
        """Load one contender from all clients at once."""
        self._tell((contender, seconds))
        self._hear()
        self._tell("go")
        seen: Sequence[Seen] = self._hear()
        return Load(
            rate=sum(one.units / one.seconds for one in seen),
            waits_ms=[wait for one in seen for wait in one.waits_ms],
            units=sum(one.units for one in seen),
        )

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # Closing a pipe would tell nobody: the clients that were forked later hold its other end.
        for pipe in self._pipes:
            with suppress(OSError):
                pipe.send(None)
        for process in self._processes:
            process.join(END_SECONDS)
            process.kill()

    def _tell(self, what: object) -> None:
        for pipe in self._pipes:
            pipe.send(what)

    def _hear(self) -> list[Seen]:
        heard = [pipe.recv() for pipe in self._pipes]
        for one in heard:
            if isinstance(one, str):
                raise ClientFailed(one)
        return heard


def _work(pipe: Connection, make: Maker, number: int) -> None:
    try:
        contenders = make(number)
        while (order := pipe.recv()) is not None:
            name, seconds = order
            contender = contenders[name]
            contender.prepare()
            pipe.send(None)
            pipe.recv()
            pipe.send(_load(contender, seconds))
    except Exception as error:  # noqa: BLE001  # told to the measure, which stops with it
        pipe.send(repr(error))


def _load(contender: Contender, seconds: float) -> Seen:
    waits_ms: list[float] = []
    units = 0
    start = last = monotonic()
    while last - start < seconds:
        units += contender.once()
        now = monotonic()
        waits_ms.append((now - last) * 1000)
        last = now
    return Seen(units, last - start, waits_ms)
