"""apprise in its own process: what it may reach, and what its word is worth."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest

from notifiers import sample
from notifiers.channels import Settings, create
from notifiers.exchange import FaultKind, Response, TransportFault
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Outcome, Retry
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from tests.notifiers.making import NOW
from tests.notifiers.receiver import Answer, Receiver

LOOPBACK = ("127.0.0.0/8",)


def send(url: str, allow: Sequence[str] = LOOPBACK) -> Outcome | TransportFault:
    channel = create("apprise", Settings(Secret(url), site="示例市政务公开监测"))
    message = sample.message(NOW, "ops")
    line = Transport({"ops": allow}, lambda: NOW, limits=Limits(total=20))
    answer = line.send("ops", channel.build(Delivery(message.message_id, "ops", message.body, 0, NOW), NOW))
    line.close()
    return channel.classify(answer) if isinstance(answer, Response) else answer


def test_what_apprise_calls_sent_is_accepted_and_no_more() -> None:
    with Receiver([Answer(200, body=b'{"errcode":93000}')]) as receiver:
        outcome = send(f"json://127.0.0.1:{receiver.port}/T0PS3CRET")

    assert isinstance(outcome, Accepted)
    assert "疑似：12 + 1 ≠ 11 + 1" in receiver.received[0].document["message"]


def test_what_apprise_calls_failed_is_tried_again() -> None:
    with Receiver([Answer(503)]) as receiver:
        assert isinstance(send(f"json://127.0.0.1:{receiver.port}/"), Retry)


def test_no_byte_goes_to_a_private_address_that_is_not_allowed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        outcomes = [send(f"json://{host}:{port}/", ()) for host in ("127.0.0.1", "localhost", "2130706433")]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()

    assert [outcome.kind for outcome in outcomes if isinstance(outcome, TransportFault)] == [FaultKind.REFUSED] * 3


def test_neither_a_redirect_nor_a_proxy_variable_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as other, Receiver([Answer(307, {"location": other.url})]) as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
        outcome = send(f"json://127.0.0.1:{receiver.port}/")

    assert isinstance(outcome, Retry)
    assert other.received == []
    assert len(receiver.received) == 1


def test_an_address_apprise_does_not_know_is_refused() -> None:
    outcome = send("nosuchservice://T0PS3CRET")

    assert isinstance(outcome, TransportFault)
    assert outcome.kind is FaultKind.REFUSED
    assert "S3CRET" not in repr(outcome)
