"""The one place that reads the clock; everywhere else `now` is an argument."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
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
    day, rest = divmod(at_ms, DAY_MS)
    seconds, milliseconds = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    return (
        f"{_day_text(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{milliseconds:03d}Z"
    )


def from_rfc3339(text: str) -> Milliseconds:
    """Read `2026-04-08T08:59:40.003Z`; ValueError when it is anything else."""
    found = RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like 2026-04-08T08:59:40.003Z")
    day, hour, minute, second, milliseconds = found.groups()
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    return _day_number(day) * DAY_MS + seconds * 1000 + int(milliseconds)


def local_date(at_ms: Milliseconds, timezone: str) -> date:
    """The calendar date that a clock on the wall in `timezone` shows at that moment."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(timezone)).date()


def start_of_date(day: date, timezone: str) -> Milliseconds:
    """Midnight at which `day` begins in `timezone`."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return round((midnight - EPOCH) / MILLISECOND)


@lru_cache(maxsize=4096)
def _day_text(day_number: int) -> str:
    return (EPOCH.date() + timedelta(days=day_number)).isoformat()


@lru_cache(maxsize=4096)
def _day_number(day: str) -> int:
    return (date.fromisoformat(day) - EPOCH.date()).days


RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)\.(\d{3})Z", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
DAY_MS = 86_400_000
