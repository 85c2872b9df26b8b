"""Read a past run again out of its evidence: the same crawl, the same documents, and how all would stand by them.

Nothing is fetched, stored or sent. What comes out otherwise than it did then is named, one line each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.reading import EXTRACTOR
from audit.serialise import report_to_json
from crawler.evidence import BlobStore
from nianshen import cycle, jobs
from nianshen.auditing import other_names, unread
from nianshen.choosing import Candidate, Organ, choose
from nianshen.config import Config
from nianshen.config.model import Organisation
from nianshen.errors import EvidenceError, Exit, UsageError
from nianshen.runner import crawl
from nianshen.standing import survey
from nianshen.store import RunRow, Store, open_store

_ROWS = ("candidates", "review", "files", "listed", "others")


@dataclass(frozen=True, slots=True)
class Replay:
    """What a past run comes to when it is read again.

    ``judged``: it was the latest of its year, by the configuration of today, and was judged again too.
    ``differences`` are (zh, en); without any, the run gives the same result.
    """

    run_id: str
    year: int
    portals: tuple[Mapping[str, Any], ...]
    documents: int
    judged: bool
    differences: tuple[tuple[str, str], ...]


def replay(config: Config, run_id: str, progress: cycle.Progress) -> Replay:
    """Read a run again; ``last`` is the latest one that came to an end.

    Raises UsageError for an unknown run, EvidenceError if its evidence is gone or damaged, StorageError.
    """
    directory = config.storage.evidence.directory
    store = open_store(config.database_url, create=False)
    try:
        row = _row(store, run_id)
        progress({"event": "begun", "run_id": row.id, "year": row.year})
        past = jobs.past(directory, row.id)
        job = {**past.job, "evidence": str(directory), "replay": row.id}
        result = crawl(job, limit_seconds=cycle.CRAWL_LIMIT.total_seconds(), progress=progress)
        if result["exit"] != Exit.OK:
            detail = next((one["detail"] for one in result["portals"] if not one["complete"]), "")
            raise EvidenceError("证据已缺失或损坏，无法重放", f"evidence is gone or damaged, no replay: {detail}")
        differences = list(_crawled_otherwise(past.result, result))
        documents, organs = 0, _organs(past.job)
        for key, candidates in _grouped(result).items():
            documents += 1
            differences += _read_otherwise(store, key, candidates, BlobStore(directory), organs[key[0]])
            progress({"event": "read", "organisation": key[0], "year": key[1]})
        today = jobs.make(config, row.id, row.judged_at, row.year)
        same_config = all(today[name] == past.job[name] for name in ("portals", "organisations"))
        judged = same_config and store.runs.last(row.year) == row
        if judged:
            differences += _standing_otherwise(config, store, row, result)
    finally:
        store.close()
    return Replay(row.id, row.year, tuple(result["portals"]), documents, judged, tuple(differences))


def _row(store: Store, run_id: str) -> RunRow:
    row = store.runs.last() if run_id == "last" else store.runs.get(run_id)
    if row is None:
        raise UsageError(f"没有这次运行：{run_id}", f"no such run: {run_id}")
    return row


def _grouped(result: Mapping[str, Any]) -> dict[tuple[str, int], list[Candidate]]:
    grouped: dict[tuple[str, int], list[Candidate]] = {}
    for data in result["candidates"]:
        candidate = Candidate.of(data)
        grouped.setdefault((candidate.organisation, candidate.year), []).append(candidate)
    return grouped


def _organs(job: Mapping[str, Any]) -> dict[str, Organ]:
    """Whose reports the run looked for, by the names of then."""
    known = [Organisation.model_validate(one) for one in job["organisations"]]
    return {one.id: Organ((one.name, *one.aliases), other_names(known, one)) for one in known}


def _crawled_otherwise(then: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if then is None:
        yield "那次运行没有留下结果，无从比较", "that run left no result to compare with"
        return
    before = {row["id"]: row for row in then["portals"]}
    for row in now["portals"]:
        known = before.get(row["id"], {})
        for name in sorted(row.keys() | known.keys()):
            if row.get(name) != known.get(name):
                yield _changed(f"{row['id']}.{name}", known.get(name), row.get(name))
    for kind in _ROWS:
        rows = [{_canonical(row): row for row in document.get(kind, ())} for document in (then, now)]
        for sign, (some, others) in (("-", rows), ("+", rows[::-1])):
            for text, row in some.items():
                if text not in others:
                    said = f"{sign} {kind}: {row.get('organisation')} {row.get('year')} {row.get('url')}"
                    yield said, said


def _read_otherwise(
    store: Store,
    key: tuple[str, int],
    candidates: Sequence[Candidate],
    blobs: BlobStore,
    organ: Organ,
) -> Iterator[tuple[str, str]]:
    """Whether the document chosen is the one that was read then, cell by cell."""
    found = choose(candidates, blobs.read, organ)
    known = store.readings.of_bytes(*key, found.candidate.sha256)
    where = f"{key[0]} {key[1]}"
    if found.report is None:
        if EXTRACTOR in known:
            yield f"{where}：那时读得出，现在读不出（{found.why}）", f"{where}: was read then, cannot be now"
    elif not known and unread(found.report):
        return  # without its tables it was set aside then: see cycle.PATIENCE
    elif not known:
        yield f"{where}：那时没有读这份文件", f"{where}: this document was not read then"
    elif EXTRACTOR not in known:
        yield f"{where}：由别的版本读取，未比较", f"{where}: read by another version, not compared"
    elif _canonical(known[EXTRACTOR]) != _canonical(report_to_json(found.report)):
        yield f"{where}：读出的内容不同", f"{where}: it reads otherwise"


def _standing_otherwise(
    config: Config, store: Store, row: RunRow, result: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """How all stand now against how they would stand after the same run once more."""
    now: datetime = row.judged_at
    before = {one["id"]: one for one in survey(store, config, row.year, now)}
    for one in cycle.rehearse(config, store, row.year, now, result):
        known = before[one["id"]]
        for name in ("status", "reason", "findings", "url", "declared"):
            if one[name] != known[name]:
                yield _changed(f"{one['id']}.{name}", known[name], one[name])


def _changed(where: str, before: object, now: object) -> tuple[str, str]:
    said = f"{where}: {before} → {now}"
    return said, said


def _canonical(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True)
