"""``check URL`` over real connections on loopback: where it goes, what it refuses, and where it stops."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nianshen.fetching import AGENT, FetchError, Limits, Page, fetch
from notifiers.transport import resolve
from tests.crawler.site import Answer, serve

LOOPBACK = ("127.0.0.0/8",)
REPORT = (
    "<html><title>年报</title><body>" + "<p>示例市教育局2025年政府信息公开工作年度报告。</p>" * 120 + "</body></html>"
)


def got(url: str, most: int = 2**20, **more: object) -> Page:
    return fetch(url, most, allow_private=LOOPBACK, wait=lambda _: None, **more)  # type: ignore[arg-type]


def code_of(url: str, most: int = 2**20, **more: object) -> str:
    with pytest.raises(FetchError) as caught:
        got(url, most, **more)
    assert caught.value.zh
    assert caught.value.en
    return caught.value.code


def test_a_page_comes_with_its_last_address_and_headers_in_lower_case() -> None:
    with serve() as site:
        site.put("/a", Answer(b"", 302, {"Location": "/b"}))
        site.put("/b", REPORT)

        page = got(site.url("/a"))

        assert (page.data.decode(), page.url) == (REPORT, site.url("/b"))
        assert page.headers["content-type"].startswith("text/html")
        assert site.agents == {AGENT}


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "[fe80::1]", "100.64.0.1", "0.0.0.0"],  # noqa: S104
)
def test_private_addresses_are_refused_in_every_disguise(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetch(f"http://{host}/", 1000)

    assert caught.value.code == "address_refused"


def test_a_name_that_resolves_into_a_private_network_is_refused() -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(FetchError) as caught:
        fetch("http://portal.example/", 1000, resolver=rebinding)

    assert (caught.value.code, asked) == ("address_refused", ["portal.example"])


def test_a_redirect_into_a_network_that_is_not_allowed_is_refused() -> None:
    with serve() as site:
        site.put("/a", Answer(b"", 302, {"Location": "http://10.0.0.1/secret"}))

        assert code_of(site.url("/a")) == "address_refused"


def test_a_second_answer_of_the_resolver_gains_nothing() -> None:
    with serve() as site:
        site.put("/a", REPORT)
        answers = iter([["127.0.0.1"], ["10.0.0.1"]])  # robots.txt, then the page

        assert code_of(site.url("/a"), resolver=lambda *_: next(answers)) == "address_refused"


@pytest.mark.parametrize(
    "url", ["ftp://a/", "http://", "http://u:p@127.0.0.1/", "http://a:99999/", "file:///etc/passwd"]
)
def test_what_is_no_web_address_is_said_so(url: str) -> None:
    assert code_of(url) == "bad_url"


def test_redirects_end() -> None:
    with serve() as site:
        site.put("/a", Answer(b"", 302, {"Location": "/a"}))

        assert code_of(site.url("/a")) == "redirects"


def test_robots_are_obeyed() -> None:
    with serve() as site:
        site.put("/robots.txt", Answer(b"User-agent: *\nDisallow: /closed/", 200))
        site.put("/open", REPORT)
        site.put("/closed/a", REPORT)

        assert got(site.url("/open")).data
        assert code_of(site.url("/closed/a")) == "robots_denied"
        assert "/closed/a" not in [path for _, path in site.asked]


def test_robots_that_fail_forbid() -> None:
    with serve() as site:
        site.put("/robots.txt", Answer(b"", 500))
        site.put("/a", REPORT)

        assert code_of(site.url("/a")) == "robots_unreachable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(b"", 404), "http_404"),
        (Answer(b"", 500), "http_500"),
        (Answer.page("<title>404</title><p>您访问的页面不存在</p>"), "soft_404"),
        (Answer.page("<p>您的访问存在安全风险，请求被拦截</p>"), "blocked"),
        (Answer.page("<script>window['$_ts']={}</script>", status=412), "blocked"),
        (Answer(b"", 200), "bad_content"),
        (Answer(b"x", 200, {"Content-Encoding": "br"}), "bad_content"),
        (Answer(b"no gzip", 200, {"Content-Encoding": "gzip"}), "bad_content"),
    ],
)
def test_what_is_not_the_page_is_never_read_as_one(answer: Answer, code: str) -> None:
    with serve() as site:
        site.put("/a.html", answer)

        assert code_of(site.url("/a.html")) == code


def test_being_sent_to_the_front_page_is_not_the_report() -> None:
    with serve() as site:
        site.put("/a.html", Answer(b"", 302, {"Location": "/"}))
        site.put("/", REPORT)

        assert code_of(site.url("/a.html")) == "soft_404"


def test_a_wait_that_is_asked_for_is_kept_once_and_within_reason() -> None:
    waits: list[float] = []
    with serve() as site:
        site.put("/a", Answer(b"", 503, {"Retry-After": "7"}), Answer.page(REPORT))
        site.put("/b", Answer(b"", 503, {"Retry-After": "7"}))
        site.put("/c", Answer(b"", 429, {"Retry-After": "86400"}))

        assert fetch(site.url("/a"), 2**20, allow_private=LOOPBACK, wait=waits.append).data
        assert waits == [7.0]
        assert code_of(site.url("/b")) == "http_503"
        assert code_of(site.url("/c")) == "http_429"
        assert [path for _, path in site.asked].count("/c") == 1


def test_packed_content_is_unpacked_and_never_past_the_limit() -> None:
    with serve() as site:
        site.put("/a", Answer(gzip.compress(REPORT.encode()), 200, {"Content-Encoding": "gzip"}))
        site.put("/bomb", Answer(zlib.compress(bytes(2**26)), 200, {"Content-Encoding": "deflate"}))
        site.put("/large", Answer(bytes(5000), 200))

        assert got(site.url("/a")).data.decode() == REPORT
        assert code_of(site.url("/bomb"), 2**20) == "too_large"
        assert code_of(site.url("/large"), 4999) == "too_large"


@contextmanager
def dripping() -> Iterator[str]:
    """A server that answers robots.txt, and then sends a byte and no more."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve_all() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            kept.append(connection)
            request = connection.recv(4096)
            if b"robots.txt" in request:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nx")

    thread = threading.Thread(target=serve_all, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for connection in kept:
            connection.close()
        thread.join(5)


def test_an_answer_that_never_ends_is_cut_off() -> None:
    with dripping() as url:
        assert code_of(url, limits=Limits(total=0.3)) == "timeout"
        assert code_of(url, limits=Limits(read=0.1)) == "timeout"


def test_a_site_that_is_not_there_cannot_be_reached() -> None:
    with serve() as site:
        url = site.url("/")

    assert code_of(url) == "connection"
    assert code_of("http://portal.invalid/", resolver=lambda *_: []) == "dns"
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]


def test_a_server_without_a_certificate_that_holds_is_refused() -> None:
    with serve() as site:
        assert code_of(site.url("/").replace("http://", "https://")) == "tls"
