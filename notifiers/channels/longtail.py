"""Every other service, by the apprise library: plain text, and no more certainty than the library has."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.exchange import Notice, Response
from notifiers.markup import PLAIN
from notifiers.outbox import Delivery
from notifiers.outcome import Accepted, Outcome, Retry
from notifiers.secret import Secret
from notifiers.view import read
from notifiers.wording import Page, Wording

_OWN: Final = {
    "feishu": "feishu",
    "lark": "feishu",
    "dingtalk": "dingtalk",
    "wecombot": "wecom",
    "slack": "slack",
    "workflow": "teams",
    "workflows": "teams",
    "msteams": "teams",
    "mailto": "email",
    "mailtos": "email",
}


class Longtail:
    """``url`` is in apprise's own form. What has a channel of its own here is refused: apprise takes a refusal of
    those services for success. Raises ChannelSettingsError.
    """

    type: Final = "apprise"
    limit: Final = 3_500  # bytes: most of the services take 4,096 characters

    def __init__(self, settings: Settings) -> None:
        scheme, separator, _ = settings.url.reveal().partition("://")
        if not separator:
            raise ChannelSettingsError("apprise 地址应为 服务名://… / the address must be service://…")
        if scheme.lower() in _OWN:
            own = _OWN[scheme.lower()]
            raise ChannelSettingsError(f"该服务请用 type: {own} / this service has a type of its own: {own}")
        if settings.secrets:
            raise ChannelSettingsError("apprise 的秘密都在地址里 / with apprise all secrets are in the address")
        self._url = settings.url
        self._language = settings.language
        self._storm = settings.storm
        self._wording = Wording(
            PLAIN, settings.language, site=settings.site, link=settings.link, folder=settings.templates
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The address holds them all."""
        return (self._url,)

    def build(self, delivery: Delivery, now: datetime) -> Notice:  # noqa: ARG002 - nothing is signed here
        """The page as plain text. Raises CannotBuildError."""
        message = read(delivery.body, self._language, self._storm)
        page = self._wording.fit(message, lambda page: len((page.title + _text(page)).encode()) <= self.limit)
        return Notice(self._url, page.title, _text(page))

    def classify(self, response: Response) -> Outcome:
        """The library tells yes or no, and yes although a service refused within a good answer."""
        if response.status == 200:
            return Accepted("apprise 称已发出 / apprise says it was sent")
        return Retry(None, "apprise 称未发出 / apprise says it was not sent")


def _text(page: Page) -> str:
    return "\n\n".join(page.pieces)
