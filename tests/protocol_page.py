"""docs/protocol.md read as a conversation: requests with the answers that must come, and what happens between."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol.md"
BLOCK = re.compile(r"<!-- meanwhile: (?P<event>.+?) -->|```http\n(?P<message>.*?)\n```", re.DOTALL)
VECTORS = re.compile(r"<!-- vectors -->\s*```json\n(.*?)\n```", re.DOTALL)
NAME = re.compile(r"<[a-z0-9_ ]+>")
ANY = "…"
"""Matches whatever stands there; as the last of a list, the rest of it; as a member, all others."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer: its first line, its headers, its body."""

    line: str
    headers: Mapping[str, str]
    body: Any = None

    @classmethod
    def of(cls, text: str) -> "Message":
        head, _, body = text.partition("\n\n")
        line, *lines = head.splitlines()
        headers = dict(one.split(": ", 1) for one in lines)
        return cls(line, headers, orjson.loads(body) if body.strip() else None)


@dataclass(frozen=True, slots=True)
class Example:
    """A request and the answer that must come; `before` is what happens first."""

    asked: Message
    answered: Message
    before: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return self.asked.line.split(" ")[0]

    @property
    def url(self) -> str:
        return self.asked.line.split(" ")[1]

    @property
    def status(self) -> int:
        return int(self.answered.line.split(" ")[1])


def examples(text: str) -> Iterator[Example]:
    """The examples of a page, in its order."""
    before: list[str] = []
    asked: Message | None = None
    for found in BLOCK.finditer(text):
        if found["event"]:
            before.append(found["event"])
            continue
        message = Message.of(found["message"])
        if asked is None:
            assert not message.line.startswith("HTTP/"), f"an answer to nothing: {message.line}"
            asked = message
            continue
        assert message.line.startswith("HTTP/"), f"no answer to: {asked.line}"
        yield Example(asked, message, tuple(before))
        asked, before = None, []
    assert asked is None, f"no answer to: {asked.line}"


def vectors(text: str) -> Any:
    found = VECTORS.search(text)
    assert found is not None, "the page has no vectors"
    return orjson.loads(found[1])


@dataclass(slots=True)
class Names:
    """What `<names>` of the page stand for, as answers and calculations have told."""

    known: dict[str, Any] = field(default_factory=dict)

    def filled(self, said: Any) -> Any:
        """With every name replaced by what it stands for."""
        match said:
            case str() if NAME.fullmatch(said):
                return self.known[said]
            case str():
                return NAME.sub(lambda name: str(self.known[name[0]]), said)
            case dict():
                return {key: self.filled(value) for key, value in said.items()}
            case list():
                return [self.filled(value) for value in said]
        return said

    def differences(self, wanted: Any, came: Any, at: str = "") -> list[str]:
        """Where what came is not what the page says; learns the names that it meets first."""
        match wanted:
            case str() if wanted == ANY:
                return []
            case str() if NAME.fullmatch(wanted):
                return [] if self.known.setdefault(wanted, came) == came else [f"{at}: {came!r}"]
            case dict() if isinstance(came, dict):
                return self._members(wanted, came, at)
            case list() if isinstance(came, list):
                return self._items(wanted, came, at)
        if isinstance(wanted, str):
            wanted = self.filled(wanted)
        same = type(wanted) is type(came) and wanted == came
        return [] if same else [f"{at}: {came!r} instead of {wanted!r}"]

    def _members(self, wanted: dict[str, Any], came: dict[str, Any], at: str) -> list[str]:
        named = {name: value for name, value in wanted.items() if name != ANY}
        extra = [] if ANY in wanted else sorted(came.keys() - named.keys())
        found = [f"{at}.{name}: not on the page" for name in extra]
        found += [f"{at}.{name}: did not come" for name in named if name not in came]
        for name in named.keys() & came.keys():
            found += self.differences(named[name], came[name], f"{at}.{name}")
        return found

    def _items(self, wanted: list[Any], came: list[Any], at: str) -> list[str]:
        open_end = wanted[-1:] == [ANY]
        named = wanted[:-1] if open_end else wanted
        if len(came) < len(named) or (len(came) > len(named) and not open_end):
            return [f"{at}: {len(came)} items instead of {len(named)}"]
        pairs = zip(named, came[: len(named)], strict=True)
        return [
            difference
            for place, (one, other) in enumerate(pairs)
            for difference in self.differences(one, other, f"{at}[{place}]")
        ]


def drifts(wanted: Any) -> Iterator[Any]:
    """The same with one thing wrong, in every way in which a page can go stale."""
    match wanted:
        case str() if wanted == ANY or NAME.fullmatch(wanted):
            return
        case dict():
            if ANY not in wanted:
                yield {**wanted, "a_field_that_is_gone": 1}
            for name, value in wanted.items():
                if name == ANY:
                    continue
                if ANY not in wanted:
                    yield {other: wanted[other] for other in wanted if other != name}
                for worse in drifts(value):
                    yield {**wanted, name: worse}
        case list():
            if wanted[-1:] != [ANY]:
                yield [*wanted, "one more"]
            for place, value in enumerate(wanted):
                for worse in drifts(value):
                    yield [*wanted[:place], worse, *wanted[place + 1 :]]
        case bool():
            yield not wanted
        case int():
            yield wanted + 1
        case str():
            yield f"{wanted}x"
        case None:
            yield 0
