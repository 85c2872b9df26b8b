"""Judge again what is stored, by the rules of today. Nothing is fetched, read anew, or sent unasked."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.engine import ruleset
from audit.serialise import report_from_json
from nianshen import telling
from nianshen.auditing import Desk
from nianshen.calendar import zone
from nianshen.config import Config
from nianshen.store import Store

AT_ONCE = 100
"""Reports judged in one transaction: a large archive must not keep other writers out for minutes."""

Found = Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One finding that one of two rule sets has and the other has not, or has otherwise."""

    change: str
    organisation: str
    year: int
    rule: str
    subject: str
    severity: str
    kind: str


@dataclass(frozen=True, slots=True)
class Reaudit:
    """What a new judgement came to. ``skipped`` are reports of organs the configuration no longer has."""

    ruleset: str
    audited: int
    skipped: int
    entries: tuple[Entry, ...]
    news: tuple[telling.FindingNews, ...]


def reaudit(config: Config, store: Store, *, year: int | None, now: datetime) -> Reaudit:
    """Judge the latest reading of every report, of one year or of all, and store the audits.

    ``now`` (aware) is the clock to judge by. The news is what an officer would hear of; telling it is the caller's.
    """
    season = now.astimezone(zone(config.site.timezone)).year - 1
    known = {one.id for one in config.organisations}
    keys = store.readings.keys(year)
    wanted = [key for key in keys if key[0] in known]
    before = store.findings.audited("", year)
    desk = Desk(config, store, season, now, f"audit-{uuid.uuid4().hex}")
    news: list[telling.FindingNews] = []
    for some in _batches(wanted):
        with store.transaction() as unit:
            desk.unit = unit
            for key in some:
                news += _judge(desk, key)
    after = store.findings.audited(ruleset(), year)
    judged = {key: after[key] for key in wanted}
    return Reaudit(ruleset(), len(wanted), len(keys) - len(wanted), tuple(difference(before, judged)), tuple(news))


def difference(before: Found, after: Found) -> Iterator[Entry]:
    """What a change of rules gains, loses and changes, over the reports both were asked about."""
    for key in sorted(before.keys() & after.keys()):
        old = {one["fingerprint"]: one for one in before[key]}
        new = {one["fingerprint"]: one for one in after[key]}
        for fingerprint in sorted(old.keys() | new.keys()):
            was, now = old.get(fingerprint), new.get(fingerprint)
            if was is None and now is not None:
                yield _entry("gained", key, now)
            elif now is None and was is not None:
                yield _entry("lost", key, was)
            elif was is not None and now is not None and _weight(was) != _weight(now):
                yield _entry("changed", key, now)


def _judge(desk: Desk, key: tuple[str, int]) -> Iterator[telling.FindingNews]:
    reading = desk.unit.readings.latest(*key)
    if reading is None:
        return
    report = report_from_json(reading["document"])
    context = desk.context(*key, report)
    settled = desk.settle(context, desk.judge(report, context), report, reading["id"])
    if key[1] == desk.season:
        yield from settled.news(telling.Snapshot(reading["sha256"], reading["captured_at"], reading["url"]))


def _batches(keys: Sequence[tuple[str, int]]) -> Iterator[Sequence[tuple[str, int]]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]


def _weight(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return one["rule"], one["severity"], one["kind"], one["state_hash"]


def _entry(change: str, key: tuple[str, int], one: Mapping[str, Any]) -> Entry:
    return Entry(change, *key, one["rule"], one["subject"], one["severity"], one["kind"])
