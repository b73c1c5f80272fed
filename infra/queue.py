"""The doorbell: tells a worker that there is something to do. Losing a ring costs time, never data."""

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from infra.clock import monotonic

SOCKET_TIMEOUT_SECONDS = 0.5
"""A slow Redis may not make a phone wait: the clock rings again."""
REST_SECONDS = 5.0
"""After a failure nobody tries to ring for so long."""
BELL_LIFE_SECONDS = 10
"""A bell that was rung and not answered may be rung again after this."""
JOB_TIMEOUT_SECONDS = 120
LONG_JOBS = {"statements": 3_600}
"""Queue → seconds that its job may take, where that is more: a bank's year is one file."""
JOBS = {
    "attachments": "workers.attachments.clean_uploads",
    "books": "workers.books.post_books",
    "snapshots": "workers.snapshots.renew_snapshots",
    "statements": "workers.statements.reconcile",
}
"""Queue → what its job runs; a queue has one worker process or more, a worker one queue."""

log = structlog.get_logger()


def connect(url: str) -> Redis:
    """A connection that gives up quickly."""
    return Redis.from_url(
        url,
        socket_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
    )


class Bell:
    """Rings for one IBC's work; many rings before the worker comes are one job."""

    def __init__(self, url: str) -> None:
        self._redis = connect(url)
        self._rest_until = 0.0

    def ring(self, queue: str, ibc_id: str) -> bool:
        """Ring, unless somebody has; False when Redis could not be reached."""
        if monotonic() < self._rest_until:
            return False
        try:
            if self._redis.set(_pending(queue, ibc_id), 1, nx=True, ex=BELL_LIFE_SECONDS):
                Queue(queue, connection=self._redis, serializer=JSONSerializer).enqueue_call(
                    JOBS[queue],
                    args=(ibc_id,),
                    timeout=LONG_JOBS.get(queue, JOB_TIMEOUT_SECONDS),
                    result_ttl=0,
                )
        except RedisError as error:
            self._rest_until = monotonic() + REST_SECONDS
            log.warning("bell_not_rung", queue=queue, ibc_id=ibc_id, error=repr(error))
            return False
        return True

    def answered(self, queue: str, ibc_id: str) -> None:
        """The worker has come; what is rung from now on is a new job."""
        try:
            self._redis.delete(_pending(queue, ibc_id))
        except RedisError as error:
            log.warning("bell_not_answered", queue=queue, ibc_id=ibc_id, error=repr(error))

    def waiting(self, queue: str) -> int:
        """How many jobs wait. Errors: RedisError."""
        return Queue(queue, connection=self._redis, serializer=JSONSerializer).count

    def policy(self) -> str:
        """What Redis does when it is full; anything but `noeviction` loses jobs without a word."""
        return str(self._redis.config_get("maxmemory-policy")["maxmemory-policy"])


def _pending(queue: str, ibc_id: str) -> str:
    return f"fieldledger:bell:{queue}:{ibc_id}"
