"""One message for all that one channel is to hear of one run: the gravest first, the rest counted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from notifiers.event import AlertItem, Event, iso

LIMIT: Final = 50
_RANK: Final = {"error": 0, "warning": 1, "note": 2}
_OPENINGS: Final = frozenset({Event.OPENED, Event.REOPENED})
_COVERAGE: Final = ("checked", "total", "unchecked", "unchecked_hidden")


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
    """A rendered message: its bytes are stored, signed and sent as they are. ``alerts`` holds all ids, hidden too.

    ``rest`` is a JSON list of the hidden alerts, for a merger; None if nothing is hidden.
    """

    message_id: str
    type: str
    body: bytes
    alerts: tuple[str, ...]
    hidden: int
    rest: bytes | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A stored message that nobody tried to send yet."""

    message_id: str
    body: bytes
    rest: bytes | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of several held messages. ``message`` is None if nothing of them stands any more.

    ``superseded`` are the ids of alerts a later one of the same thing replaces; ``gone`` of those that came and went.
    """

    message: Message | None
    superseded: tuple[str, ...]
    gone: tuple[str, ...]


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
    ordered = sorted((item.as_json() for item in items), key=_order)
    system = [item for item in ordered if item["event"] == Event.SYSTEM]
    alerts = [item for item in ordered if item["event"] != Event.SYSTEM]
    parts = [part for part in (alerts, system) if part] or ([[]] if kind else [])
    return [_render(part, kind or _type(part), iso(now), _coverage(counts), scope) for part in parts]


def merge(held: Sequence[Held], keys: Mapping[str, str], scope: str) -> Merged:
    """One message in place of several for one channel and group, oldest first: of each thing what is true at last.

    ``keys`` says for every alert id what it is about. The coverage and the instant are those of the newest message.
    """
    documents = [json.loads(one.body) for one in held]
    chains: dict[str, list[dict[str, Any]]] = {}
    for one, document in zip(held, documents, strict=True):
        for item in (*document["data"]["alerts"], *json.loads(one.rest or b"[]")):
            chains.setdefault(keys[item["alert_id"]], []).append(item)
    standing: list[dict[str, Any]] = []
    superseded: list[str] = []
    gone: list[str] = []
    for chain in chains.values():
        unheard = chain[0]["event"] in _OPENINGS and chain[-1]["event"] == Event.RESOLVED
        if not unheard:
            standing.append(chain.pop())
        (gone if unheard else superseded).extend(item["alert_id"] for item in chain)
    message = None
    if standing:
        standing.sort(key=_order)
        whence = "\x1f".join((scope, *(one.message_id for one in held)))
        message = _again(standing, documents[-1], whence)
    return Merged(message, tuple(superseded), tuple(gone))


def without(held: Held, alerts: Collection[str]) -> Message | None:
    """The message without some of its alerts, under an id of its own; None if nothing is left of it."""
    document = json.loads(held.body)
    items = (*document["data"]["alerts"], *json.loads(held.rest or b"[]"))
    left = [item for item in items if item["alert_id"] not in alerts]
    return _again(left, document, held.message_id) if left else None


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


def _render(
    items: Sequence[Mapping[str, Any]], kind: str, timestamp: str, coverage: Mapping[str, Any], scope: str
) -> Message:
    """The message of items in their order. The sums are over all of them, hidden ones too."""
    hidden = max(0, len(items) - LIMIT)
    data = {
        "alerts": items[:LIMIT],
        "hidden": hidden,
        "counts": {
            "events": dict(sorted(Counter(item["event"] for item in items).items())),
            "severities": dict(sorted(Counter(item["severity"] for item in items).items())),
            "rules": dict(Counter(item["rule"] for item in items).most_common(LIMIT)),
            "regions": dict(Counter(filter(None, map(_region, items))).most_common(LIMIT)),
            **coverage,
        },
    }
    body = encode({"type": kind, "timestamp": timestamp, "data": data})
    ids = tuple(item["alert_id"] for item in items)
    rest = encode(items[LIMIT:]) if hidden else None
    return Message(_message_id(items, kind, timestamp, scope), kind, body, ids, hidden, rest)


def _again(items: Sequence[Mapping[str, Any]], document: Mapping[str, Any], whence: str) -> Message:
    """A message of items that were in others, with the instant and the coverage of ``document``."""
    counts = document["data"]["counts"]
    coverage = {name: counts[name] for name in _COVERAGE if name in counts}
    return _render(items, _type(items), document["timestamp"], coverage, whence)


def _region(item: Mapping[str, Any]) -> str | None:
    return item["organisation"]["region"] if item["organisation"] else None


def _coverage(counts: Counts | None) -> dict[str, Any]:
    """How much the run could see, if it is known."""
    if counts is None:
        return {}
    return {
        "checked": counts.checked,
        "total": counts.total,
        "unchecked": [{"id": one.id, "name": one.name, "reason": one.reason} for one in counts.unchecked[:LIMIT]],
        "unchecked_hidden": max(0, len(counts.unchecked) - LIMIT),
    }


def _type(items: Sequence[Mapping[str, Any]]) -> str:
    if items[0]["event"] == Event.SYSTEM:
        topics = {item["rule"] for item in items}
        return f"system.{topics.pop()}" if len(topics) == 1 else "system.digest"
    events = {item["event"] for item in items}
    return f"audit.alert.{events.pop()}" if len(events) == 1 else "audit.alert.digest"


def _order(item: Mapping[str, Any]) -> tuple[int, str, str, str]:
    organisation = item["organisation"]["id"] if item["organisation"] else ""
    return (_RANK.get(item["severity"], len(_RANK)), item["rule"], organisation, item["alert_id"])


def _message_id(items: Sequence[Mapping[str, Any]], kind: str, timestamp: str, scope: str) -> str:
    parts = (scope, kind, timestamp, *(f"{item['alert_id']}\x1e{item['event']}" for item in items))
    return "msg_" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:24]
