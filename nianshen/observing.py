"""How the watching process fares, for machines: ``/healthz``, ``/readyz`` and ``/metrics`` on a loopback address.

The links by which people acknowledge alerts are answered here too, below ``/ack/``.

Metrics are read out of the store when asked, so that every process tells the same. Labels are ids of the configuration:
no name of an organisation, no address of a receiver.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from nianshen.acknowledging.desk import MOST_BYTES, Answer, Desk
from nianshen.errors import StorageError
from nianshen.schedule import Watcher
from nianshen.store import Store
from nianshen.store.channels import BOUNDS
from notifiers.acklink import PATH

_TEXT: Final = "text/plain; charset=utf-8"


class StoreMetrics(Collector):
    """What the store knows: messages, channels, jobs; ``nianshen_store_up`` alone if it cannot be asked."""

    def __init__(self, store: Store, watcher: Watcher, problems: Callable[[], Sequence[str]]) -> None:
        self._store = store
        self._watcher = watcher
        self._problems = problems

    def collect(self) -> Iterator[Metric]:
        """The metrics at this moment."""
        yield _gauge("nianshen_watch_leads", "Whether this process runs the jobs", self._watcher.leads)
        yield _gauge("nianshen_watch_problems", "Reasons why the process is not ready", len(self._problems()))
        try:
            metrics = [*self._outbox(), *self._channels(), *self._attempts(), *self._jobs()]
        except StorageError:
            yield _gauge("nianshen_store_up", "Whether the store answers", False)
            return
        yield _gauge("nianshen_store_up", "Whether the store answers", True)
        yield from metrics

    def _outbox(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        messages = GaugeMetricFamily("nianshen_outbox_messages", "Messages by state", labels=["channel", "state"])
        oldest = GaugeMetricFamily(
            "nianshen_outbox_oldest_seconds", "For how long the oldest message has been due", labels=["channel"]
        )
        for (channel, state), count in self._store.outbox.counts().items():
            messages.add_metric([channel, state], count)
        for channel, since in self._store.outbox.due_since(now).items():
            oldest.add_metric([channel], (now - since).total_seconds())
        return iter((messages, oldest))

    def _channels(self) -> Iterator[Metric]:
        failures = GaugeMetricFamily("nianshen_channel_failures", "Failures in a row", labels=["channel"])
        breaker = GaugeMetricFamily("nianshen_channel_open", "Whether its breaker is open", labels=["channel"])
        given_up = GaugeMetricFamily("nianshen_channel_disabled", "Whether it is given up", labels=["channel"])
        for channel, state in self._store.channels.states().items():
            failures.add_metric([channel], state.failures)
            breaker.add_metric([channel], state.open)
            given_up.add_metric([channel], state.disabled_at is not None)
        return iter((failures, breaker, given_up))

    def _attempts(self) -> Iterator[Metric]:
        """Counted in the store, so that what ``run`` and other watchers sent is among them."""
        attempts = CounterMetricFamily(
            "nianshen_delivery_attempts", "Attempts by how they ended", labels=["channel", "outcome"]
        )
        seconds = HistogramMetricFamily("nianshen_delivery_seconds", "How long an attempt took", labels=["channel"])
        counts = self._store.channels.attempts()
        ended: Counter[tuple[str, str]] = Counter()
        for one in counts:
            ended[one.channel, one.outcome] += one.count
        for (channel, outcome), count in ended.items():
            attempts.add_metric([channel, outcome], count)
        for channel in dict.fromkeys(one.channel for one in counts):
            own = [one for one in counts if one.channel == channel]
            reached = [sum(one.count for one in own if one.within <= bound) for bound in BOUNDS]
            buckets = [
                ("+Inf" if bound == inf else str(bound), count) for bound, count in zip(BOUNDS, reached, strict=True)
            ]
            seconds.add_metric([channel], buckets, sum(one.seconds for one in own))
        return iter((attempts, seconds))

    def _jobs(self) -> Iterator[Metric]:
        slots = GaugeMetricFamily("nianshen_job_slots", "Slots by state", labels=["job", "state"])
        success = GaugeMetricFamily(
            "nianshen_job_last_success_timestamp_seconds", "When the job last ended well", labels=["job"]
        )
        for (job, state), count in self._store.jobs.counts().items():
            slots.add_metric([job, state], count)
        for job, at in self._store.jobs.last_done().items():
            success.add_metric([job], at.timestamp())
        return iter((slots, success))


@contextmanager
def answering(
    host: str,
    port: int,
    metrics: Collector,
    problems: Callable[[], Sequence[str]],
    desk: Desk | None = None,
    complain: Callable[[str], None] = lambda _: None,
) -> Iterator[int]:
    """Answer on that address until the block ends; gives the port. Raises OSError if the address is taken.

    Without a ``desk`` no link is answered. ``complain`` hears of answers that failed.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    server = _Server((host, port), registry, problems, desk, complain)
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="observing", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        problems: Callable[[], Sequence[str]],
        desk: Desk | None,
        complain: Callable[[str], None],
    ) -> None:
        self.registry = registry
        self.problems = problems
        self.desk = desk
        self._complain = complain
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - as the base class has it
        """Name a bug without what it was about: that may be a link. Whoever hangs up early is no event."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            place = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__} ({Path(place.filename).name}:{place.lineno})"
            self._complain(f"应答时内部错误 / internal error while answering: {said}")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10
    server_version, sys_version = "nianshen", ""

    def do_GET(self) -> None:
        if self.server.desk is not None and (token := self._token()) is not None:
            self._give(self.server.desk.show(token))
        elif self.path == "/healthz":
            self._answer(HTTPStatus.OK, _TEXT, b"ok\n")
        elif self.path == "/readyz":
            found = list(self.server.problems())
            body = json.dumps({"ready": not found, "problems": found}, ensure_ascii=False).encode()
            status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
            self._answer(status, "application/json; charset=utf-8", body + b"\n")
        elif self.path == "/metrics":
            self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(self.server.registry))
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        desk, token = self.server.desk, self._token()
        length = self.headers.get("Content-Length", "")
        if desk is None or token is None:
            self._answer(HTTPStatus.NOT_FOUND)
        elif not length.isdecimal():
            self._answer(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._give(desk.take(token, self.rfile.read(int(length))))

    def _token(self) -> str | None:
        """What stands behind ``/ack/``; what programs add to a link behind ``?`` is not part of it."""
        path = self.path.partition("?")[0]
        return path.removeprefix(PATH) if path.startswith(PATH) else None

    def _give(self, answer: Answer) -> None:
        self._send(answer.status, answer.headers, answer.body)

    def _answer(self, status: HTTPStatus, kind: str = _TEXT, body: bytes = b"") -> None:
        self._send(status, {"Content-Type": kind}, body)

    def _send(self, status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: whoever asks every ten seconds is no event, and a path may be a link that acts."""


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
