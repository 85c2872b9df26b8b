"""Which addresses a message may be sent to: the one place that decides. Pure; names are resolved elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Ranges that Python 3.11 calls global although no receiver lives there.
_NOT_PUBLIC: Final = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # RFC 6598, carrier NAT; cloud metadata at some providers
        "192.0.0.0/24",  # RFC 6890, protocol assignments
        "192.88.99.0/24",  # RFC 7526, 6to4 relay anycast
        "198.18.0.0/15",  # RFC 2544, benchmarks
        "224.0.0.0/3",  # RFC 5771 and 1112, multicast, reserved, broadcast
        "2001::/23",  # RFC 2928, with Teredo (RFC 4380): an IPv4 address in disguise
        "2001:db8::/32",  # RFC 3849, documentation
        "2002::/16",  # RFC 3056, 6to4: an IPv4 address in disguise
        "3fff::/20",  # RFC 9637, documentation
    )
)
_GLOBAL_UNICAST_6: Final = IPv6Network("2000::/3")  # all that is assigned (RFC 4291); the rest can only be local
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: reaches the IPv4 address in its last 32 bits

# Never, whatever the configuration says: cloud metadata lives on link-local addresses.
_NEVER: Final = tuple(
    ip_network(network) for network in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128", "fe80::/10", "ff00::/8")
)
_WIDEST: Final = {4: 8, 6: 7}  # 10.0.0.0/8 and fc00::/7 are the largest ranges a private network has


class AllowListError(ValueError):
    """A range of ``allow_private_addresses`` is no CIDR, or so wide or so odd that it would undo the guard."""


class AddressGuard:
    """Public addresses, and those private ones that the channel's owner allowed by name.

    Raises AllowListError for a range that is unreadable, wider than /8 (IPv6: /7), or touches link-local, multicast
    or unspecified addresses.
    """

    def __init__(self, allow_private_addresses: Iterable[str] = ()) -> None:
        self._allowed = tuple(_range(text) for text in allow_private_addresses)

    def private(self, address: Address) -> bool:
        """Whether the address is in one of the allowed ranges (only there is plain http good enough)."""
        return _within(_plain(address), self._allowed)

    def permits(self, address: Address) -> bool:
        """Whether a message may be sent there at all."""
        return self.private(address) or is_public(address)


def is_public(address: Address) -> bool:
    """Whether the address is one anybody on the internet reaches, seen through every IPv6 disguise."""
    plain = _plain(address)
    if isinstance(plain, IPv6Address):
        if plain in _NAT64:
            return is_public(IPv4Address(int(plain) & 0xFFFFFFFF))
        if plain not in _GLOBAL_UNICAST_6:
            return False
    return plain.is_global and not _within(plain, _NOT_PUBLIC)


def _plain(address: Address) -> Address:
    """An IPv4-mapped address is the IPv4 address: the kernel connects to that."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _range(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise AllowListError(f"不是 CIDR 网段 / not a CIDR range: {text!r}") from None
    if network.prefixlen < _WIDEST[network.version]:
        raise AllowListError(f"网段过宽 / the range is too wide: {text}")
    if any(network.version == never.version and network.overlaps(never) for never in _NEVER):
        raise AllowListError(
            f"链路本地、组播和未指定地址不得放行 / link-local, multicast and unspecified are never allowed: {text}"
        )
    return network


def parse(text: str) -> Address:
    """An address as the resolver returns it, without its zone (``fe80::1%eth0``). Raises ValueError."""
    return ip_address(text.partition("%")[0])
