"""The event stream of RxDB: it tells nothing but that there is something to pull, by ending.

rxdb-server's client pulls whenever its stream opens, and 15.22 crashes on the word RESYNC. So a
stream says nothing, ends as soon as the reader's scopes have moved, and is opened again. It occupies a
thread: a quarter of them may be lent to streams, each for STREAM_SECONDS_MAX; whoever comes when
all are lent is answered 503 and asks again.
"""

from collections.abc import Iterator

from flask import Response

from api.lending import Lending
from infra.clock import monotonic, pause
from infra.database import Database
from infra.tenancy import within
from sync.foreign_feed import look
from sync.pull import Reader

STREAM_SECONDS_MAX = 25.0
LOOK_SECONDS = 1.0
RETRY_MS = 2_000
THREADS_FOR_ONE = 4
"""One thread in so many may be lent to a stream."""


class StreamsBusy(Exception):
    """All threads that may listen are listening; pull on your own clock."""


LENDING = Lending(StreamsBusy)


def stream_of_hints(database: Database, reader: Reader, web_threads: int) -> Response:
    """A stream that ends when there is news. Errors: StreamsBusy."""
    LENDING.take(web_threads // THREADS_FOR_ONE)
    response = Response(_until_news(database, reader), content_type="text/event-stream")
    # Also when the client left before the first line, where a generator's own end is never run.
    response.call_on_close(LENDING.give_back)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _until_news(database: Database, reader: Reader) -> Iterator[str]:
    until = monotonic() + STREAM_SECONDS_MAX
    known = _state(database, reader)
    yield f"retry: {RETRY_MS}\n\n"
    while monotonic() < until:
        pause(LOOK_SECONDS)
        if _state(database, reader) != known:
            return
        # A comment: keeps proxies from closing, and lets us notice a client that has left.
        yield ": nothing new\n\n"


def _state(database: Database, reader: Reader) -> object:
    """What moves whenever the reader has something to pull."""
    # The request that asked has ended: it no longer says for whom.
    with within(reader.ibc_id), database.read() as connection:
        sight = look(connection, reader)
    return sight.epoch, sorted(sight.views)
