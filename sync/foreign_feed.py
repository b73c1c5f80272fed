"""What a foreign client is sent: the rows after its number, its own writes too, as they stand now.

The feed is the one that phones pull. What differs is the place of a row (sync/foreign_position.py), that
deletions of one entity can be asked for alone, and that a page is looked for among all that is new
without the bodies: a foreign client sets the size of its pages and may not be given less.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from infra.database import any_of, fetch, listed
from models import ENTITIES, Entity
from sync.foreign_position import (
    DROPPED,
    KINDS,
    LEAVING,
    Place,
    bucket_of,
    end_of,
    life_of,
    unpack,
)
from sync.pull import Reader, View, views_of
from sync.scoped import scoped

RecordKey = tuple[str, str]
"""(entity, record id)"""


class What(StrEnum):
    """What there is to say of a record."""

    SHOWN = "shown"
    GONE = "gone"
    """Deleted, or no longer of a scope that the reader holds."""
    LEAVING = "leaving"
    """Its scope was taken; it goes once what the phone has not sent has arrived."""
    DROPPED = "dropped"
    """Its scope was taken."""


class News(NamedTuple):
    """One thing to say, where it stands in the reader's order."""

    place: Place
    record_id: str
    entity: str
    what: What

    @property
    def key(self) -> RecordKey:
        return (self.entity, self.record_id)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see at this moment, from one snapshot."""

    connection: Connection
    reader: Reader
    epoch: str
    head: int
    """The position of the log: nothing is delivered beyond it."""
    views: Sequence[View]

    @property
    def life(self) -> int:
        return life_of(self.epoch)

    @property
    def beginning(self) -> Place:
        return Place(self.life, 0, 0, 0)

    @property
    def end(self) -> Place:
        return end_of(self.life, self.head)

    def place_of(self, number: int) -> Place | None:
        """The place that a number of ours says; None when it is of another life of the database."""
        if number == 0:
            return self.beginning
        place = unpack(number)
        return place if place.life == self.life and place.delivered <= self.head else None


def look(connection: Connection, reader: Reader) -> Sight:
    return Sight(connection, reader, *views_of(connection, reader))


def news_from(
    sight: Sight, after: Place, *, entity: Entity | None = None, marks: bool = False
) -> list[News]:
    """All that is new to the reader from a place on, in order; `marks` adds LEAVING before DROPPED.

    Whoever reads from the beginning is not told of the end of what he never had.
    """
    first_time = after == sight.beginning
    latest: dict[RecordKey, News] = {}
    ended: list[News] = []
    for view in sight.views:
        if view.held and max(view.head.seq, view.granted) >= after.delivered:
            for news in _news_of(sight, view, after, entity):
                if news.what is What.GONE:
                    ended.append(news)
                else:
                    latest[news.key] = max(news, latest.get(news.key, news))
        elif not view.held and view.granted >= after.delivered and not first_time:
            ended += _ends_of(sight, view, entity, marks=marks)
    if first_time:
        return sorted(latest.values())
    still_shown = bodies(sight, {news.record_id for news in ended})
    ends = {news for news in ended if news.place >= after and news.key not in still_shown}
    return sorted([*latest.values(), *_once(ends)])


def bodies(sight: Sight, record_ids: Collection[str]) -> dict[RecordKey, Mapping[str, Any]]:
    """Those of the records that the reader may see, by field; the others do not exist for him."""
    if not record_ids:
        return {}
    rows = fetch(
        sight.connection,
        f"{scoped(sight.connection, 'entity, record_id, body')} AND body IS NOT NULL "
        f"AND {any_of(sight.connection, 'record_id', 'ids')}",
        ibc_id=sight.reader.ibc_id,
        ids=listed(sight.connection, sorted(record_ids)),
        scopes=listed(sight.connection, [view.scope for view in sight.views if view.held]),
    )
    return {
        (row.entity, row.record_id): dict(
            zip(ENTITIES[row.entity].header, orjson.loads(row.body), strict=True)
        )
        for row in rows
    }


def _news_of(sight: Sight, view: View, after: Place, entity: Entity | None) -> list[News]:
    """The rows of a held scope: those since, or all of a scope that was granted since."""
    since = after.delivered if view.granted < after.delivered else 0
    found = []
    for row in _rows(sight, view.scope, since, entity):
        place = Place(
            sight.life,
            max(row.seq, view.granted),
            KINDS[row.entity],
            bucket_of(row.record_id),
        )
        # Rows of the very place are given again: RxDB tells them apart by their id.
        if place >= after:
            what = What.GONE if row.is_gone else What.SHOWN
            found.append(News(place, row.record_id, row.entity, what))
    return found


def _ends_of(sight: Sight, view: View, entity: Entity | None, *, marks: bool) -> list[News]:
    steps = [(DROPPED, What.DROPPED)]
    if marks:
        steps.append((LEAVING, What.LEAVING))
    return [
        News(
            Place(sight.life, view.granted, kind, bucket_of(row.record_id)),
            row.record_id,
            row.entity,
            what,
        )
        for row in _rows(sight, view.scope, 0, entity)
        for kind, what in steps
        if not row.is_gone
    ]


def _rows(sight: Sight, scope: str, since: int, entity: Entity | None) -> Sequence[Any]:
    columns = "entity, record_id, seq, body IS NULL AS is_gone"
    return fetch(
        sight.connection,
        f"{scoped(sight.connection, columns, scope='scope')} AND seq >= :since"
        + (" AND entity = :entity" if entity else ""),
        ibc_id=sight.reader.ibc_id,
        scope=scope,
        since=since,
        **({"entity": entity.name} if entity else {}),
    )


def _once(ends: Iterable[News]) -> list[News]:
    """Each end once: a record may have left by more than one scope."""
    latest: dict[tuple[RecordKey, What], News] = {}
    for news in ends:
        key = (news.key, news.what)
        latest[key] = max(news, latest.get(key, news))
    return list(latest.values())
