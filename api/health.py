"""Is it alive, is it ready, how is it doing? For load balancers and Prometheus."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from api.context import context
from auth.access import public
from infra.database import fetch
from infra.queue import JOBS

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", content_type="text/plain")


@blueprint.get("/readyz")
@public
def readyz() -> Response:
    """The database answers; a queue that does not costs time and no data, so it is only said."""
    said = {"database": _database_answers(), "queue": _queue_answers()}
    lines = "".join(f"{name} {'ok' if fine else 'unreachable'}\n" for name, fine in said.items())
    return Response(lines, status=200 if said["database"] else 503, content_type="text/plain")


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """Gauges of the log, the books and the queue, and this process's counters.

    Open, and served on loopback: the shipped proxy keeps it from the outside.
    """
    registry = CollectorRegistry()
    log_seq = Gauge("fieldledger_log_seq", "Entries in the log", ("ibc",), registry=registry)
    lag = Gauge("fieldledger_books_lag", "Log entries not read", ("ibc",), registry=registry)
    entries = Gauge("fieldledger_entries", "Entries in the books", ("ibc",), registry=registry)
    doubts = Gauge("fieldledger_exceptions_open", "Open", ("ibc", "kind"), registry=registry)
    uploads = Gauge("fieldledger_uploads", "Uploads of a week", ("ibc", "state"), registry=registry)
    with context().database.read() as connection:
        for row in fetch(connection, UPLOADS):
            uploads.labels(row.ibc_id, row.state).set(row.n)
        for row in fetch(connection, BOOKS):
            log_seq.labels(row.ibc_id).set(row.seq)
            lag.labels(row.ibc_id).set(row.seq - row.log_seq)
            entries.labels(row.ibc_id).set(row.entry_seq)
        for row in fetch(connection, OPEN_EXCEPTIONS):
            doubts.labels(row.ibc_id, row.kind).set(row.n)
    _queue_gauges(registry)
    return Response(generate_latest(registry) + generate_latest(), content_type=CONTENT_TYPE_LATEST)


BOOKS = (
    "SELECT l.ibc_id, l.seq, COALESCE(b.log_seq, 0) AS log_seq, "
    "COALESCE(b.entry_seq, 0) AS entry_seq "
    "FROM log_heads l LEFT JOIN books_offsets b ON b.ibc_id = l.ibc_id"
)
UPLOADS = "SELECT ibc_id, state, count(*) AS n FROM uploads GROUP BY ibc_id, state"
OPEN_EXCEPTIONS = "SELECT ibc_id, kind, count(*) AS n FROM exceptions WHERE state <> 'resolved' GROUP BY ibc_id, kind"


def _queue_gauges(registry: CollectorRegistry) -> None:
    waiting = Gauge("fieldledger_jobs_waiting", "Jobs in a queue", ("queue",), registry=registry)
    up = Gauge("fieldledger_queue_up", "Whether the queue answers", registry=registry)
    try:
        for queue in JOBS:
            waiting.labels(queue).set(context().parts.bell.waiting(queue))
        up.set(1)
    except RedisError:
        up.set(0)


def _database_answers() -> bool:
    try:
        with context().database.read() as connection:
            fetch(connection, "SELECT 1")
    except DBAPIError:
        return False
    return True


def _queue_answers() -> bool:
    try:
        context().parts.bell.waiting(next(iter(JOBS)))
    except RedisError:
        return False
    return True
