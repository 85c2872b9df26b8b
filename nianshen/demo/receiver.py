"""A webhook receiver on loopback that trusts nothing but the signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from nianshen.demo.loopback import Loopback
from notifiers.secret import Secret
from notifiers.sign import SignatureError, verify

_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it arrived. ``problem`` is why it was refused; None if the signature is valid."""

    message_id: str
    body: dict[str, Any]
    problem: str | None = None

    @property
    def alerts(self) -> list[dict[str, Any]]:
        alerts: list[dict[str, Any]] = self.body.get("data", {}).get("alerts", [])
        return alerts


class Receiver(Loopback):
    """Answers 204 to messages signed with ``secret``, 401 to others; keeps both. ``clock`` gives real aware time."""

    def __init__(self, secret: Secret, clock: Callable[[], datetime], host: str = "127.0.0.1", port: int = 0) -> None:
        self._secret = secret
        self._clock = clock
        self.messages: list[Received] = []
        super().__init__(_handler(self), host, port)

    @property
    def url(self) -> str:
        return f"{super().url}/hook"

    @property
    def valid(self) -> list[Received]:
        return [message for message in self.messages if message.problem is None]

    def receive(self, headers: dict[str, str], data: bytes) -> HTTPStatus:
        """Check and keep one message; the status to answer with."""
        try:
            message_id, problem = verify(headers, data, [self._secret], self._clock()), None
        except SignatureError as error:
            message_id, problem = headers.get("webhook-id", ""), error.code
        try:
            body = json.loads(data)
        except ValueError:
            body, problem = {}, problem or "not_json"
        self.messages.append(Received(message_id, body if isinstance(body, dict) else {}, problem))
        return HTTPStatus.UNAUTHORIZED if problem else HTTPStatus.NO_CONTENT


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > _MOST_BYTES:
                self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            self._answer(receiver.receive(dict(self.headers.items()), self.rfile.read(int(length))))

        def _answer(self, status: HTTPStatus) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Stay silent: messages are kept."""

    return Handler
