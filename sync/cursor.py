"""The cursor: one position in everything that a device may see, the epoch, and the scopes it is leaving. Pure.

A row's key is (e, s, n): its own position (s, n), delivered at e, the later of s and the position at
which its scope was granted. So a scope granted today comes from its beginning, after everything that
was delivered before, and one triple is enough to say how far a device has read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

CURSOR_CHARS_MAX = 4_000
"""Of a cursor that is kept: it is leaving a hundred scopes at once, and nobody has so many."""
NUMBER = re.compile(r"-1|[0-9]{1,16}", re.ASCII)
"""Of at most 16 digits, so that every database takes it; -1 is the place before a first change."""


class Position(NamedTuple):
    """A place in a scope: the log entry, and which of its changes."""

    seq: int
    n: int


class Key(NamedTuple):
    """A place in the order of delivery."""

    e: int
    s: int
    n: int


LOADED = "!"
"""Before a scope of a cursor whose snapshot the device has."""
BEGINNING = Key(0, 0, 0)
BEFORE_ALL = Position(0, -1)


class NotACursor(ValueError):
    """The text is not a cursor of ours; pull without one."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a device has read."""

    epoch: str
    key: Key
    new_until: int = 0
    """While a device reads for the first time: where the log stood when it began to."""
    leaving: Sequence[tuple[str, Position]] = field(default=())
    """Scopes that were taken away while the phone still held them, and how far they are dropped."""
    loaded: Sequence[tuple[str, Position]] = field(default=())
    """While it reads for the first time: scopes whose snapshot it has, and up to where that goes."""

    def __str__(self) -> str:
        head = f"{self.epoch}.{'.'.join(map(str, self.key))}"
        if self.new_until:
            head += f".{self.new_until}"
        leaving = (f"{scope}@{p.seq}.{p.n}" for scope, p in self.leaving)
        loaded = (f"{LOADED}{scope}@{p.seq}.{p.n}" for scope, p in self.loaded)
        return "~".join([head, *leaving, *loaded])


def read_cursor(text: str) -> Cursor:
    """Read a cursor back; NotACursor when it is none."""
    head, *parts = text.split("~")
    try:
        epoch, e, s, n, *new_until = head.split(".")
        leaving = [_place(part) for part in parts if not part.startswith(LOADED)]
        loaded = [_place(part[len(LOADED) :]) for part in parts if part.startswith(LOADED)]
        until = _number(*new_until) if new_until else 0
        key = Key(_number(e), _number(s), _number(n))
        return Cursor(epoch, key, until, tuple(leaving), tuple(loaded))
    except (ValueError, TypeError):
        raise NotACursor(f"{text[:80]!r} is not a cursor") from None


def worth_keeping(text: str | None) -> str | None:
    """A cursor as a table may keep it; None for what is none of ours, which `pull` refuses."""
    if not text or len(text) > CURSOR_CHARS_MAX or not text.isprintable():
        return None
    try:
        read_cursor(text)
    except NotACursor:
        return None
    return text


def _place(text: str) -> tuple[str, Position]:
    scope, at = text.rsplit("@", 1)
    seq, n = at.split(".")
    return scope, Position(_number(seq), _number(n))


def _number(text: str) -> int:
    if NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:20]!r} is not a number of a cursor")
    return int(text)


def key_of(position: Position, granted: int) -> Key:
    """The key at which a row of a scope granted at log position `granted` is delivered."""
    return Key(max(position.seq, granted), position.seq, position.n)


def start_in(key: Key, granted: int) -> Position:
    """After which position a scope must be read by a device that has read up to `key`."""
    if granted > key.e or key == BEGINNING:
        return BEFORE_ALL
    if granted == key.e:
        return Position(key.s, key.n)
    return Position(key.e, key.n if key.s == key.e else -1)
