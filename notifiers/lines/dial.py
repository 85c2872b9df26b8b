"""How every connection is made: resolve once, look at the addresses, connect to one of them, within a time."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from notifiers.address import AddressGuard, parse
from notifiers.exchange import FaultKind, TransportFault

Resolver = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. ``total`` bounds the whole exchange: a reply that drips a byte at a time never times out otherwise."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 20.0


class Fault(Exception):
    """A fault on its way out through a library; all of them let foreign exceptions pass untouched."""

    def __init__(self, kind: FaultKind, detail: str) -> None:
        super().__init__(detail)
        self.fault = TransportFault(kind, detail)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host as the system knows them. Raises OSError or UnicodeError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Watchdog:
    """Calls back at deadlines, each later than those given before.

    One thread for all, there while there are any: to start one for each takes longer than most exchanges.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[object, tuple[float, Callable[[], None]]] = {}
        self._awake = False

    def watch(self, key: object, at: float, expire: Callable[[], None]) -> None:
        """Call ``expire`` when the monotonic clock is at ``at``, unless ``key`` is forgotten before."""
        with self._changed:
            self._deadlines[key] = (at, expire)
            if not self._awake:
                self._awake = True
                threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def forget(self, key: object) -> None:
        """The exchange ended in time."""
        with self._changed:
            self._deadlines.pop(key, None)

    def _run(self) -> None:
        with self._changed:
            while self._deadlines:
                key, (at, expire) = next(iter(self._deadlines.items()))
                left = at - time.monotonic()
                if left > 0:
                    self._changed.wait(left)
                elif self._deadlines.pop(key, None):
                    expire()
            self._awake = False


@dataclass(frozen=True, slots=True)
class Dialler:
    """Opens connections for one channel. Vetting at connect time is what stands against DNS rebinding."""

    guard: AddressGuard
    resolver: Resolver = resolve
    limits: Limits = Limits()
    _watchdog: Watchdog = field(default_factory=Watchdog, repr=False, compare=False)

    def connect(self, host: str, port: int, *, private_only: bool = False) -> socket.socket:
        """A connection to the first address that answers, if the guard permits all of them. Raises Fault.

        ``private_only`` refuses public addresses: what is not encrypted stays within the allowed networks.
        """
        try:
            addresses = [parse(found) for found in self.resolver(host.strip("[]"), port)]
        except (OSError, ValueError):
            addresses = []
        if not addresses:
            raise Fault(FaultKind.DNS, "主机名无法解析 / the host name cannot be resolved")
        if not all(self.guard.permits(address) for address in addresses):
            raise Fault(
                FaultKind.REFUSED,
                "地址不是公网地址，也不在 allow_private_addresses 之内 / "
                "the address is neither public nor inside allow_private_addresses",
            )
        if private_only and not all(self.guard.private(address) for address in addresses):
            raise Fault(FaultKind.REFUSED, "公网地址须加密 / a public address needs encryption")
        failure: OSError | None = None
        for address in addresses:
            try:
                connected = socket.create_connection((str(address), port), timeout=self.limits.connect)
            except OSError as error:
                failure = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
        if isinstance(failure, TimeoutError):
            raise Fault(FaultKind.TIMEOUT, "连接超时 / the connection timed out")
        raise Fault(FaultKind.CONNECT, "无法连接 / the connection failed")

    @contextmanager
    def deadline(self, socket_of: Callable[[], socket.socket | None]) -> Iterator[threading.Event]:
        """Break the connection when the exchange as a whole takes too long; the event tells that it did."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            connected = socket_of()
            if connected is not None:
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

        self._watchdog.watch(expired, time.monotonic() + self.limits.total, expire)
        try:
            yield expired
        finally:
            self._watchdog.forget(expired)


def fault_of(error: Exception, *, expired: bool) -> Fault:
    """The kind of a library's error, looked for along its causes, and none of its text: that holds the address."""
    if expired:
        return late()
    chain = _causes(error)
    if any(isinstance(link, ssl.SSLError | ssl.CertificateError) for link in chain):
        return Fault(FaultKind.TLS, "TLS 失败 / the TLS handshake or the certificate failed")
    if any(isinstance(link, TimeoutError) for link in chain):
        return Fault(FaultKind.TIMEOUT, "等待应答超时 / no answer in time")
    return Fault(FaultKind.TRUNCATED, "应答中断 / the answer broke off")


def late() -> Fault:
    """The fault of an exchange that the deadline ended."""
    return Fault(FaultKind.TIMEOUT, "总时限已到 / the exchange took too long")


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
