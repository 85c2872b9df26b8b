"""What the configuration says of channels, in the words of the notifiers, and whether they can work with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pydantic import SecretStr

from nianshen.config.model import Channel, Config, MailChannel, RobotChannel, WebhookChannel, WordedChannel
from nianshen.config.source import Source
from notifiers import channels, sample
from notifiers.address import AddressGuard, AllowListError
from notifiers.channels import ChannelSettingsError, Settings
from notifiers.exchange import CannotBuildError
from notifiers.outbox import Delivery
from notifiers.secret import Secret
from notifiers.sign import SecretFormatError

_THEN = datetime(2026, 2, 1, tzinfo=UTC)  # any instant: what a trial says is thrown away


def check(source: Source, config: Config) -> None:
    """Report every channel that cannot be made, or whose templates cannot print each kind of message."""
    for name, channel in config.channels.items():
        try:
            AddressGuard(channel.allow_private_addresses)
        except AllowListError as error:
            source.report(("channels", name, "allow_private_addresses"), "CFG041", str(error))
        try:
            made = channels.create(channel.type, settings(channel, config))
            if isinstance(channel, WordedChannel) and channel.templates is not None:
                for message in sample.every_kind(_THEN):
                    made.build(Delivery(message.message_id, name, message.body, 0, _THEN), _THEN)
        except (ChannelSettingsError, SecretFormatError) as error:
            source.report(("channels", name, "url"), "CFG042", str(error))
        except CannotBuildError as error:
            source.report(("channels", name, "templates"), "CFG048", str(error))


def settings(channel: Channel, config: Config) -> Settings:
    """The settings for ``notifiers.channels.create``."""
    plain = Settings(
        url=Secret(channel.url.get_secret_value()),
        secrets=tuple(Secret(secret.get_secret_value()) for secret in _secrets(channel)),
        site=config.site.name,
        language=config.site.language,
        link=None if _at_home(config.site.base_url) else config.site.base_url,
    )
    if isinstance(channel, WordedChannel):
        plain = replace(plain, language=channel.language or plain.language, templates=channel.templates)
    match channel:
        case WebhookChannel():
            return replace(plain, scheme=channel.scheme)
        case RobotChannel():
            return replace(plain, keyword=channel.keyword)
        case MailChannel():
            return replace(plain, username=channel.username, sender=channel.sender, recipients=channel.to)
    return plain


def _secrets(channel: Channel) -> Iterable[SecretStr]:
    match channel:
        case WebhookChannel(secret=secrets):
            return secrets
        case RobotChannel(secret=secret) | MailChannel(password=secret):
            return () if secret is None else (secret,)
    return ()


def _at_home(url: str) -> bool:
    """Whether an address means something on this machine only: nobody else is to be sent there."""
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.startswith("127.") or host == "::1"
