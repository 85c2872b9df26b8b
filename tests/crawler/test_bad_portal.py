"""A portal that does everything wrong: whatever it answers, no report is made up and none is called absent."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crawler.evidence import verify
from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

FIN, EDU = "示例市财政局", "示例市教育局"
LIST = listing(row(f"{FIN}2025年政府信息公开年度报告", "r.html")).encode()
PAGE = REPORT.format(title=f"{FIN}2025年政府信息公开年度报告", extra="").encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
Talk = Callable[[socket.socket], None]


@dataclass
class Raw:
    """A host whose bytes are all written by the test; a path that nobody prepared is a 404."""

    port: int = 0
    answers: dict[str, bytes | Talk] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, path: str = "/nb/", host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def talk(self, peer: socket.socket) -> None:
        with suppress(OSError), peer:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = peer.recv(65536)
                if not piece:
                    return
                head += piece
            path = head.split(b" ", 2)[1].decode()
            self.asked.append(path)
            answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            if callable(answer):
                answer(peer)
            else:
                peer.sendall(answer)


@contextmanager
def raw(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Raw]:
    site = Raw()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family, backlog=20) as listener:
        site.port = listener.getsockname()[1]

        def accept() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=greet, args=(peer,), daemon=True).start()

        def greet(peer: socket.socket) -> None:
            with suppress(OSError):
                site.talk(tls.wrap_socket(peer, server_side=True) if tls else peer)

        threading.Thread(target=accept, daemon=True).start()
        yield site
        listener.shutdown(socket.SHUT_RDWR)


def whole(body: bytes, *, more: bytes = b"") -> bytes:
    return OK + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def endless(peer: socket.socket) -> None:
    """The head of an answer that never ends."""
    peer.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.sendall(b"X-Padding: " + b"a" * 4000 + b"\r\n")


def loris(peer: socket.socket) -> None:
    """A sign now and then, for ever."""
    waiting = threading.Event()
    for sign in OK * 1000:
        peer.sendall(bytes([sign]))
        waiting.wait(0.05)


# What the list answers, and the reason that follows; a report always stands at /nb/r.html.
ANSWERS: dict[str, tuple[bytes | Talk, str | None]] = {
    "chunks cut short": (OK + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n" + LIST[:100], "portal_unreachable"),
    "chunks of nonsense": (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + LIST, "portal_unreachable"),
    "shorter than it says": (OK + b"Content-Length: 99999\r\n\r\n" + LIST, "portal_unreachable"),
    "longer than it says": (OK + b"Content-Length: 150\r\n\r\n" + LIST, "list_incomplete"),
    "no length that is a number": (OK + b"Content-Length: many\r\n\r\n" + LIST, "portal_unreachable"),
    "two lengths": (OK + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n" + LIST, "portal_unreachable"),
    "a head without end": (endless, "portal_unreachable"),
    "a header of a megabyte": (OK + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n" + LIST, "portal_unreachable"),
    "a slow loris": (loris, "portal_unreachable"),
    "nothing at all": (b"", "portal_unreachable"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "portal_unreachable"),
    "a list cut in the middle": (whole(LIST[: LIST.rindex(b"</a>") - 3]), "list_incomplete"),
    "a gzip bomb": (
        whole(gzip.compress(b"\0" * 60_000_000), more=b"Content-Encoding: gzip\r\n"),
        "layout_changed",
    ),
    "gzip in name only": (whole(LIST, more=b"Content-Encoding: gzip\r\n"), "portal_unreachable"),
    "gzip cut short": (whole(gzip.compress(LIST)[:-30], more=b"Content-Encoding: gzip\r\n"), "portal_unreachable"),
    "gzip in two parts": (
        whole(gzip.compress(LIST[:99]) + gzip.compress(LIST[99:]), more=b"Content-Encoding: gzip\r\n"),
        None,
    ),
    "to itself": (b"HTTP/1.1 302 Found\r\nLocation: /nb/\r\nContent-Length: 0\r\n\r\n", "portal_unreachable"),
    "to nowhere": (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "layout_changed"),
    "to a file": (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", "layout_changed"),
    "HTTP/1.0 without a length": (OK.replace(b"1.1", b"1.0") + b"\r\n" + LIST, None),
    "closed without a word after every answer": (whole(LIST), None),
    "a charset that does not exist": (
        whole(LIST).replace(b"utf-8", b"utf-42", 1).replace(b"utf-42", b"klingon", 1),
        None,
    ),
    "continued twice": (b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + whole(LIST), None),
}
ROBOTS = {
    "robots is a web page": (whole(b"<!DOCTYPE html><html><body>Disallow: /</body></html>"), None),
    "robots is huge": (whole(b"User-agent: *\nDisallow: /x\n" + b"Disallow: /admin/aaaaaaaaaaa\n" * 100_000), None),
    "robots is cut short": (OK + b"Content-Length: 999\r\n\r\nUser-agent: *", "portal_unreachable"),
    "robots is for ever elsewhere": (
        b"HTTP/1.1 302 Found\r\nLocation: /robots.txt\r\nContent-Length: 0\r\n\r\n",
        "robots_denied",
    ),
    "robots forbids in GBK": (whole("# 禁止\nUser-agent: *\nDisallow: /nb/\n".encode("gbk")), "robots_denied"),
    "robots begins with a mark": (whole(b"\xef\xbb\xbfUser-agent: *\nDisallow: /nb/\n"), "robots_denied"),
}


@dataclass(frozen=True)
class Bad:
    ran: Ran
    sites: dict[str, Raw]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bad]:
    """One run over all of them: each harms only itself."""
    with ExitStack() as stack:
        sites = {name: stack.enter_context(raw()) for name in (*ANSWERS, *ROBOTS)}
        for name, site in sites.items():
            site.answers["/nb/"] = ANSWERS[name][0] if name in ANSWERS else whole(LIST)
            site.answers["/nb/r.html"] = whole(PAGE)
            if name in ROBOTS:
                site.answers["/robots.txt"] = ROBOTS[name][0]
        portals = [portal(name, site.url()) for name, site in sites.items()]
        owners = [organisation(FIN, name, name) for name in sites]
        ran = crawl(tmp_path_factory.mktemp("bad"), portals, owners, timeout=2)
        yield Bad(ran, sites)


@pytest.mark.parametrize(("name", "reason"), [(name, why) for name, (_, why) in (ANSWERS | ROBOTS).items()])
def test_what_a_bad_portal_answers_is_named_or_read(bad: Bad, name: str, reason: str | None) -> None:
    found = bad.ran.portal(name)

    assert found["reason"] == reason, found["detail"]
    assert [one["complete"] for one in found["lists"]] == [reason is None]
    if reason != "list_incomplete":  # what was seen of a list is there, if it was a report
        assert len(bad.ran.candidates(name)) == (reason is None)


def test_a_list_that_robots_forbid_is_never_asked_for(bad: Bad) -> None:
    for name, (_, reason) in ROBOTS.items():
        assert ("/nb/" in bad.sites[name].asked) is (reason is None), name


def test_everything_that_was_answered_is_evidence(bad: Bad) -> None:
    assert bad.ran.code == 0
    assert verify(bad.ran.evidence) == []


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_nobody_vouches_for_is_refused_unless_the_portal_says_so_on_the_record(tmp_path: Path) -> None:
    with raw(tls=certificate(tmp_path)) as site:
        site.answers = {"/nb/": whole(LIST), "/nb/r.html": whole(PAGE)}
        url = site.url(scheme="https")
        portals = [portal("strict", url), portal("lenient", url, certificates="ignore")]

        ran = crawl(tmp_path, portals, [organisation(FIN, one["id"], one["id"]) for one in portals])

    lines = (ran.evidence / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    assert (ran.portal("strict")["outcome"], ran.portal("lenient")["outcome"]) == ("tls", "found")
    assert "certificates not verified" in ran.portal("lenient")["detail"]
    assert sum('"certificate":"unverified"' in line for line in lines) == sum('"lenient"' in line for line in lines)


def sends_to(site: Site, address: str) -> None:
    site.put("/nb/", Answer(b"", 302, {"Location": address}))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.2", "127.2", "2130706434", "0x7f000002", "0177.0.0.2", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]",
     "a:b@127.0.0.2", "127.0.0.1@127.0.0.2", "127.0.0.2.", "１２７.0.0.2"],
)  # fmt: skip
def test_no_way_of_writing_an_address_leads_to_a_private_one(tmp_path: Path, host: str) -> None:
    with serve() as site, raw("127.0.0.2") as inside:
        inside.answers["/nb/"] = whole(LIST)
        sends_to(site, inside.url(host=host))

        ran = crawl(tmp_path, [portal("a", site.url("/nb/"))], [organisation(FIN, "a", "fin")])

    assert inside.asked == []
    assert ran.portal("a")["reason"] == "portal_unreachable", ran.portal("a")["detail"]


@pytest.mark.parametrize(
    ("host", "allowed", "reason"),
    [("[::1]", ["::1/128"], None), ("[::1]", ["127.0.0.0/8"], "portal_unreachable")],
)
def test_a_literal_ipv6_address_is_reached_where_it_is_allowed(
    tmp_path: Path, host: str, allowed: list[str], reason: str | None
) -> None:
    with raw("::1") as site:
        site.answers = {"/nb/": whole(LIST), "/nb/r.html": whole(PAGE)}
        one = portal("a", site.url(host=host), allow_private_addresses=allowed)

        ran = crawl(tmp_path, [one], [organisation(FIN, "a", "fin")])

    assert ran.portal("a")["reason"] == reason, ran.portal("a")["detail"]
    assert bool(site.asked) is (reason is None)


def test_a_list_that_goes_on_where_nobody_answers_and_a_report_behind_another_port(tmp_path: Path) -> None:
    with serve() as site, serve() as other, socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{shut.getsockname()[1]}/nb/index_1.html"
        other.put("/r.html", PAGE.decode())
        elsewhere = row(f"{FIN}2025年政府信息公开年度报告", other.url("/r.html"))
        site.put("/cut/", listing(elsewhere, tail=f'<a href="{closed}">下一页</a>'))
        site.put("/whole/", listing(elsewhere))
        portals = [portal("cut", site.url("/cut/")), portal("whole", site.url("/whole/"))]

        ran = crawl(tmp_path, portals, [organisation(FIN, one["id"], one["id"]) for one in portals])

    assert ran.portal("cut")["reason"] == "list_incomplete"
    assert ran.portal("whole")["complete"]
    assert "/robots.txt" in {path for _, path in other.asked}


def test_the_report_of_another_organ_is_nobody_elses(tmp_path: Path) -> None:
    with serve() as site:
        site.put("/nb/", listing(row(f"外地市{EDU[3:]}2025年政府信息公开年度报告", "x.html")))
        site.put("/nb/x.html", REPORT.format(title=f"外地市{EDU[3:]}2025年", extra=""))

        ran = crawl(tmp_path, [portal("a", site.url("/nb/"))], [organisation(FIN, "a", "fin")])

    assert ran.candidates("a") == []
