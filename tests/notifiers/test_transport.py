"""The network, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifiers.address import AllowListError
from notifiers.channels.settings import Settings
from notifiers.channels.webhook import Webhook
from notifiers.exchange import FaultKind, Request, Response, TransportFault
from notifiers.lines.http import BODY_LIMIT
from notifiers.secret import Secret
from notifiers.transport import Limits, Resolver, Transport, resolve
from tests.notifiers.certificates import certificate
from tests.notifiers.making import NOW, delivery
from tests.notifiers.receiver import SECRET, Answer, Receiver

LOOPBACK = ["127.0.0.0/8", "::1/128"]
QUICK = Limits(connect=0.5, read=0.2, total=2)


def transport(
    allow: list[str] | None = None,
    *,
    resolver: Resolver = resolve,
    limits: Limits = QUICK,
    ca_bundle: str | None = None,
) -> Transport:
    allowed = LOOPBACK if allow is None else allow
    trusted = {} if ca_bundle is None else {"ops": ca_bundle}
    return Transport({"ops": allowed}, lambda: NOW, resolver=resolver, limits=limits, ca_bundles=trusted)


def post(url: str, line: Transport) -> Response | TransportFault:
    request = Webhook(Settings(Secret(url), (Secret(SECRET),))).build(delivery(), datetime.now(UTC))
    try:
        return line.send("ops", request)
    finally:
        line.close()


def fault(answer: Response | TransportFault) -> FaultKind:
    assert isinstance(answer, TransportFault)
    return answer.kind


def response(answer: Response | TransportFault) -> Response:
    assert isinstance(answer, Response)
    return answer


@contextmanager
def raw_server(reply: bytes, *, drip: bool = False) -> Iterator[str]:
    """A server that says ``reply`` to one client, slowly if asked, and then waits for it to hang up."""
    closing = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                try:
                    for piece in (reply[n : n + 1] for n in range(len(reply))) if drip else (reply,):
                        client.sendall(piece)
                        if drip and closing.wait(0.05):
                            return
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        closing.set()
        thread.join(5)


def test_an_allowed_loopback_receiver_gets_a_signed_message() -> None:
    with Receiver() as receiver:
        answer = response(post(receiver.url, transport()))

    [received] = receiver.received
    assert answer.status == 204
    assert answer.received == NOW
    assert received.problem is None
    assert received.body == delivery().body
    assert received.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert received.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "0",
        "127.0.0.1.",
    ],
)
def test_no_spelling_of_loopback_passes_unless_allowed(host: str) -> None:
    with Receiver() as receiver:
        answer = post(f"http://{host}:{receiver.port}/hook", transport([]))

    assert fault(answer) in {FaultKind.REFUSED, FaultKind.DNS}
    assert receiver.received == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["1.1.1.1", "127.0.0.1"],
        ["127.0.0.1", "2606:4700:4700::1111"],
        ["169.254.169.254"],
        ["::ffff:7f00:1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%lo"],
    ],
)
def test_one_private_address_among_the_answers_is_enough_to_refuse(addresses: list[str]) -> None:
    answer = post("https://hooks.example/", transport([], resolver=lambda _host, _port: addresses))

    assert fault(answer) is FaultKind.REFUSED


def test_a_name_that_changes_its_address_is_looked_up_once_and_judged_by_that() -> None:
    answers = iter([["10.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with Receiver() as receiver:
        answer = post(f"http://rebind.example:{receiver.port}/", transport(resolver=rebinding))

    assert fault(answer) is FaultKind.REFUSED
    assert asked == ["rebind.example"]
    assert receiver.received == []


def test_the_vetted_address_is_connected_to_and_the_host_header_keeps_the_name() -> None:
    with Receiver() as receiver:
        url = f"http://hook.example:{receiver.port}/hook"
        answer = response(post(url, transport(resolver=lambda _host, _port: ["127.0.0.1"])))

    assert answer.status == 204
    assert receiver.received[0].headers["host"] == f"hook.example:{receiver.port}"


def test_the_next_address_is_tried_when_the_first_is_closed() -> None:
    with Receiver() as receiver:
        url = f"http://hook.example:{receiver.port}/hook"
        answer = post(url, transport(resolver=lambda _host, _port: ["127.0.0.9", "127.0.0.1"]))

    assert response(answer).status == 204


def test_plain_http_to_a_public_address_is_refused() -> None:
    answer = post("http://hooks.example/", transport(resolver=lambda _host, _port: ["1.1.1.1"]))

    assert fault(answer) is FaultKind.REFUSED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with Receiver() as target, Receiver([Answer(status, {"location": target.url})]) as receiver:
        answer = response(post(receiver.url, transport()))

    assert answer.status == status
    assert target.received == []


def test_proxy_variables_and_netrc_do_not_go_round_the_guard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = response(post(receiver.url, transport()))

    assert answer.status == 204
    assert proxy.received == []
    assert "authorization" not in receiver.received[0].headers


def test_cookies_are_not_kept() -> None:
    with Receiver([Answer(200, {"set-cookie": "a=b; Path=/"})] * 2) as receiver:
        line = transport()
        request = Webhook(Settings(Secret(receiver.url), (Secret(SECRET),))).build(delivery(), datetime.now(UTC))
        line.send("ops", request)
        line.send("ops", request)
        line.close()

    assert ["cookie" in one.headers for one in receiver.received] == [False, False]


def test_a_long_answer_is_cut_at_the_limit() -> None:
    with Receiver([Answer(200, body=b"x" * (BODY_LIMIT + 5000))]) as receiver:
        answer = response(post(receiver.url, transport()))

    assert len(answer.body) == BODY_LIMIT


def test_a_closed_port_is_a_connection_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert fault(post(f"http://127.0.0.1:{port}/", transport())) is FaultKind.CONNECT


def test_a_receiver_that_never_answers_times_out() -> None:
    with Receiver([Answer(hang=True)]) as receiver:
        assert fault(post(receiver.url, transport())) is FaultKind.TIMEOUT


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200,
        b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"a" * 200,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 200,
    ],
)
def test_an_answer_that_drips_is_broken_off_at_the_total(reply: bytes) -> None:
    limits = Limits(connect=0.5, read=0.5, total=0.3)
    with raw_server(reply, drip=True) as url:
        assert fault(post(url, transport(limits=limits))) is FaultKind.TIMEOUT


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc OK\r\n\r\n"])
def test_an_answer_that_is_none_is_a_fault(reply: bytes) -> None:
    with raw_server(reply) as url:
        assert fault(post(url, transport())) is FaultKind.TRUNCATED


def test_a_body_that_breaks_off_after_its_status_is_a_fault() -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf") as url:
        assert fault(post(url, transport())) is FaultKind.TRUNCATED


@pytest.mark.parametrize(
    "url", ["https://user:pw@127.0.0.1/", "ftp://127.0.0.1/", "https:///x", "https://[::1/", "nonsense"]
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    line = transport()

    assert fault(line.send("ops", Request(Secret(url), {}, b""))) is FaultKind.REFUSED


def test_a_name_without_an_address_is_a_dns_fault() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert fault(post("https://nowhere.example/", transport(resolver=unknown))) is FaultKind.DNS
    assert fault(post("https://nowhere.example/", transport(resolver=lambda _h, _p: []))) is FaultKind.DNS


def test_a_range_too_wide_stops_the_start() -> None:
    with pytest.raises(AllowListError):
        transport(["0.0.0.0/0"])


def test_https_reaches_a_vetted_address_under_its_own_name(tmp_path: Path) -> None:
    context, bundle, names = certificate(tmp_path, "hook.example")
    with Receiver(tls=context) as receiver:
        url = f"https://hook.example:{receiver.port}/hook"
        answer = post(url, transport(resolver=lambda _h, _p: ["127.0.0.1"], ca_bundle=str(bundle)))

    assert response(answer).status == 204
    assert names == ["hook.example"]
    assert receiver.received[0].problem is None


@pytest.mark.parametrize(("host", "trusted"), [("other.example", True), ("hook.example", False)])
def test_a_certificate_of_another_name_or_issuer_is_a_tls_fault(tmp_path: Path, host: str, trusted: bool) -> None:
    context, bundle, _ = certificate(tmp_path, "hook.example")
    with Receiver(tls=context) as receiver:
        line = transport(resolver=lambda _h, _p: ["127.0.0.1"], ca_bundle=str(bundle) if trusted else None)
        answer = post(f"https://{host}:{receiver.port}/hook", line)

    assert fault(answer) is FaultKind.TLS
    assert receiver.received == []


def test_no_fault_shows_the_address_or_the_secret() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "https://hooks.example/T0PS3CRET")

    with Receiver([Answer(hang=True), Answer(cut=True), Answer(404, body=b"T0PS3CRET")]) as receiver:
        path = "/services/T0PS3CRET?key=T0PS3CRET"
        answers = [
            post(f"http://127.0.0.1:{receiver.port}{path}", transport()),
            post(f"http://127.0.0.1:{receiver.port}{path}", transport()),
            post(f"https://127.0.0.1:{receiver.port}{path}", transport()),
            post(f"http://127.0.0.1:{receiver.port}{path}", transport([])),
            post(f"https://hooks.example{path}", transport(resolver=unknown)),
        ]

    assert [fault(answer) for answer in answers] == [
        FaultKind.TIMEOUT,
        FaultKind.TRUNCATED,
        FaultKind.TLS,
        FaultKind.REFUSED,
        FaultKind.DNS,
    ]
    assert "S3CRET" not in repr(answers)
    assert "whsec" not in repr(answers)
