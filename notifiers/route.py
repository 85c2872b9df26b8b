"""Who hears of what: items and routes in, parcels per channel and group out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from fnmatch import fnmatchcase

from notifiers.event import AlertItem, Event


class GroupBy(StrEnum):
    """What gets a message of its own in each run."""

    CHANNEL = "channel"
    REGION = "region"
    PORTAL = "portal"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Match:
    """Conditions on an item: all that are given must hold, each by any of its values. ``*`` and ``?`` are wildcards.

    ``kind`` is the organisation's. A condition on the organisation does not keep a system item out: who hears of a
    region must also hear that its portal could not be read.
    """

    severity: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    organisation: tuple[str, ...] = ()
    rule: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    portal: tuple[str, ...] = ()

    @classmethod
    def of(cls, conditions: Mapping[str, str | Sequence[str]]) -> Match:
        """Out of ``{"severity": ["error"], "region": "示例市"}``. Raises ValueError for an unknown condition."""
        known = [field.name for field in fields(cls)]
        for name in conditions:
            if name not in known:
                raise ValueError(f"未知的路由条件 / unknown condition {name!r}; 可用 / known: {', '.join(known)}")
        return cls(**{name: (value,) if isinstance(value, str) else tuple(value) for name, value in conditions.items()})

    def __call__(self, item: AlertItem) -> bool:
        """Whether the item meets every condition."""
        return not self.missed(item)

    def missed(self, item: AlertItem) -> tuple[str, ...]:
        """The conditions the item does not meet, by their names in the configuration."""
        who = item.organisation
        asked: dict[str, tuple[tuple[str, ...], str | None]] = {
            "severity": (self.severity, item.severity),
            "rule": (self.rule, item.rule),
            "portal": (self.portal, item.portal_id),
        }
        if item.event is not Event.SYSTEM:
            asked |= {
                "region": (self.region, who.region if who else None),
                "organisation": (self.organisation, who.id if who else None),
                "kind": (self.kind, who.kind if who else None),
            }
        return tuple(name for name, (patterns, value) in asked.items() if not _any(patterns, value))


@dataclass(frozen=True, slots=True)
class Route:
    """Items that match go to every channel of ``to``."""

    match: Match
    to: tuple[str, ...]
    group_by: GroupBy = GroupBy.CHANNEL


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one message will hold. ``scope`` tells it from the run's other messages."""

    channel: str
    group_by: GroupBy
    group: str
    items: tuple[AlertItem, ...]

    @property
    def scope(self) -> str:
        """Channel, kind of group and group, for ``digest.build``."""
        return f"{self.channel}/{self.group_by.value}/{self.group}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Every item stands in at least one parcel or in ``unrouted``: nothing vanishes without a word."""

    parcels: tuple[Parcel, ...]
    unrouted: tuple[AlertItem, ...]


def plan(items: Iterable[AlertItem], routes: Sequence[Route]) -> Plan:
    """All matching routes count; a channel reached by several gets the item once, grouped as the first says."""
    parcels: dict[tuple[str, GroupBy, str], list[AlertItem]] = {}
    unrouted: list[AlertItem] = []
    for item in items:
        grouping: dict[str, GroupBy] = {}
        for route in routes:
            if route.match(item):
                for channel in route.to:
                    grouping.setdefault(channel, route.group_by)
        for channel, group_by in grouping.items():
            parcels.setdefault((channel, group_by, _group(item, group_by)), []).append(item)
        if not grouping:
            unrouted.append(item)
    ordered = sorted(parcels.items(), key=lambda entry: entry[0])
    return Plan(tuple(Parcel(*key, tuple(held)) for key, held in ordered), tuple(unrouted))


def _any(patterns: tuple[str, ...], value: str | None) -> bool:
    return not patterns or (value is not None and any(fnmatchcase(value, pattern) for pattern in patterns))


def _group(item: AlertItem, group_by: GroupBy) -> str:
    who = item.organisation
    value = {
        GroupBy.CHANNEL: None,
        GroupBy.REGION: who.region if who else None,
        GroupBy.PORTAL: item.portal_id,
        GroupBy.ORGANISATION: who.id if who else None,
    }[group_by]
    return value or ""
