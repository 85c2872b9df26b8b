"""How the watching process fares, for machines: ``/healthz``, ``/readyz`` and ``/metrics`` on a loopback address.

Metrics are read out of the store when asked, so that every process tells the same. Labels are ids of the configuration:
no name of an organisation, no address of a receiver.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from nianshen.errors import StorageError
from nianshen.schedule import Watcher
from nianshen.store import Store


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
            metrics = [*self._outbox(), *self._channels(), *self._jobs()]
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
        for channel, state in self._store.outbox.channels().items():
            failures.add_metric([channel], state.failures)
            breaker.add_metric([channel], state.open)
        return iter((failures, breaker))

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
def answering(host: str, port: int, metrics: Collector, problems: Callable[[], Sequence[str]]) -> Iterator[int]:
    """Answer on that address until the block ends; gives the port. Raises OSError if the address is taken."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    server = _Server((host, port), _handler(registry, problems))
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


def _handler(registry: CollectorRegistry, problems: Callable[[], Sequence[str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(HTTPStatus.OK, "text/plain; charset=utf-8", b"ok\n")
            elif self.path == "/readyz":
                found = list(problems())
                body = json.dumps({"ready": not found, "problems": found}, ensure_ascii=False).encode()
                status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
                self._answer(status, "application/json; charset=utf-8", body + b"\n")
            elif self.path == "/metrics":
                self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"")

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing: whoever asks every ten seconds is no event."""

    return Handler


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))
