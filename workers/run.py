"""`python -m workers.run books`: one worker process for one queue (two queues lose jobs: RQ 3.0)."""

import sys

import structlog
from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer

import workers.attachments
import workers.books
import workers.snapshots
import workers.statements  # noqa: F401  # loaded once here: each job runs in a fork of this process
from infra.queue import JOBS
from workers.context import bell, settings

log = structlog.get_logger()


def main(queue: str) -> int:
    """Work until told to stop; refuses a Redis that would drop jobs without a word."""
    if queue not in JOBS:
        raise SystemExit(f"{queue!r} is not a queue; known are {', '.join(sorted(JOBS))}")
    policy = bell().policy()
    if policy != "noeviction":
        raise SystemExit(
            f"Redis drops jobs when full: maxmemory-policy is {policy}, not noeviction"
        )
    # The worker's own connection waits for jobs as long as it likes; only the bell is hasty.
    connection = Redis.from_url(settings().redis_url)
    worker = Worker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        work_horse_killed_handler=_horse_killed,
    )
    worker.log_result_lifespan = False
    worker.work(logging_level=settings().log_level)
    return 0


def _horse_killed(job: object, _pid: int, status: int, _usage: object) -> None:
    log.error("work_horse_killed", job=str(job), status=status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
