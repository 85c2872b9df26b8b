"""Which addresses a message may be sent to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.address import AddressGuard, AllowListError, is_public, parse

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "101.226.4.6",
    "2400:3200::1",
    "2606:4700:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
]
NOT_PUBLIC = {
    "this host": "0.0.0.0",  # noqa: S104 - an address to refuse
    "this network": "0.1.2.3",
    "loopback": "127.0.0.1",
    "loopback elsewhere": "127.255.255.254",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 172 end": "172.31.255.255",
    "private 192": "192.168.1.1",
    "metadata": "169.254.169.254",
    "carrier NAT": "100.64.0.1",
    "metadata in carrier NAT": "100.100.100.200",
    "protocol assignments": "192.0.0.8",
    "documentation": "192.0.2.1",
    "6to4 relay": "192.88.99.1",
    "benchmark": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified 6": "::",
    "loopback 6": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped carrier NAT": "::ffff:100.64.0.1",
    "compatible loopback": "::127.0.0.1",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 private": "64:ff9b::a00:1",
    "local NAT64": "64:ff9b:1::1",
    "6to4 loopback": "2002:7f00:1::",
    "6to4 of a public address": "2002:101:101::",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "unique local": "fd00::1",
    "link-local 6": "fe80::1%eth0",
    "site-local": "fec0::1",
    "multicast 6": "ff02::1",
    "documentation 6": "2001:db8::1",
    "new documentation 6": "3fff::1",
    "discard": "100::1",
    "segment routing": "5f00::1",
}


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_permitted(text: str) -> None:
    assert AddressGuard().permits(parse(text))


@pytest.mark.parametrize("name", NOT_PUBLIC)
def test_all_others_are_refused_in_every_disguise(name: str) -> None:
    assert not AddressGuard().permits(parse(NOT_PUBLIC[name]))


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_as_what_it_leads_to(address: object) -> None:
    for prefix in ("::ffff:", "64:ff9b::"):
        assert is_public(parse(f"{prefix}{address}")) == is_public(parse(str(address)))


@pytest.mark.parametrize("text", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_an_allowed_range_is_permitted_and_known_as_private(text: str) -> None:
    guard = AddressGuard(["10.1.0.0/16", "fd00::/8"])

    assert guard.permits(parse(text))
    assert guard.private(parse(text))
    assert not guard.permits(parse("10.2.0.1"))
    assert not guard.private(parse("1.1.1.1"))


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0/0",
        "0.0.0.0/4",
        "::/0",
        "2000::/3",
        "169.254.169.254/32",
        "fe80::/10",
        "224.0.0.0/8",
        "10.0.0.1/8",
        "localhost",
        "",
    ],
)
def test_a_range_that_would_undo_the_guard_is_refused(text: str) -> None:
    with pytest.raises(AllowListError):
        AddressGuard([text])
