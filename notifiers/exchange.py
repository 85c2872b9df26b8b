"""One HTTP exchange as data, so that channels stay pure: what is to be sent, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifiers.outcome import Outcome, Permanent, Retry
from notifiers.secret import Secret

OVERLOAD_PENALTY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Request:
    """A POST. The address is a secret: in most services it carries the token."""

    url: Secret
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a status. Header names are lower case; ``body`` is cut at the transport's limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: datetime


class FaultKind(StrEnum):
    """Why there is no answer. After ``TIMEOUT`` and ``TRUNCATED`` the receiver may have got the message."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class TransportFault:
    """No answer. ``detail`` is a fixed phrase of ours, never the text of a library: that holds the address."""

    kind: FaultKind
    detail: str


def outcome_of_fault(fault: TransportFault) -> Outcome:
    """Without an answer everything may be tried again, except what our own address rule refused."""
    reason = f"{fault.kind.value}: {fault.detail}"
    if fault.kind is FaultKind.REFUSED:
        return Permanent(reason)
    return Retry(OVERLOAD_PENALTY if fault.kind is FaultKind.TIMEOUT else None, reason, hold=True)
