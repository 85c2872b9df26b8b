"""No fetch into a private network unless the portal's configuration allows it.

Addresses are vetted where they are resolved for the connection, so a name that answers differently the second time
(DNS rebinding) gains nothing; ``crawler.wire`` looks once more at where the answer came from.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.classify import Outcome, Refused
from crawler.portal import Portal
from crawler.run import Run

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def permitted(address: Address, allowed: Iterable[Network]) -> bool:
    """Public addresses always; anything else (private, loopback, link-local, mapped …) only inside ``allowed``."""
    plain = unmapped(address)
    if plain.is_global and not plain.is_multicast:
        return True
    return any(plain.version == network.version and plain in network for network in allowed)


def unmapped(address: Address) -> Address:
    """The IPv4 address inside a mapped, 6to4, Teredo or NAT64 IPv6 address; the address itself otherwise."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


class HostRules:
    """Which private networks a host name may resolve into, and what was refused."""

    def __init__(self) -> None:
        self._allowed: dict[str, set[Network]] = {}
        self.refused: dict[str, str] = {}

    def allow(self, host: str, networks: Iterable[Network]) -> None:
        self._allowed.setdefault(host.lower(), set()).update(networks)

    def permits(self, host: str, address: str) -> bool:
        """Vet one resolved address; a refusal is remembered for the report."""
        good = permitted(ipaddress.ip_address(address.split("%", maxsplit=1)[0]), self._allowed.get(host.lower(), ()))
        if not good:
            self.refused[host.lower()] = address
        return good


RULES = HostRules()
"""Of this process: the resolver is installed once per reactor, before any crawler exists."""


@implementer(IResolutionReceiver)
class _Vetting:
    """Passes on only the addresses that may be connected to."""

    def __init__(self, receiver: Any, host: str, rules: HostRules) -> None:
        self._receiver, self._host, self._rules = receiver, host, rules

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802 -- Twisted's interface
        self._receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        if self._rules.permits(self._host, address.host):
            self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:  # noqa: N802
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class GuardedResolver:
    """The reactor's resolver with every answer vetted; nothing is cached, so nothing is trusted twice."""

    def __init__(self, original: Any, rules: HostRules = RULES) -> None:
        self._original, self._rules = original, rules
        self._reactor: Any = None

    @classmethod
    def from_crawler(cls, crawler: object, reactor: Any) -> Self:  # noqa: ARG003 -- Scrapy's signature
        resolver = cls(reactor.nameResolver)
        resolver._reactor = reactor
        return resolver

    def install_on_reactor(self) -> None:
        self._reactor.installNameResolver(self)

    def resolveHostName(  # noqa: N802 -- Twisted's interface
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Sequence[type[IAddress]] | None = None,  # noqa: N803
        transportSemantics: str = "TCP",  # noqa: N803
    ) -> IHostResolution:
        vetting = _Vetting(resolutionReceiver, hostName, self._rules)
        ask: Callable[..., IHostResolution] = self._original.resolveHostName
        return ask(vetting, hostName, portNumber, addressTypes, transportSemantics)


class AddressGuardMiddleware:
    """Refuses literal addresses that a request's portal may not reach, and tells the resolver what it may."""

    def __init__(self, run: Run, rules: HostRules = RULES) -> None:
        self._run, self._rules = run, rules

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))

    def process_request(self, request: Request) -> None:
        host = urlparse_cached(request).hostname or ""
        allowed = networks(self._run.ledger(request.meta["visit"]).portal)
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            insist(address, allowed)
        self._rules.allow(host, allowed)


@cache
def networks(portal: Portal) -> tuple[Network, ...]:
    """The private networks a portal may reach."""
    return tuple(ipaddress.ip_network(cidr) for cidr in portal.allow_private_addresses)


def insist(address: Address, allowed: Iterable[Network]) -> None:
    """Raise ``Refused`` unless the address may be connected to."""
    if not permitted(address, allowed):
        raise refusal(str(address))


def refusal(address: str) -> Refused:
    """What is raised where a connection would lead to ``address``."""
    return Refused(
        Outcome.ADDRESS_REFUSED, f"{address}: 内网地址未获允许 / private address not in allow_private_addresses"
    )
