"""Links that acknowledge an alert: put into messages, and answered under ``/ack/`` of the watching process.

A link is one alert's on one channel, so that the log can say through which channel the word came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from nianshen.config import Config
from notifiers import acklink
from notifiers.acklink import Grant
from notifiers.event import AlertItem
from notifiers.secret import Secret


def secrets_of(config: Config) -> list[Secret]:
    """The keys of the links, the current one first; none if there are no links."""
    links = config.observe.acknowledge
    return [] if links is None else [Secret(one.get_secret_value()) for one in links.secret]


def with_links(config: Config, items: Iterable[AlertItem], channel: str, since: datetime) -> list[AlertItem]:
    """The items of a message for a channel, each that can be acknowledged with its link.

    The days of a link begin at ``since`` (aware), when the message may be sent. Without links in the configuration the
    items stay as they are.
    """
    links = config.observe.acknowledge
    if links is None:
        return list(items)
    expires, key = since + timedelta(days=links.days), secrets_of(config)[0]

    def linked(item: AlertItem) -> AlertItem:
        token = acklink.issue(Grant(item.alert_id, channel, expires), key)
        return replace(item, ack_url=links.url + acklink.PATH + token)

    return [linked(item) if item.acknowledgeable else item for item in items]
