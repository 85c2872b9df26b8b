"""One page over HTTP for ``check URL``: what a person would do by hand, with an honest name, robots obeyed and limits.

Addresses are vetted where they are connected to, so neither a redirect nor a name that answers differently the second
time leads into a private network. Content is classified as the crawler does: a challenge page is never a report.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import urllib3
from protego import Protego
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from crawler.classify import Outcome, classify_page, classify_status, forwarded_home
from crawler.decode import decode
from crawler.media import HTML, sniff
from crawler.middlewares.retry_after import retry_after
from notifiers.address import AddressGuard, parse
from notifiers.transport import Resolver, resolve

AGENT: Final = f"nianshen/{version('nianshen')} (check; one page; contact: the operator of this computer)"
LONGEST_WAIT: Final = 30.0
"""Seconds. A longer Retry-After is reported instead of waited for."""
_MOST_REDIRECTS = 5
_ROBOTS_BYTES = 500 * 1024  # RFC 9309, 2.5
_PIECE = 1 << 16
_HEADERS = {"User-Agent": AGENT, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``total`` bounds one exchange: an answer that drips a byte at a time never times out otherwise."""

    connect: float = 10.0
    read: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class Page:
    """What came: the bytes as served and unpacked, the last address, the headers with names in lower case."""

    data: bytes
    url: str
    headers: Mapping[str, str]


class FetchError(Exception):
    """The page could not be had.

    ``code``: ``bad_url dns address_refused connection timeout tls redirects robots_denied robots_unreachable
    http_404 … blocked soft_404 too_large bad_content``.
    """

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.code, self.zh, self.en = code, zh, en


def fetch(
    url: str,
    most_bytes: int,
    *,
    allow_private: Iterable[str] = (),
    resolver: Resolver = resolve,
    limits: Limits = Limits(),
    ca_bundle: str | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> Page:
    """GET ``url`` and what it redirects to, at most five times; no more than ``most_bytes`` once unpacked.

    ``allow_private`` are CIDRs of private networks that may be connected to. Raises FetchError, and AllowListError for
    a range that would undo the guard.
    """
    client = _Client(AddressGuard(allow_private), resolver, limits, ca_bundle)
    place = url
    for _ in range(_MOST_REDIRECTS + 1):
        _insist_on_robots(client, place)
        answer = client.get(place, most_bytes)
        pause = answer.pause()
        if pause is not None and pause <= LONGEST_WAIT:
            wait(pause)
            answer = client.get(place, most_bytes)
        if answer.target is None:
            return _judged(answer, url)
        place = answer.target
    raise FetchError("redirects", f"转向超过 {_MOST_REDIRECTS} 次", f"over {_MOST_REDIRECTS} redirects")


@dataclass(frozen=True, slots=True)
class _Answer:
    url: str
    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def target(self) -> str | None:
        """Where the answer sends on to."""
        place = self.headers.get("location")
        return urljoin(self.url, place) if place and self.status in {301, 302, 303, 307, 308} else None

    def pause(self) -> float | None:
        """The seconds to wait before one more try; None if the server asked for none."""
        asked = self.headers.get("retry-after")
        return retry_after(asked, datetime.now(UTC)) if asked and self.status in {429, 503} else None


def _insist_on_robots(client: _Client, url: str) -> None:
    """Robots as RFC 9309 has it: 4xx allows all; 5xx, or no answer where the page's host answers, forbids all."""
    parts = _parts(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    place, answer = f"{origin}/robots.txt", None
    for _ in range(_MOST_REDIRECTS + 1):
        answer = client.get(place, _ROBOTS_BYTES, cut=True)
        if answer.target is None:
            break
        place = answer.target
    status = answer.status if answer else 0
    if status >= 500 or status == 429:
        raise FetchError(
            "robots_unreachable",
            f"robots.txt 返回 {status}，按规定视为禁止；请稍后再试，或下载后检查文件",
            f"robots.txt answered {status}, which forbids everything; try later or check a saved file",
        )
    if answer and 200 <= status < 300:
        rules = Protego.parse(decode(answer.data, None).text)
        if not rules.can_fetch(url, AGENT):
            raise FetchError(
                "robots_denied",
                "robots.txt 不许程序取此页；请用浏览器保存后检查文件",
                "robots.txt forbids it; save the page with a browser and check the file",
            )


def _judged(answer: _Answer, asked: str) -> Page:
    is_page = sniff(answer.data) == HTML
    text = decode(answer.data, answer.headers.get("content-type")).text if is_page and answer.data else ""
    verdict = classify_page(answer.status, text) if is_page else classify_status(answer.status)
    if verdict is None and answer.url != asked:
        verdict = forwarded_home(asked, answer.url)
    if verdict is None:
        return Page(answer.data, answer.url, answer.headers)
    plain = classify_status(answer.status)
    if plain is not None and plain.evidence == verdict.evidence:
        raise FetchError(f"http_{answer.status}", f"网站返回 {answer.status}", f"the site answered {answer.status}")
    code = {Outcome.BLOCKED: "blocked", Outcome.SOFT_404: "soft_404"}.get(verdict.outcome, "bad_content")
    zh, _, en = verdict.evidence.partition(" / ")
    raise FetchError(code, f"得到的不是报告页：{zh}", f"not the page that was asked for: {en or zh}")


class _Client:
    """Connections to vetted addresses only; no proxy, no cookie, no redirect, no retry of its own."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, limits: Limits, ca_bundle: str | None) -> None:
        self._limits = limits
        self._open: list[socket.socket] = []
        self._pool = urllib3.PoolManager(
            num_pools=4, cert_reqs="CERT_REQUIRED", ca_certs=ca_bundle or DEFAULT_CA_BUNDLE_PATH, retries=False
        )
        self._pool.pool_classes_by_scheme = _pools(guard, resolver, self._open)

    def get(self, url: str, most_bytes: int, *, cut: bool = False) -> _Answer:
        """One answer; ``cut``: what is beyond ``most_bytes`` is left out instead of refused. Raises FetchError."""
        _parts(url)
        timeout = urllib3.Timeout(connect=self._limits.connect, read=self._limits.read)
        with self._deadline() as expired:
            try:
                answer = self._pool.request(
                    "GET", url, headers={**_HEADERS, "Connection": "close"}, timeout=timeout, redirect=False,
                    preload_content=False, decode_content=False,
                )  # fmt: skip
                with closing(answer):
                    headers = {name.lower(): text for name, text in answer.headers.items()}
                    data = _body(answer, headers.get("content-encoding", "identity"), most_bytes, cut)
            except (urllib3.exceptions.HTTPError, zlib.error, OSError, ValueError) as error:
                raise _error_of(error, expired.is_set()) from error
            if expired.is_set():
                raise _late()
        return _Answer(url, answer.status, headers, data)

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Break the connection when the exchange as a whole takes too long."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            for connected in list(self._open):
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._limits.total, expire)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()
            self._open.clear()


def _pools(guard: AddressGuard, resolver: Resolver, opened: list[socket.socket]) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections go to vetted addresses; ``host`` stays, and with it the certificate check."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, guard, resolver, opened)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, guard, resolver, opened)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connect(
    connection: HTTPConnection, guard: AddressGuard, resolver: Resolver, opened: list[socket.socket]
) -> socket.socket:
    """Resolve once, refuse if any address is not permitted, connect to the first that answers. Raises FetchError."""
    port = connection.port or connection.default_port
    try:
        addresses = [parse(found) for found in resolver(connection.host.strip("[]"), port)]
    except (OSError, ValueError):
        addresses = []
    if not addresses:
        raise FetchError("dns", "域名无法解析，请检查网址", "the host name cannot be resolved; check the address")
    if not all(guard.permits(address) for address in addresses):
        raise FetchError(
            "address_refused",
            "网址指向内网地址；确需检查内网页面请加 --allow-private 网段",
            "the address lies in a private network; allow it with --allow-private CIDR if that is meant",
        )
    seconds = connection.timeout if isinstance(connection.timeout, int | float) else None
    failure: OSError = OSError()
    for address in addresses:
        try:
            connected = socket.create_connection((str(address), port), timeout=seconds)
        except OSError as error:
            failure = error
            continue
        opened.append(connected)
        return connected
    raise failure


def _body(answer: urllib3.BaseHTTPResponse, encoding: str, most_bytes: int, cut: bool) -> bytes:
    """The body, unpacked in pieces and never past ``most_bytes``."""
    unpack = _unpacker(encoding)
    data = bytearray()
    while piece := answer.read(_PIECE, decode_content=False):
        while piece and len(data) <= most_bytes:
            if unpack is None:
                data += piece
                break
            data += unpack.decompress(piece, most_bytes + 1 - len(data))
            piece = unpack.unconsumed_tail
        if len(data) > most_bytes:
            if cut:
                break
            limit = most_bytes // 2**20
            raise FetchError("too_large", f"页面超过 {limit} MB，不像一份年度报告", f"over {limit} MB, unlike a report")
    if unpack is not None and data and not unpack.eof and not cut:
        raise FetchError("connection", "传输中断", "the answer broke off")
    return bytes(data[:most_bytes])


def _unpacker(encoding: str) -> Any:
    """zlib's own; None for a body that is not packed. Only what was asked for is taken."""
    match encoding.strip().lower():
        case "identity" | "":
            return None
        case "gzip" | "x-gzip" | "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32)
        case other:
            raise FetchError("bad_content", f"网站用了未请求的压缩 {other}", f"packed as {other}, not asked for")


def _parts(url: str) -> Any:
    try:
        parts = urlsplit(url)
        fit = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        fit = False
    if not fit:
        raise FetchError("bad_url", "网址有误", "the address is not valid")
    return parts


def _error_of(error: Exception, expired: bool) -> FetchError:
    if expired:
        return _late()
    chain: list[BaseException] = [error]
    while (link := chain[-1].__cause__ or chain[-1].__context__) and link not in chain:
        chain.append(link)
    if any(isinstance(link, ssl.SSLError | ssl.CertificateError | urllib3.exceptions.SSLError) for link in chain):
        return FetchError("tls", "网站证书有误", "the certificate of the site does not hold")
    if any(isinstance(link, TimeoutError | urllib3.exceptions.TimeoutError) for link in chain):
        return FetchError("timeout", "网站没有及时应答", "the site did not answer in time")
    if any(isinstance(link, urllib3.exceptions.LocationValueError | UnicodeError) for link in chain):
        return FetchError("bad_url", "网址有误", "the address is not valid")
    if any(isinstance(link, zlib.error) for link in chain):
        return FetchError("bad_content", "内容解压失败", "the content cannot be unpacked")
    return FetchError("connection", "连接不上网站", "the site cannot be reached")


def _late() -> FetchError:
    return FetchError("timeout", "网站在总时限内没有答完", "the exchange took too long")
