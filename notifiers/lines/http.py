"""HTTP: one requests session per channel, which connects only to addresses it has looked at itself."""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from notifiers.exchange import FaultKind, Request
from notifiers.lines.dial import Dialler, Fault, fault_of, late

BODY_LIMIT: Final = 64 * 1024
# What these write holds the whole address, and with it the token of most services.
_TALKATIVE: Final = ("urllib3.connectionpool", "urllib3.util.retry", "urllib3.connection")


class HttpLine:
    """The session of one channel. ``ca_bundle`` is a path, or None for the public authorities."""

    def __init__(self, dialler: Dialler, ca_bundle: str | None) -> None:
        for name in _TALKATIVE:
            logging.getLogger(name).disabled = True
        self._dialler = dialler
        self._open: list[HTTPConnection] = []
        self._session = _Session()
        self._session.trust_env = False  # a proxy variable would go round the guard, a netrc would add credentials
        self._session.verify = ca_bundle or True
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.clear()
        self._session.adapters.clear()
        adapter = _VettedAdapter(dialler, self._open)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def send(self, request: Request) -> tuple[int, dict[str, str], bytes, Sequence[str]]:
        """Status, headers with lower-case names, and at most 64 KiB of body. Raises Fault."""
        _check_address(request.url.reveal())
        # the reply's body is read as it comes: an inflated one could be a thousand times its size
        headers = {**request.headers, "accept-encoding": "identity"}
        limits = self._dialler.limits
        with self._dialler.deadline(self._socket) as expired:
            try:
                prepared = self._session.prepare_request(
                    requests.Request("POST", request.url.reveal(), headers=headers, data=request.body)
                )
                response = self._session.send(
                    prepared, stream=True, allow_redirects=False, timeout=(limits.connect, limits.read)
                )
                with response:
                    body = _read(response.raw)
            # the cause is dropped on purpose: the text of these errors holds the whole address
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise _fault_of(error, expired=expired.is_set()) from None
            if expired.is_set():  # a body without a length looks whole when its connection is broken
                raise late()
        return response.status_code, {name.lower(): text for name, text in response.headers.items()}, body, ()

    def close(self) -> None:
        """Close the kept connection."""
        self._session.close()

    def _socket(self) -> socket.socket | None:
        return self._open[-1].sock if self._open else None


class _Session(requests.Session):
    """Knows no redirects: requests reads the whole body of a 3xx, however long, even when told not to follow it."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature is requests'
        return None


class _VettedAdapter(HTTPAdapter):
    """Hands every connection to the dialler."""

    def __init__(self, dialler: Dialler, opened: list[HTTPConnection]) -> None:
        self._classes = _pool_classes(dialler, opened)
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=urllib3.Retry(total=0, redirect=False))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._classes


def _pool_classes(dialler: Dialler, opened: list[HTTPConnection]) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections go to vetted addresses. urllib3 makes connections itself, hence classes and not objects.

    ``host`` stays what the address says, so the Host header, the SNI name and the certificate check stay too.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            opened[:] = [self]
            return dialler.connect(self.host, self.port or self.default_port, private_only=True)

    class Encrypted(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            opened[:] = [self]
            return dialler.connect(self.host, self.port or self.default_port)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}


def _read(raw: urllib3.BaseHTTPResponse) -> bytes:
    """The body up to the limit; what is beyond is never read and the connection is dropped with it.

    Read until nothing comes: only the read after the last byte notices a body that breaks off.
    """
    body = bytearray()
    while len(body) < BODY_LIMIT and (piece := raw.read(BODY_LIMIT - len(body), decode_content=False)):
        body += piece
    return bytes(body)


def _fault_of(error: Exception, *, expired: bool) -> Fault:
    """The libraries' own names for a bad certificate, a timeout and a bad address; the rest is everybody's."""
    if not expired:
        if isinstance(error, requests.exceptions.SSLError):
            return Fault(FaultKind.TLS, "TLS 失败 / the TLS handshake or the certificate failed")
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return Fault(FaultKind.TIMEOUT, "等待应答超时 / no answer in time")
        if isinstance(error, requests.exceptions.InvalidURL | urllib3.exceptions.LocationValueError):
            return _unusable()
    return fault_of(error, expired=expired)


def _check_address(url: str) -> None:
    try:
        address = urlsplit(url)
        fit = address.scheme in {"http", "https"} and address.hostname and "@" not in address.netloc
    except ValueError:
        fit = False
    if not fit:
        raise _unusable()


def _unusable() -> Fault:
    return Fault(FaultKind.REFUSED, "地址无法使用 / the address cannot be used")
