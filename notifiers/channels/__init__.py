"""Channels by type. A new one is a module here, its entry below, its test and its documentation page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from notifiers.channels.dingtalk import DingTalk
from notifiers.channels.feishu import Feishu
from notifiers.channels.longtail import Longtail
from notifiers.channels.mail import Mail
from notifiers.channels.settings import ChannelSettingsError, Settings
from notifiers.channels.slack import Slack
from notifiers.channels.teams import Teams
from notifiers.channels.webhook import Webhook
from notifiers.channels.wecom import WeCom
from notifiers.exchange import Outgoing, Response
from notifiers.outbox import Delivery
from notifiers.outcome import Outcome
from notifiers.secret import Secret

__all__ = ["TYPES", "Channel", "ChannelSettingsError", "Settings", "create"]


class Channel(Protocol):
    """How one service wants its messages and what its answers mean. Pure: no network, no clock, no store."""

    @property
    def secrets(self) -> Sequence[Secret]:
        """What must not appear in any text."""
        ...

    def build(self, delivery: Delivery, now: datetime) -> Outgoing:
        """What an attempt made at ``now`` (aware) sends. Raises CannotBuildError."""
        ...

    def classify(self, response: Response) -> Outcome:
        """What an answer means; total over all answers."""
        ...


TYPES: Final[Mapping[str, Callable[[Settings], Channel]]] = {
    Webhook.type: Webhook,
    Feishu.type: Feishu,
    DingTalk.type: DingTalk,
    WeCom.type: WeCom,
    Slack.type: Slack,
    Teams.type: Teams,
    Mail.type: Mail,
    Longtail.type: Longtail,
}


def create(kind: str, settings: Settings) -> Channel:
    """The channel of that type.

    Raises ChannelSettingsError, SecretFormatError for a secret, CannotBuildError for a template of one's own.
    """
    if kind not in TYPES:
        raise ChannelSettingsError(
            f"未知的通道类型 / unknown type of channel {kind!r}; 可用 / known: {', '.join(sorted(TYPES))}"
        )
    return TYPES[kind](settings)
