"""A stored message as its readers see it: out of the digest's JSON, in one language, nothing invented."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from notifiers.exchange import CannotBuildError

LANGUAGES: Final = ("zh", "en")
SHOWN_IN_A_STORM: Final = 10
_CHINA: Final = ZoneInfo("Asia/Shanghai")  # the time of the reports and of those who read them


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. ``who`` is the organisation or the portal; ``captured`` is Chinese time to the minute.

    ``ack_url`` is where it is acknowledged, empty if it cannot be.
    """

    event: str
    who: str
    region: str
    year: int | None
    rule: str
    severity: str
    title: str
    message: str
    formula: str
    url: str
    evidence: str
    captured: str
    ack_url: str


@dataclass(frozen=True, slots=True)
class Unchecked:
    """An organisation that could not be verified, and the reason's code."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """The whole. ``events`` and the like count all alerts, those not among ``alerts`` too (``hidden``).

    In a ``storm`` only the gravest are among ``alerts``, and the sums say more than a long list would.
    """

    type: str
    alerts: tuple[Alert, ...]
    hidden: int
    events: Mapping[str, int]
    severities: Mapping[str, int]
    checked: int | None
    total: int | None
    unchecked: tuple[Unchecked, ...]
    unchecked_hidden: int
    rules: Mapping[str, int]
    regions: Mapping[str, int]
    storm: bool

    @property
    def test(self) -> bool:
        """Whether nothing has happened and the message only tries the channel."""
        return self.type == "system.test"


def read(body: bytes, language: str, storm: int | None = None) -> Message:
    """The message of a stored body; one of more than ``storm`` alerts is summed up.

    Raises CannotBuildError for a body that is no digest.
    """
    try:
        document = json.loads(body)
        data = document["data"]
        items = data["alerts"]
        counts = data.get("counts") or {}
        total = len(items) + data["hidden"]
        stormy = storm is not None and total > storm
        shown = items[:SHOWN_IN_A_STORM] if stormy else items
        return Message(
            type=document["type"],
            alerts=tuple(_alert(item, language) for item in shown),
            hidden=total - len(shown),
            events=counts.get("events") or Counter(item["event"] for item in items),
            severities=counts.get("severities") or Counter(item["severity"] for item in items),
            checked=counts.get("checked"),
            total=counts.get("total"),
            unchecked=tuple(Unchecked(one["name"], one["reason"]) for one in counts.get("unchecked", ())),
            unchecked_hidden=counts.get("unchecked_hidden", 0),
            rules=counts.get("rules", {}),
            regions=counts.get("regions", {}),
            storm=stormy,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise CannotBuildError(f"存储的消息无法读取 / the stored message cannot be read: {what}") from None


def _alert(item: Mapping[str, Any], language: str) -> Alert:
    who = item["organisation"] or item.get("portal") or {}
    evidence = item["evidence"] or {}
    return Alert(
        event=item["event"],
        who=who.get("name") or "",
        region=who.get("region") or "",
        year=item["year"],
        rule=item["rule"],
        severity=item["severity"],
        title=item["title"][language],
        message=item["message"][language],
        formula=item["formula"] or "",
        url=item["url"] or "",
        evidence=evidence.get("sha256", "")[:12],
        captured=_chinese_time(evidence["captured_at"]) if evidence else "",
        ack_url=item.get("ack_url") or "",
    )


def _chinese_time(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
