"""The channels of the configuration, ready to build messages, and what carries these to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nianshen.config import Channel, Config
from notifiers import channels
from notifiers.channels.settings import Settings
from notifiers.secret import Secret
from notifiers.transport import Transport


def open_channels(config: Config) -> dict[str, channels.Channel]:
    """Every channel by its name."""
    return {name: channels.create(one.type, _settings(one)) for name, one in config.channels.items()}


def open_transport(config: Config, now: Callable[[], datetime]) -> Transport:
    """What sends for all of them; to be closed. ``now`` stamps the answers."""
    return Transport({name: one.allow_private_addresses for name, one in config.channels.items()}, now)


def _settings(channel: Channel) -> Settings:
    return Settings(
        url=Secret(channel.url.get_secret_value()),
        secrets=tuple(Secret(secret.get_secret_value()) for secret in channel.secret),
    )
