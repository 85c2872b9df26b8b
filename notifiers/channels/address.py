"""Whether the address of a channel can work at all; the connection judges again when it is made."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from notifiers.channels.settings import ChannelSettingsError
from notifiers.secret import Secret


def check_address(kind: str, url: Secret, schemes: Collection[str] = ("https", "http")) -> None:
    """Raises ChannelSettingsError for another scheme, no host, or a user name. The address is not quoted."""
    try:
        address = urlsplit(url.reveal())
        host, _ = address.hostname, address.port
    except ValueError:
        # the cause is dropped: its text quotes the address
        raise ChannelSettingsError(f"{kind} 地址无法解析 / the address of the {kind} is malformed") from None
    if address.scheme not in schemes:
        wanted = next(iter(schemes))
        raise ChannelSettingsError(f"{kind} 地址应为 {wanted} / the address of the {kind} must be {wanted}")
    if not host or any(character.isspace() or character == "\\" for character in url.reveal()):
        raise ChannelSettingsError(f"{kind} 地址没有主机名 / the address of the {kind} has no clear host")
    if address.username is not None or address.password is not None:
        raise ChannelSettingsError(f"{kind} 地址不得含用户名 / the address of the {kind} must hold no user name")
