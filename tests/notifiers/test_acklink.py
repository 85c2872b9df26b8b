"""A link to acknowledge by is good for what it was made for, and nothing else."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.acklink import Grant, LinkError, issue, verify
from notifiers.channels import TYPES, create
from notifiers.digest import build
from notifiers.event import Event
from notifiers.exchange import Letter, Notice, Outgoing
from notifiers.markup import plain
from notifiers.outbox import Delivery
from notifiers.sample import settings
from notifiers.secret import Secret, redact
from tests.notifiers.making import NOW, item

KEY, OLD, OTHER = (Secret("whsec_" + base64.b64encode(bytes([one]) * 32).decode()) for one in range(3))
GRANT = Grant("al_0123456789abcdef01234567", "wecom", datetime(2026, 2, 8, tzinfo=UTC))
TOKEN = issue(GRANT, KEY)


@given(
    st.from_regex(r"al_[0-9a-f]{24}", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}", fullmatch=True),
    st.integers(1_600_000_000, 4_000_000_000),
)
def test_a_token_says_what_it_was_made_for(alert_id: str, channel: str, expires: int) -> None:
    grant = Grant(alert_id, channel, datetime.fromtimestamp(expires, UTC))

    token = issue(grant, KEY)

    assert verify(token, [KEY]) == grant
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", token)


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_no_changed_character_passes(place: int, other: str) -> None:
    changed = TOKEN[:place] + other + TOKEN[place + 1 :]
    if changed == TOKEN:
        return

    with pytest.raises(LinkError):
        verify(changed, [KEY])


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN + "\n", f"{TOKEN}/..", TOKEN.upper()])
def test_what_is_no_token_of_ours_is_refused(token: str) -> None:
    with pytest.raises(LinkError):
        verify(token, [KEY])


def test_a_key_that_is_rotated_out_still_opens_and_a_strange_one_does_not() -> None:
    old = issue(GRANT, OLD)

    assert verify(old, [KEY, OLD]) == GRANT
    with pytest.raises(LinkError):
        verify(old, [KEY, OTHER])
    with pytest.raises(LinkError):
        verify(old, [])


def test_the_same_grant_gives_the_same_link() -> None:
    assert issue(GRANT, KEY) == TOKEN
    assert issue(Grant(GRANT.alert_id, "ops", GRANT.expires), KEY) != TOKEN


@pytest.mark.parametrize("alert_id", ["al.1", "al 1", "", "al/1", "年"])
def test_an_id_that_an_address_cannot_carry_is_refused(alert_id: str) -> None:
    with pytest.raises(ValueError, match="no link"):
        issue(Grant(alert_id, "ops", GRANT.expires), KEY)


@pytest.mark.parametrize(
    ("event", "changes", "can"),
    [
        (Event.OPENED, {}, True),
        (Event.WORSE, {}, True),
        (Event.REOPENED, {}, True),
        (Event.REMINDER, {}, True),
        (Event.RESOLVED, {}, False),
        (Event.SYSTEM, {}, True),
        (Event.SYSTEM, {"status": "ok"}, False),
        (Event.SYSTEM, {"portal": None}, False),
    ],
)
def test_only_what_is_told_again_can_be_acknowledged(event: Event, changes: dict[str, object], can: bool) -> None:
    assert item(event=event, **changes).acknowledgeable is can


def said(built: Outgoing) -> str:
    match built:
        case Letter(body=body):
            parts = re.findall(rb"base64\r\n\r\n([A-Za-z0-9+/=\r\n]+)", body)
            return "".join(base64.b64decode(part).decode() for part in parts)
        case Notice(text=text):
            return text
    return built.body.decode()


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_channel_shows_the_link_of_each_alert_it_shows_within_its_size(kind: str) -> None:
    url = f"https://audit.example.gov.cn/nianshen/ack/{TOKEN}"
    items = [item(f"al_{number:024x}", ack_url=f"{url}{number:02}") for number in range(40)]
    [message] = build(items, now=NOW, scope=kind)
    channel = create(kind, settings(kind))

    text = said(channel.build(Delivery(message.message_id, kind, message.body, 0, NOW), NOW))

    links = dict.fromkeys(re.findall(re.escape(url) + r"(\d\d)", text))
    titles = text.count("Requests do not balance") if kind == "webhook" else text.count("收支不平")
    assert len(links) >= 4
    assert list(links) == [f"{number:02}" for number in range(len(links))]
    assert titles == len(links) * (2 if kind == "email" else 1)
    if kind == "wecom":
        assert len(text.encode()) < 4096 + 200


def test_a_message_without_links_says_nothing_of_them() -> None:
    [message] = build([item(), item("al_2", Event.RESOLVED)], now=NOW)

    for kind in TYPES:
        text = said(create(kind, settings(kind)).build(Delivery(message.message_id, kind, message.body, 0, NOW), NOW))
        assert "ack" not in text
        assert "确认" not in text


@pytest.mark.parametrize("cut", [len(TOKEN), len(TOKEN) - 3, len(TOKEN) - 8])
def test_a_link_that_an_answer_quotes_is_not_repeated(cut: int) -> None:
    quoted = f"HTTP 400 bad text: see https://audit.example/ack/{TOKEN[:cut]}"

    shown = redact(quoted, [])
    harmless = redact(plain(quoted), [])

    assert shown == "HTTP 400 bad text: see https://audit.example/ack/***"
    assert harmless.endswith("/ack/***")
    assert (
        redact("SMTP 550 5.7.1 mail.example.gov.cn 10.0.0.1 1.2.3", [])
        == "SMTP 550 5.7.1 mail.example.gov.cn 10.0.0.1 1.2.3"
    )
