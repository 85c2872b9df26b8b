"""What the crawler is asked to do, and the keeping of question and answer, so that a run can be read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.evidence import BlobStore, EvidenceError, Manifest, entries
from nianshen import errors
from nianshen.config import Config

_PLACES = frozenset({"evidence", "result", "exit"})
"""Where files were and how a process ended: nothing of a run that could be repeated."""


@dataclass(frozen=True, slots=True)
class Past:
    """A run as the evidence knows it: the job it was given and the result document it left, None if it left none."""

    job: Mapping[str, Any]
    result: Mapping[str, Any] | None


def make(
    config: Config, run_id: str, now: datetime, year: int, *, portals: Collection[str] = (), **more: Any
) -> dict[str, Any]:
    """The job document for these portals, all unless some are named; ``more`` are further keys of it."""
    wanted = [portal for portal in config.portals if not portals or portal.id in portals]
    names = {portal.id for portal in wanted}
    return {
        "run_id": run_id,
        "now": now.isoformat(),
        "year": year,
        "evidence": str(config.storage.evidence.directory),
        "contact": config.site.base_url,
        "timezone": config.site.timezone,
        "portals": [portal.model_dump(mode="json") for portal in wanted],
        "organisations": [
            organisation.model_dump(
                mode="json", include={"id", "name", "aliases", "kind", "region", "portal", "parent"}
            )
            for organisation in config.organisations
            if organisation.portal in names
        ],
        **more,
    }


def keep(directory: Path, run_id: str, role: str, document: Mapping[str, Any], at: datetime) -> None:
    """Put a ``job`` or a ``result`` into the evidence. Where there is no room the crawl says so, for every portal."""
    data = json.dumps({key: value for key, value in document.items() if key not in _PLACES}, ensure_ascii=False)
    with suppress(EvidenceError):
        sha = BlobStore(directory).write(data.encode())
        Manifest(directory).append({"run": run_id, "role": role, "sha256": sha, "at": at.isoformat()})


def past(directory: Path, run_id: str) -> Past:
    """What the evidence keeps of a run. Raises ``nianshen.errors.UsageError`` and ``nianshen.errors.EvidenceError``."""
    kept = {
        str(line["role"]): str(line["sha256"])
        for _, line in entries(directory)
        if line.get("run") == run_id and line.get("role") in {"job", "result"}
    }
    if "job" not in kept:
        raise errors.UsageError(
            f"证据中没有这次运行：{run_id}",
            f"the evidence knows no such run: {run_id}",
            next_step=("运行编号见 nianshen portals list", "nianshen portals list names the runs"),
        )
    blobs = BlobStore(directory)
    try:
        found = {role: json.loads(blobs.read(sha)) for role, sha in kept.items()}
    except (EvidenceError, ValueError) as error:
        raise errors.EvidenceError("证据读不到或已损坏", f"evidence cannot be read or is damaged: {error}") from error
    return Past(found["job"], found.get("result"))
