"""The channels of the configuration, ready to build messages, and what carries these to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from nianshen.config import Config
from nianshen.config.channels import settings
from notifiers import channels
from notifiers.transport import Transport


def open_channels(config: Config) -> dict[str, channels.Channel]:
    """Every channel by its name."""
    return {name: channels.create(one.type, settings(one, config)) for name, one in config.channels.items()}


def open_transport(config: Config, now: Callable[[], datetime]) -> Transport:
    """What sends for all of them; to be closed. ``now`` stamps the answers."""
    allowed = {name: one.allow_private_addresses for name, one in config.channels.items()}
    authorities = {name: str(one.ca_file) for name, one in config.channels.items() if one.ca_file is not None}
    return Transport(allowed, now, ca_bundles=authorities)
