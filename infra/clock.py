"""The one place that reads the clock; everywhere else `now` is an argument."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

Milliseconds = int
"""Milliseconds since 1970-01-01T00:00:00Z: how every time is kept in the database."""


def now_ms() -> Milliseconds:
    """Read the wall clock, in milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def pause(seconds: float) -> None:
    """Wait, in a loop that waits for the world (workers, supervisors); never in a request."""
    time.sleep(seconds)


def monotonic() -> float:
    """Seconds that only move forward, for measuring how long something took."""
    return time.monotonic()


def rfc3339(at_ms: Milliseconds) -> str:
    """Write a time as the wire does: RFC 3339, UTC, three decimals, `Z`."""
    seconds, milliseconds = divmod(at_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def from_rfc3339(text: str) -> Milliseconds:
    """Read `2026-04-08T08:59:40.003Z`; ValueError when it is anything else."""
    if len(text) != 24 or text[23] != "Z" or text[19] != ".":
        raise ValueError(f"{text!r} is not like 2026-04-08T08:59:40.003Z")
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return round((moment - EPOCH) / MILLISECOND)


def local_date(at_ms: Milliseconds, timezone: str) -> date:
    """The calendar date that a clock on the wall in `timezone` shows at that moment."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(timezone)).date()


def start_of_date(day: date, timezone: str) -> Milliseconds:
    """Midnight at which `day` begins in `timezone`."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return round((midnight - EPOCH) / MILLISECOND)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
