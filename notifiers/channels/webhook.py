"""The generic webhook: Standard Webhooks 1.0, for whoever can check an HMAC (CONTRACT section 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from notifiers.channels.address import check_address
from notifiers.channels.answer import by_status
from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.exchange import Request, Response
from notifiers.outbox import Delivery
from notifiers.outcome import Outcome
from notifiers.secret import Secret
from notifiers.sign import key_of, key_or_text, sign, sign_github

USER_AGENT: Final = "nianshen-webhook/1"
SCHEMES: Final = ("standard", "github")


class Webhook:
    """Signs at send time, so that a message that waited three days still passes the receiver's five minutes.

    ``scheme: github`` signs the body alone, in the one header that receivers made for GitHub know; the secret may
    then be any text. Raises ChannelSettingsError for the address or the scheme, SecretFormatError for a secret.
    """

    type: Final = "webhook"

    def __init__(self, settings: Settings) -> None:
        check_address(self.type, settings.url)
        if settings.scheme not in SCHEMES:
            raise ChannelSettingsError(f"scheme 应为 / must be one of: {', '.join(SCHEMES)}")
        if not settings.secrets:
            raise ChannelSettingsError("webhook 需要 secret / a webhook needs a secret")
        for secret in settings.secrets:
            (key_or_text if settings.scheme == "github" else key_of)(secret)
        self._settings = settings

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All that must not appear in any text: the address too, its path may be a token."""
        return (self._settings.url, *self._settings.secrets)

    def build(self, delivery: Delivery, now: datetime) -> Request:
        """The request of an attempt made at ``now`` (aware). The body is the stored one, byte for byte."""
        headers = {"content-type": "application/json", "user-agent": USER_AGENT}
        if self._settings.scheme == "github":
            # one header holds one signature: the current secret, not the one being rotated out
            headers |= {"webhook-id": delivery.message_id} | sign_github(delivery.body, self._settings.secrets[0])
        else:
            headers |= sign(delivery.message_id, now, delivery.body, self._settings.secrets)
        return Request(self._settings.url, headers, delivery.body)

    def classify(self, response: Response) -> Outcome:
        """By status alone: Standard Webhooks gives the body no meaning."""
        return by_status(response)
