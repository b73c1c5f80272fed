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
    minute, rest = divmod(at_ms, MINUTE_MS)
    return f"{_minute_text(minute)}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def from_rfc3339(text: str) -> Milliseconds:
    """Read `2026-04-08T08:59:40.003Z`; ValueError when it is anything else."""
    found = RFC3339.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not like 2026-04-08T08:59:40.003Z")
    minute, seconds, milliseconds = found.groups()
    return _minute_number(minute) * MINUTE_MS + int(seconds) * 1000 + int(milliseconds)


def local_date(at_ms: Milliseconds, timezone: str) -> date:
    """The calendar date that a clock on the wall in `timezone` shows at that moment."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(timezone)).date()


def start_of_date(day: date, timezone: str) -> Milliseconds:
    """Midnight at which `day` begins in `timezone`."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone))
    return round((midnight - EPOCH) / MILLISECOND)


# Times that meet in one request lie minutes apart: their dates are worked out once.
@lru_cache(maxsize=4096)
def _minute_text(number: int) -> str:
    return (EPOCH + timedelta(minutes=number)).isoformat()[:MINUTE_CHARS]


@lru_cache(maxsize=4096)
def _minute_number(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(minutes=1)


RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d)\.(\d{3})Z", re.ASCII)
MINUTE_CHARS = len("2026-04-08T08:59")
MINUTE_MS = 60_000
DAY_MS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
