"""Logs of the long-running parts: a line for people or, with ``json``, an object a line for machines."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from nianshen.cli.output import safe
from nianshen.unhurried import Unhurried


class LogFormat(StrEnum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


_FIELDS: Final = ("timestamp", "level", "part", "event")


Stream = TextIO | Unhurried
"""Where a logger writes."""


def logger(form: LogFormat, stream: Stream | None = None) -> FilteringBoundLogger:
    """A logger to stderr, or another stream; times are UTC. What ``bind`` was given stands on every line."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False) if form is LogFormat.JSON else _line
    return cast(
        "FilteringBoundLogger",
        structlog.wrap_logger(
            _printer(stream),
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _harmless,
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        ),
    )


@contextmanager
def unhurried(form: LogFormat) -> Iterator[Unhurried]:
    """A stream to stderr that holds up nobody who writes to it; it tells in the form of the log how much it dropped."""

    def gap(count: int) -> str:
        told = io.StringIO()
        logger(form, told).warning(
            f"日志无人读取，丢弃 {count} 行 / nobody read the log, {count} line(s) dropped", part="log", dropped=count
        )
        return told.getvalue()

    with Unhurried(sys.stderr.fileno(), gap) as stream:
        yield stream


def bind(**facts: Any) -> None:
    """Put these on every line of this process from now on."""
    structlog.contextvars.bind_contextvars(**facts)


def unbind() -> None:
    """Forget them."""
    structlog.contextvars.clear_contextvars()


def relay(line: str, lines: FilteringBoundLogger, stream: Stream | None = None, **facts: Any) -> str | None:
    """Hand a line of another process on with the facts it lacks; one that is no JSON object becomes one.

    The id of the run that it is about, if it names one.
    """
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if isinstance(document, dict) and "event" in document:
        _printer(stream).msg(json.dumps({**facts, **document}, ensure_ascii=False))
        named = document.get("run_id")
        return named if isinstance(named, str) else None
    if line.strip():
        lines.info(line, **facts)
    return None


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for logs for machines, so that its errors are told to them too."""
    after = dict(pairwise(arguments))
    return "--log=json" in arguments or after.get("--log") == LogFormat.JSON


def _printer(stream: Stream | None) -> structlog.PrintLogger:
    return structlog.PrintLogger(cast("TextIO", stream) if stream is not None else sys.stderr)


def _harmless(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Foreign text on one line, for whoever splits lines, and without what drives a terminal."""
    return {name: safe(" ".join(value.split())) if isinstance(value, str) else value for name, value in event.items()}


def _line(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    more = "".join(f" {name}={value}" for name, value in event.items() if name not in _FIELDS)
    return f"{event['timestamp']} {event['part']}: {event['event']}{more}"
