"""A first look at a portal: which system it runs, where its reports stand, and the configuration that follows.

A look keeps its own evidence in a folder of its own, so that it can be repeated there without the portal.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from crawler.evidence import entries
from crawler.select import in_report_column, organ_in
from nianshen import jobs
from nianshen.errors import EvidenceError, Exit
from nianshen.runner import crawl

Progress = Callable[[Mapping[str, Any]], None]
LIMIT_SECONDS = 900.0
_MOST_ORGANISATIONS = 500


@dataclass(frozen=True, slots=True)
class Look:
    """How to look: seconds between requests, the most pages to ask for, private ranges that may be connected to.

    ``contact`` goes into the User-Agent; ``manners`` is where processes that ask the same servers meet, None for here.
    """

    url: str
    folder: Path
    year: int
    contact: str
    delay: float = 2.0
    most_pages: int = 15
    private: tuple[str, ...] = ()
    manners: Path | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look found. ``column`` is the first page of the reports' list, None if there is none within its pages.

    ``whole``: a second look at the column alone read every page of it.
    """

    column: str | None
    title: str
    system: str | None
    reports: int
    organs: tuple[str, ...]
    whole: bool
    reason: str | None
    detail: str


def probe(look: Look, progress: Progress) -> Seen:
    """Look for the column, then read it alone as a run would."""
    first = _read(look, look.url, "auto", "probe", progress)
    if first.column is None:
        return first
    system = first.system or "auto"
    second = _read(look, first.column, system, "lists", progress)
    if not second.whole and system != "auto":
        system = "auto"
        second = _read(look, first.column, system, "lists", progress)
    return replace(second, column=first.column, title=first.title, organs=first.organs, system=system)


def repeat(folder: Path, progress: Progress) -> Iterator[tuple[str, bool]]:
    """Every look kept in a folder once more, without a network: its id, and whether it gives the same result."""
    evidence = folder / "evidence"
    names = dict.fromkeys(str(line["run"]) for _, line in entries(evidence) if line.get("role") == "job")
    for name in names:
        past = jobs.past(evidence, name)
        job = {**past.job, "evidence": str(evidence), "replay": name}
        result = crawl(job, limit_seconds=LIMIT_SECONDS, progress=progress)
        if result["exit"] == Exit.STORAGE:
            raise EvidenceError("证据已缺失或损坏", "evidence is gone or damaged", where=str(evidence))
        yield name, {key: value for key, value in result.items() if key != "exit"} == past.result


def as_yaml(look: Look, seen: Seen) -> str:
    """Portal and organisations ready for ``config.yaml``; what is a guess says so."""
    host = urlsplit(look.url).hostname or "portal"
    identity = _identity(host)
    portal = {
        "id": identity,
        "name": _site(seen.title) or host,
        "start_urls": [seen.column],
        "cms": seen.system or "auto",
        "expect": {"min_reports": max(seen.reports // 2, 1)},
        "politeness": {"delay": look.delay},
    }
    if look.private:
        portal["allow_private_addresses"] = list(look.private)
    lines = ["portals:", f"  - {_flow(portal)}"]
    if seen.organs:
        lines += ["# 名称取自列表，kind 和 region 是猜测，请核对 / names out of the list; kind and region are guesses"]
    lines += ["organisations:" if seen.organs else "organisations: []  # 列表没有写单位 / the list names none"]
    for number, name in enumerate(seen.organs, 1):
        guess = {"id": f"{identity}-{number:03}", "name": name, "kind": _kind(name), "region": _region(name)}
        lines.append(f"  - {_flow({**guess, 'portal': identity})}")
    return "\n".join(lines) + "\n"


def _read(look: Look, url: str, cms: str, scope: str, progress: Progress) -> Seen:
    run_id, evidence = f"{scope}-{uuid.uuid4().hex[:12]}", look.folder / "evidence"
    portal = {
        "id": "portal",
        "name": url,
        "group": urlsplit(url).netloc,
        "start_urls": [url],
        "cms": cms,
        "politeness": {"delay": look.delay},
        "allow_private_addresses": list(look.private),
    }
    now = datetime.now(UTC)
    job: dict[str, Any] = {
        "run_id": run_id,
        "now": now.isoformat(),
        "year": look.year,
        "evidence": str(evidence),
        "contact": look.contact,
        "portals": [portal],
        "organisations": [],
        "scope": scope,
    }
    if scope == "probe":
        job["most_pages"] = look.most_pages
    if look.manners:
        job["manners"] = str(look.manners)
    jobs.keep(evidence, run_id, "job", job, now)
    result = crawl(job, limit_seconds=LIMIT_SECONDS, progress=progress)
    jobs.keep(evidence, run_id, "result", result, datetime.now(UTC))
    return _seen(result)


def _seen(result: Mapping[str, Any]) -> Seen:
    row = result["portals"][0]
    column = _column_of(row.get("readings", ()))
    systems = row.get("systems", ())
    return Seen(
        column=column["url"] if column else None,
        title=column["title"] if column else "",
        system=systems[0] if len(systems) == 1 else None,
        reports=row.get("reports", 0),
        organs=tuple(dict.fromkeys(filter(None, map(_organ, result.get("others", ())))))[:_MOST_ORGANISATIONS],
        whole=row["complete"],
        reason=row["reason"],
        detail=row["detail"],
    )


def _column_of(readings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The list that holds the reports or leads to them; folders of a year are part of it and not the whole."""
    lists = [one for one in readings if one["year"] is None]
    named = [one for one in lists if in_report_column(one["title"])]
    folders = any(one["year"] is not None and one["reports"] for one in readings)
    most = max(lists, key=lambda one: one["reports"], default=None)
    if most and most["reports"] and not (folders and named):
        return most
    return named[0] if named and folders else None


def _organ(row: Mapping[str, Any]) -> str | None:
    name = organ_in(row["title"]) or row["organ"] or ""
    return name if 3 <= len(name) <= 40 and not re.search(r"[\d\s<>《》“”:：]", name) else None


def _flow(value: Any) -> str:
    """A value as YAML on one line: JSON is YAML, and quotes what the portal wrote."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return value if isinstance(value, str) and _BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


_BARE = re.compile(r"[a-z][a-z_]*")
_END = re.compile(r"\.(?:gov|org|com|edu|net)?\.?cn$")
_KINDS = (
    ("township", re.compile(r"(?:镇|乡|民族乡)(?:人民政府)?$|街道(?:办事处)?$|街道办$")),
    ("zone", re.compile(r"(?:开发区|高新区|新区|园区|示范区|保税区).*(?:管委会|管理委员会)$|(?:开发区|园区)$")),
    ("government", re.compile(r"人民政府(?:办公[室厅])?$|[省市县区旗州盟]政府(?:办公[室厅])?$")),
    ("party", re.compile(r"^中共|党委|(?:委)?(?:组织|宣传|统战)部$|政法委|纪委|团委$|妇联$|总工会$")),
)
_AREA = re.compile(r"^[一-龥]{2,8}?(?:省|自治区|自治州|市|区|县|旗|州|盟)")


def _identity(host: str) -> str:
    """A short id out of the host: ``example`` for www.example.gov.cn."""
    if re.fullmatch(r"[\d.:]+|\[.*\]", host):
        return "portal"
    words = re.sub(r"[^a-z0-9]+", "-", _END.sub("", host.removeprefix("www.").lower())).strip("-")
    return words or "portal"


def _site(title: str) -> str:
    """What the window's title says of the portal beside the name of the column."""
    parts = [part.strip() for part in re.split(r"[_|—\-–>»]", title)]
    return next((part for part in reversed(parts) if part and not in_report_column(part)), "")


def _kind(name: str) -> str:
    return next((kind for kind, form in _KINDS if form.search(name)), "department")


def _region(name: str) -> str:
    found = _AREA.match(name)
    return found[0] if found else ""
