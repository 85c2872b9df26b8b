"""The generic webhook: Standard Webhooks 1.0, for whoever can check an HMAC (CONTRACT section 7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.exchange import OVERLOAD_PENALTY, Request, Response
from notifiers.outbox import Delivery
from notifiers.outcome import Delivered, Outcome, Permanent, Rerender, Retry
from notifiers.secret import Secret
from notifiers.sign import key_of, sign

USER_AGENT: Final = "nianshen-webhook/1"
# The client errors that say "not now" rather than "not so" (RFC 9110, 4918, 8470, 6585).
_PASSING: Final = frozenset({408, 409, 421, 423, 425, 429})


class Webhook:
    """Signs at send time, so that a message that waited three days still passes the receiver's five minutes.

    Raises ChannelSettingsError for an
    address that is not http(s), has no host or carries a user name, and SecretFormatError for a secret.
    """

    type: Final = "webhook"

    def __init__(self, settings: Settings) -> None:
        _check_address(settings.url.reveal())
        if not settings.secrets:
            raise ChannelSettingsError("webhook 需要 secret / a webhook needs a secret")
        for secret in settings.secrets:
            key_of(secret)
        self._url = settings.url
        self._secrets = settings.secrets

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All that must not appear in any text: the address too, its path may be a token."""
        return (self._url, *self._secrets)

    def build(self, delivery: Delivery, now: datetime) -> Request:
        """The request of an attempt made at ``now`` (aware). The body is the stored one, byte for byte."""
        headers = {"content-type": "application/json", "user-agent": USER_AGENT}
        headers |= sign(delivery.message_id, now, delivery.body, self._secrets)
        return Request(self._url, headers, delivery.body)

    def classify(self, response: Response) -> Outcome:
        """By status alone: Standard Webhooks gives the body no meaning."""
        status = response.status
        reason = f"HTTP {status} {_phrase(status)}".rstrip()
        if 200 <= status < 300:
            return Delivered(reason)
        if 300 <= status < 400:
            return Permanent(f"{reason}: 不跟随跳转 / redirects are not followed")
        if status == HTTPStatus.GONE:
            return Permanent(f"{reason}: 接收方已停用 / the receiver is gone")
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return Rerender(None, reason)
        if 400 <= status < 500 and status not in _PASSING:
            return Permanent(reason)
        return _retry(response, reason)


def _retry(response: Response, reason: str) -> Retry:
    asked = _retry_after(response)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Retry(OVERLOAD_PENALTY if asked is None else asked, reason, hold=True)
    return Retry(asked, reason, hold=asked is not None)


def _retry_after(response: Response) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or a date. The date is measured against the receiver's own clock if it shows it."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        # nine digits are thirty years: more would overflow, and the cap of the backoff comes far earlier
        return timedelta(seconds=int(text[:9]))
    until = _date(text)
    if until is None:
        return None
    return max(until - (_date(response.headers.get("date", "")) or response.received), timedelta())


def _date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _check_address(url: str) -> None:
    try:
        address = urlsplit(url)
        host, _ = address.hostname, address.port
    except ValueError:
        # the cause is dropped: its text quotes the address
        raise ChannelSettingsError("webhook 地址无法解析 / the address of the webhook is malformed") from None
    if address.scheme not in {"https", "http"}:
        raise ChannelSettingsError("webhook 地址应为 https / the address of the webhook must be https")
    if not host or any(character.isspace() or character == "\\" for character in url):
        raise ChannelSettingsError("webhook 地址没有主机名 / the address of the webhook has no clear host")
    if address.username is not None or address.password is not None:
        raise ChannelSettingsError("webhook 地址不得含用户名 / the address of the webhook must hold no user name")
