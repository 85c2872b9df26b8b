"""Links by which a reader acknowledges an alert: signed, and good for one alert on one channel until an instant."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from notifiers.secret import Secret
from notifiers.sign import key_of

PATH: Final = "/ack/"
_LABEL: Final = "nianshen.ack/1"  # a key that signs other things too says with it what it signed
_TAG_BYTES: Final = 16
_NAME: Final = r"[A-Za-z0-9_-]{1,128}"
_TOKEN: Final = re.compile(rf"({_NAME})\.([0-9a-f]{{8}})\.([A-Za-z0-9_-]{{22}})\.([A-Za-z0-9_.-]{{1,128}})")


class LinkError(ValueError):
    """A link that was not made by any of the keys, or was changed since."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a link allows: to acknowledge this alert, as the readers of this channel, until it ``expires`` (aware)."""

    alert_id: str
    channel: str
    expires: datetime


def issue(grant: Grant, secret: Secret) -> str:
    """The token of a link: the same for the same grant and key, to the second.

    Raises ValueError for an id that an address cannot carry as it stands, SecretFormatError for the secret.
    """
    seconds = f"{int(grant.expires.timestamp()):08x}"
    token = f"{grant.alert_id}.{seconds}.{_tag(grant.alert_id, seconds, grant.channel, secret)}.{grant.channel}"
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"no link can carry this: {grant.alert_id!r} {grant.channel!r}")
    return token


def verify(token: str, secrets: Sequence[Secret]) -> Grant:
    """What a token allows, if any of the keys made it; whether it has expired is for the caller. Raises LinkError."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise LinkError("不是确认链接 / no link of this kind")
    alert_id, seconds, tag, channel = parts.groups()
    # every key is tried: how long it takes must not tell which of them it was
    matches = [hmac.compare_digest(_tag(alert_id, seconds, channel, secret), tag) for secret in secrets]
    if not any(matches):
        raise LinkError("签名不符 / no key made this link")
    return Grant(alert_id, channel, datetime.fromtimestamp(int(seconds, 16), UTC))


def _tag(alert_id: str, seconds: str, channel: str, secret: Secret) -> str:
    signed = "\n".join((_LABEL, alert_id, seconds, channel)).encode()
    tag = hmac.new(key_of(secret), signed, hashlib.sha256).digest()[:_TAG_BYTES]
    return base64.urlsafe_b64encode(tag).decode().rstrip("=")
