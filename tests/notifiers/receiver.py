"""A webhook receiver on loopback for tests: checks signatures, keeps what it got, answers as scripted."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from notifiers.secret import Secret
from notifiers.sign import SignatureError, verify

SECRET = "whsec_b3ZlcnNpZ2h0LW9mZmljZS1kZW1vLWtleS0zMmJ5dGU="


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says. ``hang`` waits until the receiver closes, ``cut`` drops the connection unanswered."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. ``problem`` is the code of a signature that did not hold, None for a good one."""

    message_id: str | None
    path: str
    headers: Mapping[str, str]
    body: bytes
    problem: str | None

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Receiver:
    """Use as a context manager: ``with Receiver() as receiver: ... receiver.url ... receiver.received``.

    ``answers`` are given in turn; after the last one everything with a good signature gets 204, all else 401.
    """

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        *,
        secrets: Iterable[str] = (SECRET,),
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.received: list[Received] = []
        self._answers = list(answers)
        self._secrets = [Secret(secret) for secret in secrets]
        self._now = now
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        """The port the system gave."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address of the hook."""
        return f"{self._scheme}://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str | None]:
        """The message ids in the order of arrival, repeats included."""
        return [one.message_id for one in self.received]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, received: Received) -> Answer:
        """Note a request and take the next answer."""
        with self._lock:
            self.received.append(received)
            if self._answers:
                return self._answers.pop(0)
        return Answer(204 if received.problem is None else 401)

    def check(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The code of what is wrong with the signature, None if nothing is."""
        try:
            verify(headers, body, self._secrets, self._now())
        except SignatureError as error:
            return error.code
        return None

    def wait_for_close(self) -> None:
        """Block a hanging answer until the receiver closes."""
        self._closing.wait(30)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:  # the sender died in the middle of it: no receiver would call this a message
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                problem = receiver.check(headers, body)
                answer = receiver.answer(Received(headers.get("webhook-id"), self.path, headers, body, problem))
                if answer.hang:
                    receiver.wait_for_close()
                if answer.hang or answer.cut:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.status != 204:
                    self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
                """Say nothing: tests read ``received``."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""
