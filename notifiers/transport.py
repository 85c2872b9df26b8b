"""The way out: whatever a channel built goes over the line that speaks its language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from notifiers.address import AddressGuard
from notifiers.exchange import Letter, Notice, Outgoing, Response, TransportFault
from notifiers.lines.apprise import AppriseLine
from notifiers.lines.dial import Dialler, Fault, Limits, Resolver, resolve
from notifiers.lines.http import HttpLine
from notifiers.lines.smtp import SmtpLine

__all__ = ["Limits", "Resolver", "Transport", "resolve"]

_DEFAULT: Final = Limits()
_PUBLIC: Final[Mapping[str, str]] = {}


class Transport:
    """Sends for all channels. A channel's lines are used by one thread at a time: that of its lane.

    ``allow_private_addresses`` maps a channel to its CIDRs; ``now`` stamps answers. Raises AllowListError.
    ``ca_bundles`` maps a channel to the file of the authorities it trusts instead of the public ones.
    """

    def __init__(
        self,
        allow_private_addresses: Mapping[str, Iterable[str]],
        now: Callable[[], datetime],
        *,
        resolver: Resolver = resolve,
        limits: Limits = _DEFAULT,
        ca_bundles: Mapping[str, str] = _PUBLIC,
    ) -> None:
        self._lines = {
            channel: _Lines(tuple(ranges), resolver, limits, ca_bundles.get(channel))
            for channel, ranges in allow_private_addresses.items()
        }
        self._now = now

    def send(self, channel: str, outgoing: Outgoing) -> Response | TransportFault:
        """Send once: no redirect, no proxy, no retry. Never raises for what the network does."""
        try:
            status, headers, body, refused = self._lines[channel].send(outgoing)
        except Fault as fault:
            return fault.fault
        return Response(status, headers, body, self._now(), tuple(refused))

    def close(self) -> None:
        """Close the kept connections."""
        for lines in self._lines.values():
            lines.http.close()


class _Lines:
    """The lines of one channel, which uses one of them."""

    def __init__(self, ranges: tuple[str, ...], resolver: Resolver, limits: Limits, ca_bundle: str | None) -> None:
        dialler = Dialler(AddressGuard(ranges), resolver, limits)
        self.http = HttpLine(dialler, ca_bundle)
        self._smtp = SmtpLine(dialler, ca_bundle)
        self._apprise = AppriseLine(ranges, limits.total, ca_bundle)

    def send(self, outgoing: Outgoing) -> tuple[int, Mapping[str, str], bytes, Iterable[str]]:
        match outgoing:
            case Letter():
                return self._smtp.send(outgoing)
            case Notice():
                return self._apprise.send(outgoing)
            case _:
                return self.http.send(outgoing)
