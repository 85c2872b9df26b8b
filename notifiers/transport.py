"""The network: one requests session per channel, which connects only to addresses it has looked at itself."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from notifiers.address import AddressGuard, parse
from notifiers.exchange import FaultKind, Request, Response, TransportFault

BODY_LIMIT: Final = 64 * 1024
Resolver = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``total`` bounds the whole exchange: a reply that drips a byte at a time never times out otherwise."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 20.0


class _Fault(Exception):
    """A fault on its way out through requests and urllib3; both let foreign exceptions pass untouched."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.fault = TransportFault(kind, detail)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host as the system knows them. Raises OSError or UnicodeError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class HttpTransport:
    """Sends requests. A channel's session is used by one thread at a time: that of its lane.

    ``allow_private_addresses`` maps a channel to its CIDRs; ``now`` stamps answers. Raises AllowListError.
    Certificates are checked against ``ca_bundle`` (a path), or the public ones if None.
    """

    def __init__(
        self,
        allow_private_addresses: Mapping[str, Iterable[str]],
        now: Callable[[], datetime],
        *,
        resolver: Resolver = resolve,
        limits: Limits = Limits(),
        ca_bundle: str | None = None,
    ) -> None:
        self._lines = {
            channel: _Line(AddressGuard(ranges), resolver, limits, ca_bundle)
            for channel, ranges in allow_private_addresses.items()
        }
        self._now = now

    def send(self, channel: str, request: Request) -> Response | TransportFault:
        """Post once: no redirect, no proxy, no retry. Never raises for what the network does."""
        try:
            status, headers, body = self._lines[channel].post(request)
        except _Fault as fault:
            return fault.fault
        return Response(status, headers, body, self._now())

    def close(self) -> None:
        """Close the kept connections."""
        for line in self._lines.values():
            line.close()


class _Line:
    """The session of one channel."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, limits: Limits, ca_bundle: str | None) -> None:
        self._limits = limits
        self._open: set[HTTPConnection] = set()
        self._session = _Session()
        self._session.trust_env = False  # a proxy variable would go round the guard, a netrc would add credentials
        self._session.verify = ca_bundle or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.adapters.clear()
        adapter = _VettedAdapter(guard, resolver, self._open)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def post(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers with lower-case names, and at most 64 KiB of body. Raises _Fault."""
        _check_address(request.url.reveal())
        # the reply's body is read as it comes: an inflated one could be a thousand times its size
        headers = {**request.headers, "accept-encoding": "identity"}
        with self._deadline() as expired:
            try:
                prepared = self._session.prepare_request(
                    requests.Request("POST", request.url.reveal(), headers=headers, data=request.body)
                )
                response = self._session.send(
                    prepared,
                    stream=True,
                    allow_redirects=False,
                    timeout=(self._limits.connect, self._limits.read),
                )
                with response:
                    body = _read(response.raw)
            # the cause is dropped on purpose: the text of these errors holds the whole address
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _fault_of(error, expired.is_set()) from None
            if expired.is_set():  # a body without a length looks whole when its connection is broken
                raise _late()
        return response.status_code, {name.lower(): text for name, text in response.headers.items()}, body

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Break the connection when the exchange as a whole takes too long."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            for connection in list(self._open):
                if connection.sock is not None:
                    with suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(self._limits.total, expire)
        timer.daemon = True
        timer.start()
        try:
            yield expired
        finally:
            timer.cancel()


class _Session(requests.Session):
    """Knows no redirects: requests reads the whole body of a 3xx, however long, even when told not to follow it."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature is requests'
        return None


class _VettedAdapter(HTTPAdapter):
    """Hands every connection to the guard. Vetting at connect time is what stands against DNS rebinding."""

    def __init__(self, guard: AddressGuard, resolver: Resolver, opened: set[HTTPConnection]) -> None:
        self._classes = _pool_classes(guard, resolver, opened)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=urllib3.Retry(total=0, redirect=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes


def _pool_classes(
    guard: AddressGuard, resolver: Resolver, opened: set[HTTPConnection]
) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections go to vetted addresses. urllib3 makes connections itself, hence classes and not objects.

    ``host`` stays what the address says, so the Host header, the SNI name and the certificate check stay too.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            opened.clear()
            opened.add(self)
            return _connect(self, guard, resolver, private_only=True)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            opened.clear()
            opened.add(self)
            return _connect(self, guard, resolver, private_only=False)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _connect(
    connection: HTTPConnection, guard: AddressGuard, resolver: Resolver, *, private_only: bool
) -> socket.socket:
    """Resolve once, refuse if any address is not permitted, connect to the first that answers. Raises _Fault."""
    port = connection.port or connection.default_port
    try:
        addresses = [parse(found) for found in resolver(connection.host.strip("[]"), port)]
    except (OSError, ValueError):
        addresses = []
    if not addresses:
        raise _Fault(FaultKind.DNS, "主机名无法解析 / the host name cannot be resolved")
    if not all(guard.permits(address) for address in addresses):
        raise _Fault(
            FaultKind.REFUSED,
            "地址不是公网地址，也不在 allow_private_addresses 之内 / "
            "the address is neither public nor inside allow_private_addresses",
        )
    if private_only and not all(guard.private(address) for address in addresses):
        raise _Fault(FaultKind.REFUSED, "公网地址须用 https / a public address needs https")
    failure: OSError | None = None
    for address in addresses:
        try:
            connected = socket.create_connection((str(address), port), timeout=_connect_timeout(connection))
        except OSError as error:
            failure = error
            continue
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected
    if isinstance(failure, TimeoutError):
        raise _Fault(FaultKind.TIMEOUT, "连接超时 / the connection timed out")
    raise _Fault(FaultKind.CONNECT, "无法连接 / the connection failed")


def _connect_timeout(connection: HTTPConnection) -> float | None:
    return connection.timeout if isinstance(connection.timeout, int | float) else None


def _read(raw: urllib3.BaseHTTPResponse) -> bytes:
    """The body up to the limit; what is beyond is never read and the connection is dropped with it.

    Read until nothing comes: only the read after the last byte notices a body that breaks off.
    """
    body = bytearray()
    while len(body) < BODY_LIMIT and (piece := raw.read(BODY_LIMIT - len(body), decode_content=False)):
        body += piece
    return bytes(body)


def _fault_of(error: Exception, expired: bool) -> _Fault:
    """The kind of a library's error, looked for along its causes, and none of its text."""
    if expired:
        return _late()
    chain = _causes(error)
    if any(isinstance(link, ssl.SSLError | ssl.CertificateError | requests.exceptions.SSLError) for link in chain):
        return _Fault(FaultKind.TLS, "TLS 失败 / the TLS handshake or the certificate failed")
    timeouts = (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)
    if any(isinstance(link, timeouts) for link in chain):
        return _Fault(FaultKind.TIMEOUT, "等待应答超时 / no answer in time")
    if any(isinstance(link, requests.exceptions.InvalidURL | urllib3.exceptions.LocationValueError) for link in chain):
        return _Fault(FaultKind.REFUSED, "地址无法解析 / the address is malformed")
    return _Fault(FaultKind.TRUNCATED, "应答中断 / the answer broke off")


def _late() -> _Fault:
    return _Fault(FaultKind.TIMEOUT, "总时限已到 / the exchange took too long")


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    waiting: list[BaseException] = [error]
    while waiting:
        link = waiting.pop()
        if link in chain:
            continue
        chain.append(link)
        nested = [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
        waiting += [other for other in nested if isinstance(other, BaseException)]
    return chain


def _check_address(url: str) -> None:
    try:
        address = urlsplit(url)
        fit = address.scheme in {"http", "https"} and address.hostname and "@" not in address.netloc
    except ValueError:
        fit = False
    if not fit:
        raise _Fault(FaultKind.REFUSED, "地址无法使用 / the address cannot be used")
