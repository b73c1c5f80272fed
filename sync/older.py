"""Phones of earlier versions: what they may ask, and pages in their words; off the byte path (ruling 20)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from infra.catalogue import message
from models.versions import PROTOCOL, READ_LEAST, downgraded, unknown_to
from sync.cursor import BEGINNING, Cursor
from sync.device_life import Order
from sync.pull import Page

MARK = re.compile(r"([0-9]{1,4}):", re.ASCII)
"""Before the cursor of an earlier version: no epoch begins so."""
UPDATE = "outdated"


class Outdated(Exception):
    """This app is too old to read here; update it. What it pushes is taken."""


def must_read(protocol: int) -> None:
    """Errors: Outdated, for a version that is not written any more."""
    if protocol < READ_LEAST:
        raise Outdated(Outdated.__doc__)


def cursor_for(cursor: str | None, protocol: int) -> str | None:
    """The cursor as the feed knows it; None when it was read in the words of another version.

    An app that was updated holds documents of its old shape: it empties them and reads anew.
    """
    mark = MARK.match(cursor) if cursor else None
    if cursor is None or (int(mark[1]) if mark else PROTOCOL) != protocol:
        return None
    return cursor[mark.end() :] if mark else cursor


def marked(cursor: str, protocol: int) -> str:
    return cursor if protocol == PROTOCOL else f"{protocol}:{cursor}"


def page_for(page: Page, protocol: int) -> Page:
    """The page as a phone of an earlier version reads it."""
    return replace(
        page, changes=changes_for(page.changes, protocol), cursor=marked(page.cursor, protocol)
    )


def changes_for(changes: bytes, protocol: int) -> bytes:
    """The changes in an earlier version's words, without the entities that it does not know."""
    unknown = unknown_to(protocol)
    told = {}
    for entity, said in orjson.loads(changes).items():
        if entity in unknown:
            continue
        header, rows = downgraded(entity, said["fields"], said["put"], protocol)
        told[entity] = {"fields": header, "put": rows, "drop": said["drop"]}
    return orjson.dumps(told)


def beginning(epoch: str, log_seq: int, protocol: int) -> str:
    """The cursor of a phone that loads no files: they are written in the newest words only."""
    return marked(str(Cursor(epoch, BEGINNING, log_seq)), protocol)


def unread(page: Page, cursor: str | None) -> Page:
    """The answer's other half for a phone that only hands in: nothing to read, and an order."""
    return replace(
        page,
        changes=b"{}",
        count=0,
        more=False,
        leaving=(),
        dropped=(),
        cursor=cursor or "",
        orders=list(dict.fromkeys([*page.orders, Order.UPDATE_APP.value])),
    )


def how_to_update() -> Mapping[str, Any]:
    """What a phone shows to its officer, in both languages."""
    return message(UPDATE)
