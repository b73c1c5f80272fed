"""The parts of a worker process, made when they are first needed."""

from functools import cache

from infra.clock import now_ms as now
from infra.database import Database
from infra.logging import configure_logging
from infra.queue import Bell
from infra.settings import Settings, from_environment

__all__ = ["bell", "database", "now", "settings"]


@cache
def settings() -> Settings:
    found = from_environment()
    configure_logging(found.log_level)
    return found


@cache
def database() -> Database:
    return Database(settings().database_url, role=settings().database_role)


@cache
def bell() -> Bell:
    return Bell(settings().redis_url)
