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

from audit.context import Absence, Context
from audit.engine import Judgement, judge, outcome_of
from audit.finding import Finding, Kind
from audit.lifecycle import Change, Known, compare, judged_in
from audit.lifecycle import Event as Step
from audit.reading import EXTRACTOR
from audit.report import Report, State
from audit.serialise import report_from_json, report_to_json
from crawler.evidence import BlobStore, EvidenceError
from nianshen import telling
from nianshen.choosing import Candidate, Found, choose
from nianshen.config import Config
from nianshen.errors import Exit, LockedError, StorageError
from nianshen.runner import crawl
from nianshen.standing import survey
from nianshen.status import Status, absence_proven
from nianshen.store import AuditRecord, FindingRow, ReportRow, Store, Unit, open_store
from notifiers.dispatcher import Tally

Progress = Callable[[Mapping[str, Any]], None]
_JITTER = Random()  # noqa: S311 - spreads retries, guards nothing
CRAWL_LIMIT = timedelta(hours=2)
SEND_LIMIT = timedelta(seconds=30)
TABLES = ("disclosure", "requests", "disputes")


@dataclass(frozen=True, slots=True)
class CycleResult:
    """What a cycle did. ``findings`` are the fails of the year that stand now, of portals not read today too.

    ``evidence_kept`` is False for a full disk.
    """

    run_id: str
    year: int
    portals: tuple[Mapping[str, Any], ...]
    findings: tuple[FindingRow, ...]
    unknown: tuple[str, ...]
    tally: Tally
    evidence_kept: bool = True

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

    def holds(self, sha256: str) -> bool:
        """Whether the evidence can be read back."""
        try:
            self.blobs.read(sha256)
        except EvidenceError:
            return False
        return True


def run(config: Config, *, year: int, now: datetime, progress: Progress, rng: Random = _JITTER) -> CycleResult:
    """Run one cycle for the reported ``year``, judged at ``now`` (aware).

    Raises StorageError, LockedError. A portal or a receiver that fails is a result, not an exception.
    """
    evidence = config.storage.evidence.directory
    with _alone(evidence):
        store = open_store(config.database_url)
        try:
            this = _Run(
                config, year, now, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}", BlobStore(evidence)
            )
            store.runs.begin(this.id, year, now)
            with _ending(this, store):
                result = crawl(_job(this), limit_seconds=CRAWL_LIMIT.total_seconds(), progress=progress)
                found = _read(this, store, result, progress)
                with store.transaction() as unit:
                    _record(this, unit, result, found)
                    standing = survey(unit, config, year, now)
                    open_findings = unit.findings.list(year=year, standing="open")
                    telling.enqueue(unit, config, now, this.news, standing, this.holds)
                partial = any(not portal["complete"] for portal in result["portals"])
                store.runs.finish(this.id, "partial" if partial else "finished", now)
            progress({"event": "sending"})
            tally = telling.send(store, config, SEND_LIMIT, rng)
        finally:
            store.close()
    unknown = tuple(one["id"] for one in standing if one["status"] == Status.UNKNOWN)
    kept = result["exit"] != Exit.STORAGE
    fails = tuple(one for one in open_findings if one.kind == Kind.FAIL)
    return CycleResult(this.id, year, tuple(result["portals"]), fails, unknown, tally, kept)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
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
            store.runs.finish(this.id, state, this.now)
        raise


def _job(this: _Run) -> dict[str, Any]:
    """The crawler's job document."""
    config = this.config
    return {
        "run_id": this.id,
        "now": this.now.isoformat(),
        "year": this.year,
        "evidence": str(config.storage.evidence.directory),
        "contact": config.site.base_url,
        "portals": [portal.model_dump(mode="json") for portal in config.portals],
        "organisations": [
            organisation.model_dump(mode="json", include={"id", "name", "aliases", "kind", "region", "portal"})
            for organisation in config.organisations
        ],
    }


def _read(this: _Run, store: Store, result: Mapping[str, Any], progress: Progress) -> dict[tuple[str, int], Found]:
    """The report of every organisation and year the crawl brought; unchanged bytes are not read again."""
    grouped: dict[tuple[str, int], list[Candidate]] = {}
    for data in result["candidates"]:
        candidate = Candidate.of(data)
        grouped.setdefault((candidate.organisation, candidate.year), []).append(candidate)
    found = {}
    for (organisation, year), candidates in grouped.items():
        found[organisation, year] = _known(store, organisation, year, candidates) or choose(candidates, this.blobs.read)
        progress({"event": "read", "organisation": organisation, "year": year})
    return found


def _known(store: Store, organisation: str, year: int, candidates: Sequence[Candidate]) -> Found | None:
    """The stored reading, if the same bytes were read before by the same extractor and nothing else came."""
    reading = store.readings.latest(organisation, year)
    if not reading or reading["extractor"] != EXTRACTOR or {one.sha256 for one in candidates} != {reading["sha256"]}:
        return None
    return Found(candidates[0], report_from_json(reading["document"]))


def _record(this: _Run, unit: Unit, result: Mapping[str, Any], found: Mapping[tuple[str, int], Found]) -> None:
    """Store portals, reports, readings, audits; collect what there is to tell."""
    verdicts = {verdict["id"]: verdict for verdict in result["portals"]}
    absent = {portal: _absent(this, verdict, found) for portal, verdict in verdicts.items()}
    for portal in this.config.portals:
        verdict = verdicts[portal.id]
        before = unit.portals.last(portal.id)
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
            absent=[(organisation, this.year) for organisation in absent[portal.id]],
        )
        if verdict["reason"] != (before.reason if before else None):
            this.news.append(
                telling.PortalNews(
                    portal.id, portal.name, verdict["reason"], before.reason if before else None, this.id
                )
            )
    # Earlier years first: the reading of last year is what this year's carry-over is compared with.
    for (organisation_id, year), document in sorted(found.items(), key=lambda item: item[0]):
        _audit_found(this, unit, organisation_id, year, document)
    for portal_id, organisations in absent.items():
        for organisation_id in organisations:
            _audit_absent(this, unit, organisation_id, verdicts[portal_id])


def _absent(this: _Run, verdict: Mapping[str, Any], found: Mapping[tuple[str, int], Found]) -> list[str]:
    """Organisations whose report a portal read whole does not hold; a doubtful link keeps its suspects out of this."""
    if not verdict["complete"]:
        return []
    certain = {one["organisation"] for one in verdict["lists"] if one["complete"]}
    return [
        organisation.id
        for organisation in this.config.organisations
        if organisation.portal == verdict["id"]
        and organisation.id in certain
        and (organisation.id, this.year) not in found
    ]


def _context(this: _Run, unit: Unit, organisation_id: str, year: int, row: ReportRow | None) -> Context:
    organisation = next(one for one in this.config.organisations if one.id == organisation_id)
    due = this.config.due_dates.due(organisation.kind, year, organisation.region)
    previous = unit.readings.latest(organisation_id, year - 1)
    absent_before = unit.portals.absent_before(organisation_id, year, row.first_seen) if row else None
    return Context(
        organisation=organisation.id,
        name=organisation.name,
        aliases=organisation.aliases,
        kind=organisation.kind,
        year=year,
        due=due.date if due else None,
        due_basis=due.basis if due else "",
        rest_day_until=due.rest_day_until if due else None,
        today=this.config.due_dates.today(this.now),
        absent_before=absent_before,
        first_seen=row.first_seen if row else None,
        historic=year < this.year and absent_before is None,
        previous=report_from_json(previous["document"]) if previous else None,
    )


def _audit_found(this: _Run, unit: Unit, organisation: str, year: int, found: Found) -> None:
    """Store the report as seen, judge it, and note what changed. An unreadable one resolves nothing."""
    candidate = found.candidate
    # A file carries no date of publication; the day its list declares for it is the next best word of the portal.
    declared = (found.report.dates.declared if found.report else None) or candidate.list_date
    before = unit.reports.get(organisation, year)
    if found.report is None and before:
        declared = before.declared or declared  # a page that cannot be read today takes nothing back
    row = unit.reports.observe(
        organisation, year, candidate.url, candidate.portal, candidate.sha256, declared, candidate.captured_at, this.now
    )
    if found.report is None:
        unit.commit_audit(
            AuditRecord(organisation, year, this.now, "", (), outcome="unreadable", run_id=this.id, unread=TABLES)
        )
        return
    reading_id = unit.readings.save(
        organisation,
        year,
        candidate.sha256,
        candidate.captured_at,
        EXTRACTOR,
        report_to_json(found.report),
        candidate.url,
    )
    context = replace(_context(this, unit, organisation, year, row), published=declared)
    judgement = _judge(this, found.report, context)
    evidence = telling.Snapshot(candidate.sha256, candidate.captured_at, candidate.url)
    _settle(this, unit, organisation, year, judgement, evidence, found.report, reading_id)


def _audit_absent(this: _Run, unit: Unit, organisation: str, verdict: Mapping[str, Any]) -> None:
    """A report that is due and was not found: F001 once its absence is proven, before that only ``unknown``."""
    if unit.reports.get(organisation, this.year):
        return  # seen before and gone now: withdrawn or moved, not unpublished
    calendar = this.config.due_dates
    context = _context(this, unit, organisation, this.year, None)
    last_day = context.rest_day_until or context.due
    if last_day is None or not calendar.passed(last_day, this.now):
        return
    proof = this.config.calendar.absence_proof
    times = tuple(time for time in unit.portals.absences(organisation, this.year) if calendar.passed(last_day, time))
    proven = absence_proven(times, runs=proof.runs, gap=timedelta(hours=proof.min_gap_hours))
    judgement = _judge(this, None, replace(context, absence=Absence(proven, times)))
    evidence = verdict["evidence"][0] if verdict["evidence"] else None
    portal = next(one for one in this.config.portals if one.id == verdict["id"])
    snapshot = telling.Snapshot(evidence, this.now, portal.start_urls[0]) if evidence else None
    _settle(this, unit, organisation, this.year, judgement, snapshot, None, None)


def _judge(this: _Run, report: Report | None, context: Context) -> Judgement:
    rules = this.config.rules
    return judge(report, context, ignore=rules.disable, severity=rules.severity)


def _settle(
    this: _Run,
    unit: Unit,
    organisation: str,
    year: int,
    judgement: Judgement,
    snapshot: telling.Snapshot | None,
    report: Report | None,
    reading_id: int | None,
) -> None:
    """Store one audit with its changes; what an officer should hear of becomes news."""
    known = {row.fingerprint: row for row in unit.findings.of(organisation, year)}
    changes = compare([_as_known(row) for row in known.values()], judgement.findings, judged_in(judgement))
    waived = _waived(this, organisation, year, judgement.findings)
    unit.findings.commit_audit(
        AuditRecord(
            organisation,
            year,
            this.now,
            judgement.ruleset,
            changes,
            outcome=outcome_of(report, judgement) if report else None,
            run_id=this.id,
            reading_id=reading_id,
            unread=_unread(report) if report else (),
            not_judged=[one.as_json() for one in judgement.not_judged],
            waived=waived,
        )
    )
    if year != this.year:
        return  # a report of an earlier season is kept and judged, never an alert
    for change in changes:
        row = known.get(change.fingerprint)
        step = _spoken(change, row, waived)
        news = telling.news_of(step, row.document if row else None) if step else None
        if news:
            is_waived = change.fingerprint in waived
            this.news.append(telling.FindingNews(organisation, year, *news, snapshot, this.id, is_waived))


def _spoken(change: Change, row: FindingRow | None, waived: Collection[str]) -> Change | None:
    """The change as people hear of it. What a person decided stands until the figures change or the waiver ends."""
    if row is None or row.decision is None or change.event in {Step.WORSE, Step.REOPENED}:
        return change
    ended = row.decision == "waived" and change.finding is not None and change.fingerprint not in waived
    return replace(change, event=Step.REOPENED) if ended else None


def _as_known(row: FindingRow) -> Known:
    return Known(row.fingerprint, row.rule, row.subject, row.state, row.state_hash, row.kind)


def _waived(this: _Run, organisation: str, year: int, findings: Sequence[Finding]) -> frozenset[str]:
    """Fingerprints a waiver covers today."""
    today = this.config.due_dates.today(this.now)
    waivers = [
        waiver
        for waiver in this.config.rules.waivers
        if waiver.organisation == organisation
        and waiver.year in {None, year}
        and (waiver.until is None or waiver.until >= today)
    ]
    return frozenset(
        finding.fingerprint for finding in findings if any(waiver.rule == finding.rule for waiver in waivers)
    )


def _unread(report: Report) -> tuple[str, ...]:
    """Tables more than half of which could not be read."""
    lost = {State.UNREADABLE, State.ABSENT}
    return tuple(
        name
        for name, table in report.tables.items()
        if sum(cell.state in lost for cell in table.cells.values()) * 2 > len(table.cells)
    )
