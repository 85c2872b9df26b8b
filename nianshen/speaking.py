"""Logs of the long-running parts: a line for people or, with ``json``, an object a line for machines."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


_FIELDS: Final = ("timestamp", "level", "part", "event")


def logger(form: LogFormat) -> FilteringBoundLogger:
    """A logger to stderr; times are UTC."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if form is LogFormat.JSON else _line
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    return cast(
        "FilteringBoundLogger",
        structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[structlog.processors.add_log_level, stamp, renderer],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        ),
    )


def _line(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    more = "".join(f" {name}={value}" for name, value in event.items() if name not in _FIELDS)
    return f"{event['timestamp']} {event['part']}: {event['event']}{more}"
