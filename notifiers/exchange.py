"""One exchange as data, so that channels stay pure: what is to be sent, and what came back."""

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
class Letter:
    """A mail for the server of ``url`` (``smtps://host:465``, or ``smtp://host:587`` with STARTTLS).

    ``body`` is the whole message with its headers, lines ending in CRLF. ``login`` is the user name and the password.
    """

    url: Secret
    sender: str
    recipients: tuple[str, ...]
    body: bytes
    login: tuple[str, Secret] | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain text for a service that only the apprise library speaks to; ``url`` is apprise's own address form."""

    url: Secret
    title: str
    text: str


Outgoing = Request | Letter | Notice


class CannotBuildError(ValueError):
    """A message cannot be put into the channel's form (template, size, stored body). Says why, holds no secret."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer with a status: of HTTP, or the reply code of SMTP.

    Header names are lower case; ``body`` is cut at the transport's limit. ``refused`` are the recipients of a mail
    that others did get.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: datetime
    refused: tuple[str, ...] = ()


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
