"""Messages in which nothing is true: for previews, for trials of templates, and for tests of a channel."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import cycle

from notifiers import digest
from notifiers.channels.settings import Settings
from notifiers.event import AlertItem, Event, Evidence, Organisation, Portal
from notifiers.secret import Secret

_ACK_URL = "https://audit.example/ack/not-a-real-link"
_WORDS = {
    "A003": (
        {"zh": "（示例）收支不平", "en": "(example) Requests do not balance"},
        {"zh": "疑似：12 + 1 ≠ 11 + 1", "en": "Suspected: 12 + 1 ≠ 11 + 1"},
    ),
    "F002": (
        {"zh": "（示例）逾期发布", "en": "(example) Published late"},
        {"zh": "疑似：2026-02-03 发布，时限 2026-01-31", "en": "Suspected: 2026-02-03, due 2026-01-31"},
    ),
    "portal_unreachable": (
        {"zh": "（示例）门户无法访问", "en": "(example) Portal unreachable"},
        {"zh": "该门户的单位记为“未能核查”", "en": "Its organisations count as not verified"},
    ),
}


def settings(kind: str) -> Settings:
    """Settings with which a channel of that type can be made, and reach nobody."""
    match kind:
        case "email":
            url, sender, recipients = "smtps://mail.example", "audit@mail.example", ("office@mail.example",)
            return Settings(Secret(url), sender=sender, recipients=recipients)
        case "apprise":
            return Settings(Secret("json://hooks.example/not-a-real-token"))
        case "webhook":
            key = base64.b64encode(b"example of a key, 32 bytes long.").decode()
            return Settings(Secret("https://hooks.example/hook/not-a-real-token"), (Secret(f"whsec_{key}"),))
    return Settings(Secret("https://hooks.example/hook/not-a-real-token"))


def message(now: datetime, channel: str, *, links: bool = False) -> digest.Message:
    """One alert of each event, marked as examples. ``now`` (aware) is when they would have happened.

    With ``links`` they can be acknowledged, by links that lead nowhere.
    """
    made = list(_items(now, links=links))
    counts = digest.Counts(84, 86, (digest.Unchecked("example", "示例市水利局", "list_incomplete"),))
    whole = [item for item in made if item.event is not Event.SYSTEM]
    [found] = digest.build(whole, now=now, counts=counts, scope=f"{channel}/example")
    return found


def every_kind(now: datetime) -> list[digest.Message]:
    """A message of each kind that templates meet: each event alone, all of them, and a test."""
    items = list(_items(now, links=True))
    alone = [digest.build([item], now=now, scope="example") for item in items]
    counts = digest.Counts(84, 86, tuple(digest.Unchecked(f"u{n}", "示例市水利局", "list_empty") for n in range(60)))
    mixed = digest.build(items, now=now, counts=counts, scope="example")
    return [one for messages in (*alone, mixed, [trial(now, "example")]) for one in messages]


def trial(now: datetime, channel: str) -> digest.Message:
    """The message that ``alerts test`` sends: it says of itself that nothing has happened."""
    [found] = digest.build([], now=now, kind="system.test", scope=channel)
    return found


def _items(now: datetime, *, links: bool) -> Iterator[AlertItem]:
    rules = cycle(("A003", "F002"))
    for number, event in enumerate(Event):
        system = event is Event.SYSTEM
        rule = "portal_unreachable" if system else next(rules)
        title, said = _WORDS[rule]
        item = AlertItem(
            alert_id=f"al_example_{number}",
            event=event,
            organisation=None if system else Organisation("example", "示例市教育局", "示例市"),
            year=None if system else 2025,
            rule=rule,
            severity="warning" if event is Event.WORSE else "error",
            status="unknown" if system else "error",
            title=title,
            message=said,
            cell="requests/concluded/natural_person" if rule == "A003" else None,
            formula="12 + 1 ≠ 11 + 1" if rule == "A003" else None,
            url="https://www.example.gov.cn/zwgk/2025.html",
            evidence=None if system else Evidence("ab" * 32, now),
            portal=Portal("example", "示例市人民政府") if system else None,
        )
        yield replace(item, ack_url=_ACK_URL) if links and item.acknowledgeable else item
