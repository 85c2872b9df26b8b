"""What the configuration says of channels, in the words of the notifiers, and whether they can work with it."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from nianshen.config.model import Channel, Config, MailChannel, RobotChannel, WebhookChannel, WordedChannel
from nianshen.config.problems import did_you_mean
from nianshen.config.source import Source
from notifiers import channels, sample
from notifiers.address import AddressGuard, AllowListError
from notifiers.channels import ChannelSettingsError, Settings
from notifiers.exchange import CannotBuildError
from notifiers.outbox import Delivery
from notifiers.secret import Secret
from notifiers.sign import SecretFormatError
from notifiers.wording import PARTS

_THEN = datetime(2026, 2, 1, tzinfo=UTC)  # any instant: what a trial says is thrown away


def check(source: Source, config: Config) -> None:
    """Report every channel that cannot be made, or whose templates cannot print each kind of message."""
    for name, channel in config.channels.items():
        try:
            AddressGuard(channel.allow_private_addresses)
        except AllowListError as error:
            source.report(("channels", name, "allow_private_addresses"), "CFG041", str(error))
        if channel.ca_file is not None and (wrong := _no_authorities(channel.ca_file)):
            source.report(("channels", name, "ca_file"), "CFG031", wrong)
        templates = channel.templates if isinstance(channel, WordedChannel) else None
        if templates is not None and (wrong := _misplaced(templates)):
            source.report(("channels", name, "templates"), "CFG048", wrong)
            continue
        try:
            made = channels.create(channel.type, settings(channel, config))
            if templates is not None:
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
        language = channel.language or plain.language
        plain = replace(plain, language=language, templates=channel.templates, storm=channel.storm)
    match channel:
        case WebhookChannel():
            return replace(plain, scheme=channel.scheme)
        case RobotChannel():
            return replace(plain, keyword=channel.keyword)
        case MailChannel():
            return replace(plain, username=channel.username, sender=channel.sender, recipients=channel.to)
    return plain


def _no_authorities(file: Path) -> str | None:
    """Why a file cannot be trusted from."""
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        return "没有 PEM 格式的证书 / no certificates in PEM form"
    except OSError as error:
        return f"读不到文件 / cannot read: {error.strerror}"
    return None


def _misplaced(folder: Path) -> str | None:
    """What is wrong with a folder of templates before any of them is read: a name nobody asks for goes unnoticed."""
    if not folder.is_dir():
        return "没有这个目录 / no such folder"
    known = [f"{part}.j2" for part in PARTS]
    found = sorted(folder.rglob("*.j2"))
    for path in found:
        name = str(path.relative_to(folder))
        if name not in known:
            return f"没有人用的模板 / a template nobody asks for: {name}{did_you_mean(name, known)}"
    return None if found else f"目录中没有模板 / no template there; 可用 / known: {', '.join(known)}"


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
