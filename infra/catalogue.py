"""One catalogue of messages for server, phone and paper: English and Urdu, more languages by adding a key."""

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

LANGUAGES = ("en", "ur")


class Message(TypedDict):
    """A code and its sentence in each language."""

    code: str
    en: str
    ur: str


@cache
def sentences() -> dict[str, dict[str, str]]:
    """Code → language → sentence, as infra/messages.json has them."""
    found: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "messages.json").read_text(encoding="utf-8")
    )
    return found


def message(key: str) -> Message:
    """Word a key: a code, then the values that its sentence names as {0}, {1} …"""
    code, *values = key.split(" ")
    texts = sentences()[code]
    return {"code": code, "en": texts["en"].format(*values), "ur": texts["ur"].format(*values)}
