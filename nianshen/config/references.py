"""What one part of the configuration says of another: ids are unique, references lead somewhere, rules exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from nianshen.calendar import DEADLINES
from nianshen.config.problems import did_you_mean
from nianshen.config.source import Path, Source

_LAST_OF_FAMILY = {"A": 6, "C": 8, "F": 15, "N": 6, "Q": 4, "S": 12, "T": 4, "X": 1, "Y": 4}
RULES = frozenset(f"{family}{number:03}" for family, last in _LAST_OF_FAMILY.items() for number in range(1, last + 1))
"""Every rule id of the catalogue; ids are fixed and never reused."""


def check(source: Source, rules: Collection[str]) -> None:
    """Report every duplicate id and every reference that leads nowhere. Works on values of any shape."""
    data = source.data
    portals = _unique_ids(source, "portals")
    organisations = _unique_ids(source, "organisations")
    _unique_ids(source, "schedule", "jobs")
    channels = set(data["channels"]) if isinstance(data.get("channels"), dict) else set()
    seeker = _Seeker(source)
    for path, item in _items(data, "organisations"):
        seeker.seek((*path, "portal"), item.get("portal"), portals, "门户", "portal")
        seeker.seek((*path, "parent"), item.get("parent"), organisations, "单位", "organisation")
    _circles(source)
    for path, item in _items(data, "routes"):
        seeker.seek_all((*path, "to"), item.get("to"), channels, "通道", "channel")
        match = item.get("match")
        if isinstance(match, dict):
            seeker.seek_all((*path, "match", "portal"), match.get("portal"), portals, "门户", "portal")
            known = organisations
            seeker.seek_all((*path, "match", "organisation"), match.get("organisation"), known, "单位", "organisation")
            seeker.seek_all((*path, "match", "rule"), match.get("rule"), rules, "规则", "rule")
    for name in sorted(channels):
        one = data["channels"][name]
        if isinstance(one, dict):
            seeker.seek(
                ("channels", name, "fallback"), one.get("fallback"), channels - {name}, "其他通道", "other channel"
            )
    for path, item in _items(data, "policy", "escalate"):
        seeker.seek_all((*path, "to"), item.get("to"), channels, "通道", "channel")
    section = data.get("rules")
    if isinstance(section, dict):
        severity = section.get("severity")
        for name in severity if isinstance(severity, dict) else ():
            seeker.seek(("rules", "severity", name), name, rules, "规则", "rule", key=True)
        seeker.seek_all(("rules", "disable"), section.get("disable"), rules, "规则", "rule")
    for path, item in _items(data, "rules", "waivers"):
        seeker.seek((*path, "rule"), item.get("rule"), rules, "规则", "rule")
        seeker.seek((*path, "organisation"), item.get("organisation"), organisations, "单位", "organisation")
    _overrides(source)
    _backups(source)


class _Seeker:
    def __init__(self, source: Source) -> None:
        self._source = source

    def seek(self, path: Path, name: Any, known: Collection[str], zh: str, en: str, *, key: bool = False) -> None:
        if not isinstance(name, str) or name in known or path in self._source.broken:
            return
        code = "CFG044" if en == "rule" else "CFG021"
        message = f"没有{zh} {name} / no such {en} {name!r}{did_you_mean(name, known)}"
        self._source.report(path, code, message, key=key)

    def seek_all(self, path: Path, names: Any, known: Collection[str], zh: str, en: str) -> None:
        """Each name of a list or a single one; patterns with ``*`` or ``?`` may stand for anything."""
        listed = names if isinstance(names, list) else [names]
        for index, name in enumerate(listed):
            if isinstance(name, str) and not {"*", "?"} & set(name):
                self.seek((*path, index) if isinstance(names, list) else path, name, known, zh, en)


def _items(data: Any, *path: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The mappings of the list at ``path``, each with its own path; nothing if something else stands there."""
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    for index, item in enumerate(data if isinstance(data, list) else ()):
        if isinstance(item, dict):
            yield (*path, index), item


def _unique_ids(source: Source, *path: str) -> set[str]:
    first: dict[str, int] = {}
    for here, item in _items(source.data, *path):
        name = item.get("id")
        if not isinstance(name, str):
            continue
        place = source.place((*here, "id"))
        if name in first:
            message = f"编号 {name} 重复，第 {first[name]} 行已有 / duplicate id {name!r}, first on line {first[name]}"
            source.report((*here, "id"), "CFG020", message)
        first.setdefault(name, place.line)
    return set(first)


def _circles(source: Source) -> None:
    """Report an organisation that is, over its parents, its own parent."""
    parents = {item["id"]: item.get("parent") for _, item in _items(source.data, "organisations") if _named(item)}
    for path, item in _items(source.data, "organisations"):
        seen: set[str] = set()
        above = item.get("parent")
        while isinstance(above, str) and above not in seen:
            seen.add(above)
            above = parents.get(above)
        if _named(item) and item["id"] in seen:
            message = f"上级关系成环：{item['id']} / {item['id']!r} is its own parent"
            source.report((*path, "parent"), "CFG021", message)


def _named(item: dict[str, Any]) -> bool:
    return isinstance(item.get("id"), str)


def _overrides(source: Source) -> None:
    """A local date must be earlier than the legal one, else it would excuse what the law does not."""
    for path, item in _items(source.data, "calendar", "overrides"):
        year, text = item.get("year"), item.get("date")
        try:
            local = date.fromisoformat(text) if isinstance(text, str) else None
        except ValueError:
            continue  # the shape check reports it
        kinds = item.get("kinds")
        named = kinds if isinstance(kinds, list) and kinds else [kind for one in DEADLINES for kind in one.kinds]
        if local is None or not isinstance(year, int) or not 2000 <= year <= 2100:
            continue
        legal = [date(year + 1, one.month, one.day) for one in DEADLINES if set(one.kinds) & set(map(str, named))]
        if legal and local >= max(legal):
            message = f"地方时限须早于法定时限 {max(legal)} / a local date must be before the legal {max(legal)}"
            source.report((*path, "date"), "CFG045", message)


def _backups(source: Source) -> None:
    """A job that would back up what it cannot must not stand there as if it did."""
    storage = source.data.get("storage")
    database = storage.get("database") if isinstance(storage, dict) else None
    if not isinstance(database, str) or not database.startswith("postgres"):
        return
    for path, item in _items(source.data, "schedule", "jobs"):
        if item.get("run") == "backup":
            message = "PostgreSQL 请自行用 pg_dump 备份 / back PostgreSQL up yourself by pg_dump: no job can"
            source.report((*path, "run"), "CFG049", message)
