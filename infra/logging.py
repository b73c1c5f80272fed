"""One JSON line for each event, without secrets or personal data."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAMES = re.compile(
    r"password|pin$|token|secret|authorization|code$|cnic|phone", re.IGNORECASE
)
PERSONAL = re.compile(r"\d{5}-?\d{7}-?\d|(?:\+92|\b0)3\d{9}")
"""CNIC and mobile numbers of Pakistan."""
HIDDEN = "[hidden]"


def configure_logging(level: str) -> None:
    """Send every log of the process, ours and the libraries', through one pipe as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)


def hide_secrets(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide what must not stand in a log: by the field's name, and by what it looks like."""
    for name, value in event.items():
        if SECRET_NAMES.search(name) and value is not None and name != "code":
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = PERSONAL.sub(HIDDEN, value)
    return event
