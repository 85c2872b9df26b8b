"""Planted secrets come out nowhere: not in outcomes, logs, tracebacks, the outbox, or what a dispatcher says."""

from __future__ import annotations

import logging
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from notifiers import channels, sample
from notifiers.channels import TYPES, Settings, create
from notifiers.dispatcher import Dispatcher
from notifiers.exchange import Response
from notifiers.limits import Pace
from notifiers.outbox import Delivery
from notifiers.secret import Secret
from notifiers.transport import Limits, Transport
from tests.notifiers.certificates import certificate
from tests.notifiers.mailserver import MailServer, mail_server
from tests.notifiers.making import NOW, FakeClock, FakeOutbox

PLANTED = "PLANTED"
WEBHOOK = "whsec_UExBTlRFRFBMQU5URURQTEFOVEVEUExBTlRFRA=="  # base64 of PLANTED, four times
TOKENS = {
    "webhook": "/hook/PLANTED-webhook?key=PLANTED-query",
    "feishu": "/open-apis/bot/v2/hook/PLANTED-feishu",
    "dingtalk": "/robot/send?access_token=PLANTED-dingtalk",
    "wecom": "/cgi-bin/webhook/send?key=PLANTED-wecom",
    "slack": "/services/T0/B0/PLANTED-slack",
    "teams": "/workflows/1?sig=PLANTED%2Fteams%2Bsig",
    "apprise": "/PLANTED-apprise",
    "email": "",
}


def planted(kind: str, host: str, scheme: str) -> channels.Channel:
    secrets: dict[str, tuple[Secret, ...]] = {
        "webhook": (Secret(WEBHOOK), Secret(WEBHOOK)),
        "feishu": (Secret("PLANTED-feishu-secret"),),
        "dingtalk": (Secret("SEC-PLANTED-dingtalk-secret"),),
        "email": (Secret("PLANTED-mail-password"),),
    }
    schemes = {"email": {"http": "smtp", "https": "smtps"}, "apprise": {"http": "json", "https": "jsons"}}
    url = Secret(f"{schemes.get(kind, {}).get(scheme, scheme)}://{host}{TOKENS[kind]}")
    plain = Settings(url, secrets.get(kind, ()))
    if kind == "email":
        plain = replace(plain, username="audit", sender="a@b.example", recipients=("c@d.example",))
    return create(kind, plain)


@contextmanager
def echoing(status: bytes) -> Iterator[int]:
    """A server that says back whatever it is told, in the body, in a header and in a header that is none."""
    ending = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while not ending.is_set():
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(2)
                    try:
                        told = client.recv(65536)
                        head = (
                            b"HTTP/1.1 " + status + b"\r\nX-Path: " + told.splitlines()[0] + b"\r\n broken\r\n: x\r\n"
                        )
                        client.sendall(head + b"Connection: close\r\n\r\n" + told)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ending.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def run(channel: channels.Channel, transport: Transport, log: pytest.LogCaptureFixture) -> str:
    """Everything that can be seen of one attempt."""
    message = sample.message(NOW, "ops")
    delivery = Delivery(message.message_id, "ops", message.body, 0, NOW)
    outbox = FakeOutbox([delivery])
    log.clear()
    with log.at_level(logging.DEBUG):
        Dispatcher(outbox, {"ops": channel}, transport, FakeClock(), Random(1), paces={"ops": Pace(600)}).run_once()
        try:
            raise RuntimeError(channel.build(delivery, NOW))
        except RuntimeError as error:
            shown = traceback.TracebackException.from_exception(error, capture_locals=True).format()
            seen = "".join(shown)
        answer: Any = transport.send("ops", channel.build(delivery, NOW))
    transport.close()
    if not isinstance(answer, Response):
        seen += repr(answer)
    return seen + repr(outbox.rows) + repr(vars(channel)) + log.text + "".join(map(str, log.records))


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"email", "apprise"}))
@pytest.mark.parametrize(
    "trouble", ["200 OK", "400 Bad", "404 Gone", "500 Oops", "302 Found", "closed", "tls", "dns", "refused"]
)
def test_no_trouble_shows_a_secret(kind: str, trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    def unknown(host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, f"https://{host}{TOKENS[kind]}")

    with echoing(trouble.encode()) as port:
        closed = 9 if trouble == "closed" else port
        scheme = "https" if trouble in {"tls", "dns"} else "http"
        line = Transport(
            {"ops": [] if trouble == "refused" else ["127.0.0.0/8"]},
            lambda: NOW,
            resolver=unknown if trouble == "dns" else lambda _host, _port: ["127.0.0.1"],
            limits=Limits(1, 1, 3),
        )
        seen = run(planted(kind, f"127.0.0.1:{closed}", scheme), line, caplog)

    assert seen
    assert PLANTED not in seen
    assert WEBHOOK.removeprefix("whsec_") not in seen


@pytest.mark.parametrize("trouble", ["ok", "closed", "login"])
def test_no_trouble_with_mail_shows_the_password(
    tmp_path: Path, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    context, bundle, _ = certificate(tmp_path, "mail.example")
    login = ("audit", "PLANTED-mail-password" if trouble == "ok" else "another")
    with mail_server(MailServer(context, login=login)) as mail:
        line = Transport(
            {"ops": ["127.0.0.0/8"]},
            lambda: NOW,
            resolver=lambda _host, _port: ["127.0.0.1"],
            limits=Limits(1, 1, 3),
            ca_bundles={"ops": str(bundle)},
        )
        port = 9 if trouble == "closed" else mail.port
        seen = run(planted("email", f"mail.example:{port}", "https"), line, caplog)

    assert PLANTED not in seen


@pytest.mark.parametrize("trouble", ["200 OK", "404 Gone", "refused"])
def test_no_trouble_with_apprise_shows_the_address(trouble: str, caplog: pytest.LogCaptureFixture) -> None:
    with echoing(trouble.encode()) as port:
        line = Transport({"ops": [] if trouble == "refused" else ["127.0.0.0/8"]}, lambda: NOW)
        seen = run(planted("apprise", f"127.0.0.1:{port}", "http"), line, caplog)

    assert PLANTED not in seen


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_channel_is_not_written_to_a_file_by_mistake(kind: str) -> None:
    with pytest.raises(TypeError):
        pickle.dumps(planted(kind, "h.example", "https").secrets)
