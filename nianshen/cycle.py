"""One cycle: collect, read, judge, enqueue, send. What was crawled stays, what was not sent stays in the outbox."""

from __future__ import annotations

import fcntl
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from audit.context import AttachedFile, Copy
from audit.finding import Kind
from audit.reading import EXTRACTOR
from audit.serialise import report_from_json, report_to_json
from audit.waivers import Waiver
from crawler.evidence import BlobStore, EvidenceError, Manifest
from nianshen import health, jobs, sending, telling
from nianshen.archive import sign
from nianshen.auditing import Desk, Facts, Settled, goes_on, other_names, unread
from nianshen.calendar import Due
from nianshen.choosing import Candidate, Found, Organ, choose
from nianshen.config import Config
from nianshen.config.model import Portal
from nianshen.errors import Exit, LockedError, StorageError
from nianshen.runner import crawl
from nianshen.standing import lists_of, survey
from nianshen.status import Status
from nianshen.store import FindingRow, PortalReading, Store, Unit, open_store
from nianshen.weighing import read_whole, weighed
from notifiers.dispatcher import Tally

Progress = Callable[[Mapping[str, Any]], None]
_JITTER = Random()  # noqa: S311 - spreads retries, guards nothing
CRAWL_LIMIT = timedelta(hours=2)
SEND_LIMIT = timedelta(seconds=30)
PATIENCE = timedelta(days=7)
"""So long a report stands as it was read while a file of it cannot be fetched; then it counts as unreadable."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A report that is listed at another address than before: no finding, but good to know."""

    organisation: str
    year: int
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a cycle did. ``findings`` are the fails of the year that stand now, of portals not read today too.

    ``evidence_kept`` is False for a full disk; ``useless`` are waivers no finding asks for; ``killed`` are earlier
    runs that never ended, ``moved`` reports that stand at another address than before.
    """

    run_id: str
    year: int
    portals: tuple[Mapping[str, Any], ...]
    findings: tuple[FindingRow, ...]
    unknown: tuple[str, ...]
    tally: Tally
    evidence_kept: bool = True
    useless: tuple[Waiver, ...] = ()
    killed: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()

    @property
    def codes(self) -> set[Exit]:
        """The exit codes that apply, findings aside: partial, undelivered, storage."""
        codes = set() if self.evidence_kept else {Exit.STORAGE}
        if self.unknown or any(not portal["complete"] for portal in self.portals):
            codes.add(Exit.PARTIAL)
        if self.tally.dead or self.tally.waiting:  # a try that failed and was made good is no failure
            codes.add(Exit.UNDELIVERED)
        return codes


@dataclass(slots=True)
class _Run:
    """The facts of one run that its steps share."""

    config: Config
    year: int
    now: datetime
    id: str
    blobs: BlobStore
    news: list[telling.News] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    useless: tuple[Waiver, ...] = ()


def run(config: Config, *, year: int, now: datetime, progress: Progress, rng: Random = _JITTER) -> CycleResult:
    """Run one cycle for the reported ``year``, judged at ``now`` (aware).

    Raises StorageError, LockedError. A portal or a receiver that fails is a result, not an exception.
    """
    evidence = config.storage.evidence.directory
    with alone(evidence):
        store = open_store(config.database_url)
        try:
            this = _Run(
                config, year, now, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}", BlobStore(evidence)
            )
            killed = store.runs.close_killed(now)  # we hold the lock: none of them is under way
            store.runs.begin(this.id, year, now)
            progress({"event": "begun", "run_id": this.id, "year": year})
            with _ending(this, store):
                fresh = [portal.id for portal in config.portals if _days_that_count(this, portal)]
                job = jobs.make(config, this.id, now, year, fresh=fresh, known=_known_reports(this, store))
                jobs.keep(evidence, this.id, "job", job, datetime.now(UTC))
                result = crawl(job, limit_seconds=CRAWL_LIMIT.total_seconds(), progress=progress)
                jobs.keep(evidence, this.id, "result", result, datetime.now(UTC))
                result = weighed(config, store.portals, year, result)
                found = _read(this, store, result, progress)
                with store.transaction() as unit:
                    _record(this, unit, result, found)
                    standing = survey(unit, config, year, now)
                    open_findings = unit.findings.list(year=year, standing="open")
                    telling.withdraw_stale(unit, year, standing)
                    telling.enqueue(unit, config, now, this.news, standing, this.blobs.holds)
                partial = any(not portal["complete"] for portal in result["portals"])
                store.runs.finish(this.id, "partial" if partial else "finished", now, _last_hash(this))
            progress({"event": "sending"})
            tally = sending.send(
                store, config, SEND_LIMIT, rng, lambda one: progress({"event": "attempt", **one.as_json()})
            )
        finally:
            store.close()
    unknown = tuple(one["id"] for one in standing if one["status"] == Status.UNKNOWN)
    kept = result["exit"] != Exit.STORAGE
    fails = tuple(one for one in open_findings if one.kind == Kind.FAIL)
    return CycleResult(
        this.id,
        year,
        tuple(result["portals"]),
        fails,
        unknown,
        tally,
        kept,
        this.useless,
        tuple(killed),
        tuple(this.moved),
    )


def rehearse(config: Config, store: Store, year: int, now: datetime, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How every organisation would stand after a crawl with this result; nothing of it is kept."""
    this = _Run(config, year, now, f"rehearsal-{uuid.uuid4().hex}", BlobStore(config.storage.evidence.directory))
    held = weighed(config, store.portals, year, result)
    found = _read(this, store, held, lambda _: None)
    standing: list[dict[str, Any]] = []
    with suppress(_Rehearsed), store.transaction() as unit:
        unit.runs.begin(this.id, year, now)
        _record(this, unit, held, found)
        standing = survey(unit, config, year, now)
        raise _Rehearsed
    return standing


class _Rehearsed(Exception):
    """Undoes a transaction that was only to be looked at."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of this evidence folder: two cycles would crawl and tell everything twice."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except OSError as error:
        raise StorageError(
            "证据目录不可写", f"the evidence folder is not writable: {error.strerror}", where=str(folder)
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError("另一个实例正在运行", "another instance is running", where=str(folder)) from None
        yield


@contextmanager
def _ending(this: _Run, store: Store) -> Iterator[None]:
    """Write down how a run ended that did not get through; its own error stays the one that is seen."""
    try:
        yield
    except BaseException as error:
        with suppress(StorageError):
            state = "failed" if isinstance(error, Exception) else "interrupted"
            store.runs.finish(this.id, state, this.now, _last_hash(this))
        raise


def _last_hash(this: _Run) -> str | None:
    """Where the chain of the evidence stands; a tail cut off later misses it."""
    with suppress(EvidenceError):  # nianshen evidence verify says what is wrong with it
        return Manifest(this.config.storage.evidence.directory).last()
    return None


def _known_reports(this: _Run, store: Store) -> list[dict[str, Any]]:
    """Where the reports of the season stood, on the portals where they are looked for."""
    found = store.reports.of_year(this.year)
    return [
        {"portal": row.portal, "organisation": one.id, "year": row.year, "url": row.url}
        for one in this.config.organisations
        if (row := found.get(one.id)) and row.portal == one.portal
    ]


def _days_that_count(this: _Run, portal: Portal) -> bool:
    """Whether a report of this portal is due these days: no server is believed then that nothing changed."""
    day = timedelta(days=1)
    today = this.config.due_dates.today(this.now)
    return any(due.date - day <= today <= due.last_day + day for due in _dues(this, portal))


def _dues(this: _Run, portal: Portal) -> Iterator[Due]:
    """When the reports of this portal are due, by a local notice and by law."""
    for one in this.config.organisations:
        due = this.config.due_dates.due(one.kind, this.year, one.region) if one.portal == portal.id else None
        if due:
            yield from (due, due.legal) if due.legal else (due,)


def _read(this: _Run, store: Store, result: Mapping[str, Any], progress: Progress) -> dict[tuple[str, int], Found]:
    """The report of every organisation and year the crawl brought; unchanged bytes are not read again."""
    grouped: dict[tuple[str, int], list[Candidate]] = {}
    for data in result["candidates"]:
        candidate = Candidate.of(data)
        grouped.setdefault((candidate.organisation, candidate.year), []).append(candidate)
    found = {}
    for (organisation, year), candidates in grouped.items():
        known = _known(store, organisation, year, candidates)
        taken = known or choose(candidates, this.blobs.read, _organ(this.config, organisation))
        if known or not _may_be_better(result, taken):
            found[organisation, year] = taken
        elif not _stands(this, store, organisation, year):
            found[organisation, year] = replace(taken, report=None, why="有文件取不到 / a file could not be had")
        progress({"event": "read", "organisation": organisation, "year": year})
    return found


def _stands(this: _Run, store: Store, organisation: str, year: int) -> bool:
    """Whether what was read before stands: for a while a file that we cannot fetch says nothing new."""
    row = store.reports.get(organisation, year)
    read = store.readings.latest(organisation, year) is not None
    return read and row is not None and this.now - row.last_seen <= PATIENCE


def _may_be_better(result: Mapping[str, Any], found: Found) -> bool:
    """Whether what was taken lacks tables or pages, and a document that may hold them was not to be had this time."""
    if found.report is not None and not unread(found.report) and not goes_on(found.report):
        return False
    candidate = found.candidate
    verdict = next(one for one in result["portals"] if one["id"] == candidate.portal)
    page = candidate.attachment_of or candidate.url
    lost = any(one["page"] == page and one["outcome"] == "unknown" for one in result.get("files", ()))
    return lost or (not verdict["complete"] and candidate.organisation not in read_whole(verdict))


def _organ(config: Config, organisation_id: str) -> Organ:
    own = next(one for one in config.organisations if one.id == organisation_id)
    return Organ((own.name, *own.aliases), other_names(config.organisations, own))


def _known(store: Store, organisation: str, year: int, candidates: Sequence[Candidate]) -> Found | None:
    """The stored reading, if the same bytes were read before by the same extractor and nothing else came."""
    reading = store.readings.latest(organisation, year)
    if not reading or reading["extractor"] != EXTRACTOR or {one.sha256 for one in candidates} != {reading["sha256"]}:
        return None
    return Found(candidates[0], report_from_json(reading["document"]))


def _record(this: _Run, unit: Unit, result: Mapping[str, Any], found: Mapping[tuple[str, int], Found]) -> None:
    """Store portals, reports, readings, audits; collect what there is to tell."""
    verdicts = {verdict["id"]: verdict for verdict in result["portals"]}
    there = {(one["organisation"], one["year"]) for one in result["candidates"]}
    absent = {portal: _absent(this, verdict, there) for portal, verdict in verdicts.items()}
    for portal in this.config.portals:
        _record_portal(this, unit, portal, verdicts[portal.id], absent[portal.id])
    kept = {
        key: _keep(this, unit, key, document, _facts(result, verdicts, key, document))
        for key, document in found.items()
    }
    # Everything is stored before anything is judged: a report is compared with last year's and with its peers.
    desk = Desk(this.config, unit, this.year, this.now, this.id, this.id)
    for key, reading_id in sorted(kept.items(), key=lambda item: (item[0][1], item[0][0])):
        _audit_found(this, desk, key, found[key], reading_id)
    for portal_id, organisations in absent.items():
        for organisation_id in organisations:
            _audit_absent(this, desk, organisation_id, verdicts[portal_id])
    this.useless = desk.useless()


def _record_portal(this: _Run, unit: Unit, portal: Portal, verdict: Mapping[str, Any], absent: Collection[str]) -> None:
    step = health.advance(
        _health(unit.portals.last(portal.id)),
        this.now,
        verdict["outcome"],
        verdict["reason"],
        at_stake=_at_stake(this, portal),
    )
    unit.portals.record(
        this.id,
        portal.id,
        this.now,
        outcome=verdict["outcome"],
        reason=verdict["reason"],
        complete=verdict["complete"],
        pages_expected=verdict["pages_expected"],
        pages_seen=verdict["pages_seen"],
        items=verdict["items"],
        detail=verdict["detail"],
        absent=[(organisation, this.year) for organisation in absent],
        state=step.health.state,
        since=step.health.since,
        told=step.health.told,
        shape=verdict.get("shape"),
    )
    if step.word.tells:
        doubt = verdict.get("doubt") or _UNFETCHED.get(verdict["outcome"])
        this.news.append(telling.PortalNews(portal.id, portal.name, verdict["reason"], step.before, this.id, doubt))


_UNFETCHED = {
    "report_unreachable": health.Doubt("list_incomplete", "有年报取不到", "a listed report could not be fetched"),
    "report_undrawn": health.Doubt(
        "needs_render", "有年报的正文要由脚本生成", "only a script makes the text of a report"
    ),
}


def _health(reading: PortalReading | None) -> health.Health | None:
    """The health after a reading; a failure of a version that kept none was told when it began."""
    if reading is None:
        return None
    if reading.state and reading.since:
        return health.Health(health.State(reading.state), reading.since, reading.told or {})
    if reading.reason is None:
        return health.Health(health.State.HEALTHY, reading.read_at)
    told = {health.side(reading.outcome, reading.reason).value: reading.reason}
    return health.Health(health.State.SUSPECT, reading.read_at, told)


def _at_stake(this: _Run, portal: Portal) -> bool:
    """Whether a report of this portal is due soon or was due already, so that its absence is about to be judged."""
    today = this.config.due_dates.today(this.now)
    return any(today >= due.date - health.AT_STAKE_BEFORE for due in _dues(this, portal))


def _absent(this: _Run, verdict: Mapping[str, Any], there: Collection[tuple[str, int]]) -> list[str]:
    """Organisations whose report is not on the portal for certain.

    A doubtful link, or a report that could not be fetched, keeps those out of this to whom it may belong.
    """
    certain = read_whole(verdict)
    return [
        organisation.id
        for organisation in this.config.organisations
        if organisation.portal == verdict["id"]
        and organisation.id in certain
        and (organisation.id, this.year) not in there
    ]


def _facts(
    result: Mapping[str, Any], verdicts: Mapping[str, Mapping[str, Any]], key: tuple[str, int], found: Found
) -> Facts:
    """How the report was published, by what the crawl saw."""
    organisation = key[0]
    candidate = found.candidate
    page = candidate.attachment_of or candidate.url
    whole = organisation in read_whole(verdicts[candidate.portal])
    listed = frozenset(one["year"] for one in result.get("listed", ()) if one["organisation"] == organisation)
    return Facts(
        column=candidate.column,
        published_as=found.published_as,
        files=tuple(
            AttachedFile(one["name"], one["url"], one["outcome"])
            for one in result.get("files", ())
            if one["page"] == page
        ),
        years_found=listed - {None} if whole and listed else None,
    )


def _keep(this: _Run, unit: Unit, key: tuple[str, int], found: Found, facts: Facts) -> int | None:
    """Store the report as seen and what it says; the id of the reading, None for one that could not be read."""
    candidate = found.candidate
    # A file carries no date of publication; the day its list declares for it is the next best word of the portal.
    declared = (found.report.dates.declared if found.report else None) or candidate.list_date
    before = unit.reports.get(*key)
    if found.report is None and before:
        declared = before.declared or declared  # a page that cannot be read today takes nothing back
    organisation = next(one for one in this.config.organisations if one.id == key[0])
    facts = facts.follow(before, candidate.url, this.now, lists_of(this.config, organisation))
    if before and before.url != candidate.url:
        this.moved.append(Moved(*key, before.url, candidate.url))
    unit.reports.observe(
        *key,
        candidate.url,
        candidate.portal,
        candidate.sha256,
        declared,
        candidate.captured_at,
        this.now,
        facts.as_json(),
    )
    if found.report is None:
        return None
    document = report_to_json(found.report)
    signature = sign(found.report, organisation)
    return unit.readings.save(
        *key, candidate.sha256, candidate.captured_at, EXTRACTOR, document, candidate.url, signature
    )


def _audit_found(this: _Run, desk: Desk, key: tuple[str, int], found: Found, reading_id: int | None) -> None:
    """Judge a report that was found, and note what changed. An unreadable one resolves nothing."""
    candidate = found.candidate
    copies = tuple(Copy(_place_of(one), one.url, report) for one, report in found.copies)
    context = replace(desk.context(*key, found.report), copies=copies, stranger=found.stranger)
    judgement = desk.judge(found.report, context)
    settled = desk.settle(context, judgement, found.report, reading_id, unreadable=found.report is None)
    _tell(this, key, settled, telling.Snapshot(candidate.sha256, candidate.captured_at, candidate.url))


def _audit_absent(this: _Run, desk: Desk, organisation: str, verdict: Mapping[str, Any]) -> None:
    """A report that was not found: F001 once its absence is proven, F006 if it was there before."""
    context = desk.context(organisation, this.year)
    if context.absence is None and context.first_seen is None:
        return  # not due yet
    settled = desk.settle(context, desk.judge(None, context), None)
    evidence = verdict["evidence"][0] if verdict["evidence"] else None
    portal = this.config.portal(verdict["id"])
    snapshot = telling.Snapshot(evidence, this.now, portal.start_urls[0]) if evidence else None
    _tell(this, (organisation, this.year), settled, snapshot)


def _place_of(candidate: Candidate) -> Mapping[str, str]:
    """Where a copy stands."""
    return {"zh": "附件", "en": "attached file"} if candidate.attachment_of else {"zh": "网页", "en": "page"}


def _tell(this: _Run, key: tuple[str, int], settled: Settled, snapshot: telling.Snapshot | None) -> None:
    """What an officer should hear of becomes news."""
    if key[1] == this.year:  # a report of an earlier season is kept and judged, never an alert
        this.news += settled.news(snapshot)
