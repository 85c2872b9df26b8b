"""Channels that did nothing but fail for five days: in whose settings that was, and how they come back."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any, Final

from pydantic import SecretStr

from nianshen.config import Config
from nianshen.store import Store
from notifiers.limits import State

_GONE: Final = "-"


def restore_changed(store: Store, config: Config, now: datetime) -> None:
    """Try the channels anew whose settings were others when they were given up."""
    for channel, settings in store.channels.given_up().items():
        if settings is None or channel not in config.channels:
            continue
        if not hmac.compare_digest(settings, print_of(config, channel, settings.partition("$")[0])):
            store.channels.restore(channel, now)


def print_of(config: Config, channel: str, salt: str) -> str:
    """A print of the settings of a channel, secrets included: slow to make, so that nobody guesses these from it."""
    settings = config.channels.get(channel)
    if settings is None:
        return _GONE
    plain = json.dumps(settings.model_dump(), default=_plain, sort_keys=True).encode()
    return f"{salt}${hashlib.scrypt(plain, salt=salt.encode(), n=2**14, r=8, p=1, dklen=32).hex()}"


def lines_on(states: Mapping[str, State]) -> Iterator[str]:
    """A line on every channel that is given up."""
    for channel, state in states.items():
        if state.disabled_at is not None:
            yield (
                f"通道 / channel {channel}: {state.disabled_at.isoformat(timespec='seconds')} 起停用 / given up since, "
                f"{state.reason}; 修复后 / once mended: nianshen alerts test {channel}"
            )


def as_json(states: Mapping[str, State], local: tzinfo) -> list[dict[str, Any]]:
    """The channels that are given up as the JSON of ``status`` has them."""
    return [
        {
            "id": channel,
            "since": state.disabled_at.astimezone(local).isoformat(timespec="seconds"),
            "reason": state.reason,
        }
        for channel, state in sorted(states.items())
        if state.disabled_at is not None
    ]


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
