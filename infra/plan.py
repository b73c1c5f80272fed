"""What is to be kept running: values that the supervisor interprets."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass

ANSWER_SECONDS = 1.0

Command = tuple[str, ...]
Ready = Callable[[float], bool]
"""Whether a process does its work, given how many seconds ago it was started."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A program that is started again whenever it ends."""

    name: str
    command: Command
    ready: Ready
    before_steps: bool = False
    """Whether the steps need it; such a process is also the last to be stopped."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A program that has to come to its end before the processes start."""

    name: str
    command: Command
    unless: Command | None = None
    """Left out when this command exits with 0, taken when it exits with 1."""
    shown: bool = False
    """Whether its output is for the terminal and not for a log."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How patient the supervisor is, in seconds and in deaths."""

    back_off_seconds: float = 0.5
    back_off_seconds_max: float = 10.0
    early_seconds: float = 30.0
    early_deaths_max: int = 5
    ready_seconds_max: float = 60.0
    stop_seconds_max: float = 13.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that one installation runs, in the order in which it is started."""

    processes: tuple[Process, ...]
    steps: tuple[Step, ...] = ()
    closing: tuple[Step, ...] = ()
    """Steps once everything is ready."""
    addresses: tuple[tuple[str, str], ...] = ()
    obstacle: Callable[[], str] = str
    """Says in a sentence what stands in the way of a start, or nothing."""
    limits: Limits = Limits()


def stays_up(seconds: float) -> Ready:
    """Ready once it has run that long: for programs that nobody can ask."""
    return lambda age_seconds: age_seconds >= seconds


def answers(host: str, port: int, path: str) -> Ready:
    """Ready once `GET path` is answered with 200."""

    def ready(_age_seconds: float) -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready
