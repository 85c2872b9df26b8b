"""What the robots of the chat services have in common: an address that is the token, a page, a size, a JSON body."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from notifiers.channels.address import check_address
from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.digest import encode
from notifiers.exchange import Request
from notifiers.markup import Markup
from notifiers.outbox import Delivery
from notifiers.secret import Secret
from notifiers.view import Message, read
from notifiers.wording import Page, Wording

HEADERS = {"content-type": "application/json; charset=utf-8", "user-agent": "nianshen/1"}


class Robot(ABC):
    """A service says its ``type``, its ``markup``, the most bytes (``limit``) of what it counts, and its document.

    The rendered document depends on the stored body and the settings alone, so that every attempt says the same.
    Raises ChannelSettingsError for the address, CannotBuildError for a template of one's own.
    """

    type: ClassVar[str]
    markup: ClassVar[Markup]
    limit: ClassVar[int]

    def __init__(self, settings: Settings) -> None:
        check_address(self.type, settings.url)
        if len(settings.secrets) > 1:
            raise ChannelSettingsError(f"{self.type} 只有一个密钥 / a {self.type} robot has one secret")
        self._url = settings.url
        self._secret = settings.secrets[0] if settings.secrets else None
        self._keyword = settings.keyword
        self._link = settings.link
        self._language = settings.language
        self._storm = settings.storm
        self._wording = Wording(
            self.markup, settings.language, site=settings.site, link=settings.link, folder=settings.templates
        )

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """All that must not appear in any text: the address is the token."""
        return (self._url, self._secret) if self._secret else (self._url,)

    def build(self, delivery: Delivery, now: datetime) -> Request:
        """The request of an attempt made at ``now`` (aware). Raises CannotBuildError."""
        message = read(delivery.body, self._language, self._storm)
        page = self._wording.fit(message, lambda page: self.size(self.document(page, message)) <= self.limit)
        return self.request(self.document(page, message), now)

    @abstractmethod
    def document(self, page: Page, message: Message) -> dict[str, Any]:
        """The page in the JSON of the service, unsigned."""

    def size(self, document: dict[str, Any]) -> int:
        """What the service counts against its limit: the bytes of the whole, unless it says otherwise."""
        return len(encode(document))

    def request(self, document: dict[str, Any], now: datetime) -> Request:  # noqa: ARG002 - some sign with the time
        """The document on its way; signed where the service wants it."""
        return Request(self._url, HEADERS, encode(document))

    def titled(self, page: Page) -> str:
        """The title, with the word that the robot insists on."""
        if not self._keyword or self._keyword in page.title:
            return page.title
        return f"{page.title} · {self._keyword}"

    def action(self) -> str:
        """What the button that leads to the rest says."""
        return {"zh": "查看全部", "en": "See all"}[self._language]
