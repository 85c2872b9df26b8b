"""One message for all that one channel is to hear of one run: the gravest first, the rest counted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from notifiers.event import AlertItem, Event, iso

LIMIT: Final = 50
_RANK: Final = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Unchecked:
    """An organisation that could not be verified (未能核查), with the reason of CONTRACT section 6."""

    id: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of the whole the run could see. Without it a quiet digest would look like a clean one."""

    checked: int
    total: int
    unchecked: tuple[Unchecked, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message: its bytes are stored, signed and sent as they are. ``alerts`` holds all ids, hidden too."""

    message_id: str
    type: str
    body: bytes
    alerts: tuple[str, ...]
    hidden: int


def build(
    items: Iterable[AlertItem],
    *,
    now: datetime,
    counts: Counts | None = None,
    kind: str | None = None,
    scope: str = "",
) -> list[Message]:
    """One message for the alerts of organisations and one for system items; none for what there is not.

    At most 50 items are shown, by severity, rule, organisation; ``data.hidden`` counts the rest exactly. ``now`` is
    the aware instant of the events. ``scope`` (channel and group) keeps the ids of two channels apart: the same
    items, instant and scope give the same id and the same bytes. ``kind`` names the type instead of deriving it, and
    alone gives an empty message (``system.test``).
    """
    ordered = sorted(items, key=_order)
    system = [item for item in ordered if item.event is Event.SYSTEM]
    alerts = [item for item in ordered if item.event is not Event.SYSTEM]
    parts = [part for part in (alerts, system) if part] or ([[]] if kind else [])
    return [_message(part, kind or _type(part), now, counts, scope) for part in parts]


def shrink(body: bytes, limit: int) -> bytes | None:
    """The same digest, its last items cut into ``hidden`` until it fits ``limit`` bytes; None if it cannot."""
    document = json.loads(body)
    data = document["data"]
    shown: list[Any] = data["alerts"]
    while len(shown) > 1:
        shown.pop()
        data["hidden"] += 1
        smaller = encode(document)
        if len(smaller) <= limit:
            return smaller
    return None


def encode(document: Any) -> bytes:
    """JSON as it is signed: UTF-8, no escapes (汉字 as ``\\u`` takes twice the room), no spaces.

    A lone surrogate out of a broken page becomes ``?``: one bad name must not keep the others from being sent.
    """
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _message(items: Sequence[AlertItem], kind: str, now: datetime, counts: Counts | None, scope: str) -> Message:
    hidden = max(0, len(items) - LIMIT)
    data = {
        "alerts": [item.as_json() for item in items[:LIMIT]],
        "hidden": hidden,
        "counts": _counts(items, counts),
    }
    body = encode({"type": kind, "timestamp": iso(now), "data": data})
    ids = tuple(item.alert_id for item in items)
    return Message(_message_id(items, kind, now, scope), kind, body, ids, hidden)


def _counts(items: Sequence[AlertItem], counts: Counts | None) -> dict[str, Any]:
    """Sums over all items, hidden ones too, and the coverage of the run if it is known."""
    summary: dict[str, Any] = {
        "events": dict(sorted(Counter(item.event.value for item in items).items())),
        "severities": dict(sorted(Counter(item.severity for item in items).items())),
    }
    if counts is not None:
        summary |= {
            "checked": counts.checked,
            "total": counts.total,
            "unchecked": [{"id": one.id, "name": one.name, "reason": one.reason} for one in counts.unchecked[:LIMIT]],
            "unchecked_hidden": max(0, len(counts.unchecked) - LIMIT),
        }
    return summary


def _type(items: Sequence[AlertItem]) -> str:
    if items[0].event is Event.SYSTEM:
        topics = {item.rule for item in items}
        return f"system.{topics.pop()}" if len(topics) == 1 else "system.digest"
    events = {item.event for item in items}
    return f"audit.alert.{events.pop().value}" if len(events) == 1 else "audit.alert.digest"


def _order(item: AlertItem) -> tuple[int, str, str, str]:
    organisation = item.organisation.id if item.organisation else ""
    return (_RANK.get(item.severity, len(_RANK)), item.rule, organisation, item.alert_id)


def _message_id(items: Sequence[AlertItem], kind: str, now: datetime, scope: str) -> str:
    parts = (scope, kind, iso(now), *(f"{item.alert_id}\x1e{item.event.value}" for item in items))
    return "msg_" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
