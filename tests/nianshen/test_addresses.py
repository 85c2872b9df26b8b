"""Crawler and notifiers judge addresses each in their own wing: this holds the two judgements together."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from crawler.middlewares.address_guard import permitted
from notifiers.address import is_public


@pytest.mark.parametrize(
    "text",
    [
        "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",  # noqa: S104
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255",
        "::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1",
    ],
)  # fmt: skip
def test_both_wings_agree_on_what_is_public(text: str) -> None:
    address = ip_address(text)

    assert permitted(address, ()) is is_public(address)
