"""How many bytes one exchange of a visit and a collection costs, both ways packed with gzip."""

from collections.abc import Iterator

import orjson

from benchmarks import client
from benchmarks.facts import Outbox
from benchmarks.pull import pages
from benchmarks.result import Result
from benchmarks.world import Phone

UP_BYTES_MAX, DOWN_BYTES_MAX = 1_500, 1_000


def measure(port: int, phone: Phone) -> Iterator[Result]:
    asking = client.Client(port)
    cursor = orjson.loads(pages(asking, phone)[-1])["cursor"]
    body = _with_cursor(Outbox(phone), cursor)
    request = client.post("/api/v1/sync", phone.token(), body, packed=True, encoding="gzip")
    answer = asking.ask(request)
    up, down = len(body), len(answer)
    yield Result(
        measure="one exchange, bytes up",
        unit="bytes",
        rate=up,
        limit_rate=UP_BYTES_MAX,
        ratio=UP_BYTES_MAX / up,
        spread=(UP_BYTES_MAX / up, UP_BYTES_MAX / up),
        floor=1.0,
        more={"with_headers": len(request)},
    )
    yield Result(
        measure="one exchange, bytes down",
        unit="bytes",
        rate=down,
        limit_rate=DOWN_BYTES_MAX,
        ratio=DOWN_BYTES_MAX / down,
        spread=(DOWN_BYTES_MAX / down, DOWN_BYTES_MAX / down),
        floor=1.0,
        more={"with_headers": down + len(asking.head) + 4},
    )


def _with_cursor(outbox: Outbox, cursor: str) -> bytes:
    """The request that a phone sends: its outbox, and how far it has read."""
    exchange = orjson.loads(outbox.body(2, iter(("visit", "collection"))))
    return Outbox.packed_bytes(orjson.dumps({"cursor": cursor, **exchange}))
