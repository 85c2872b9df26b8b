"""From what is stored of a report to a stored audit: its context, the judgement, and what changed by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from audit.context import Absence, AttachedFile, Context, Part, RollUp, Version
from audit.engine import Judgement, judge, outcome_of
from audit.finding import Finding
from audit.lifecycle import Change, Known, compare, judged_in
from audit.lifecycle import Event as Step
from audit.reading import EXTRACTOR
from audit.report import Report, State
from audit.serialise import known_numbers, report_from_json
from audit.waivers import Waiver, apply
from nianshen import telling
from nianshen.archive import Archive
from nianshen.calendar import Due
from nianshen.config import Config
from nianshen.config.model import Organisation
from nianshen.standing import lists_of
from nianshen.status import absence_proven
from nianshen.store import AuditRecord, FindingRow, Lists, ReportRow, Unit
from notifiers.mute import Why

TABLES = ("disclosure", "requests", "disputes")
Number = int | Decimal
_MOST_MOVES = 20


@dataclass(frozen=True, slots=True)
class Facts:
    """How a report was published, as its portal showed it; stored beside the report.

    ``years_found`` is None unless the list was read whole; ``files`` is None unless the page was fetched. ``moved``
    are its earlier addresses, each with when it was first seen elsewhere; ``first_on`` the lists that first showed it.
    """

    column: str | None = None
    published_as: str | None = None
    files: tuple[AttachedFile, ...] | None = None
    years_found: frozenset[int] | None = None
    moved: tuple[tuple[str, str], ...] = ()
    first_on: Lists | None = None

    def as_json(self) -> dict[str, Any]:
        files = None if self.files is None else [_file_json(one) for one in self.files]
        years = None if self.years_found is None else sorted(self.years_found)
        return {
            "column": self.column,
            "published_as": self.published_as,
            "files": files,
            "years_found": years,
            "moved": [{"from": url, "at": at} for url, at in self.moved],
            "first_on": self.first_on and {"portal": self.first_on.portal, "start_urls": [*self.first_on.start_urls]},
        }

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Facts:
        """Out of the store; a report stored before facts were kept has none."""
        known = data or {}
        files, years, first = known.get("files"), known.get("years_found"), known.get("first_on")
        return cls(
            known.get("column"),
            known.get("published_as"),
            None if files is None else tuple(AttachedFile(**one) for one in files),
            None if years is None else frozenset(years),
            tuple((one["from"], one["at"]) for one in known.get("moved", ())),
            Lists(first["portal"], tuple(first["start_urls"])) if first else None,
        )

    def follow(self, before: ReportRow | None, url: str, now: datetime, lists: Lists) -> Facts:
        """These facts with what an earlier sighting adds: where the report was first seen, and where it stood since."""
        if before is None:
            return replace(self, first_on=lists)
        known = Facts.of(before.facts)
        moved = ((before.url, now.isoformat()),) if before.url != url else ()
        return replace(self, moved=(*known.moved, *moved)[-_MOST_MOVES:], first_on=known.first_on)


@dataclass(frozen=True, slots=True)
class Settled:
    """One stored audit: what changed, the findings as they stood before, and what waivers cover of those found now."""

    organisation: str
    year: int
    scope: str
    changes: tuple[Change, ...]
    before: Mapping[str, FindingRow]
    waived: frozenset[str]

    def news(self, snapshot: telling.Snapshot | None) -> Iterator[telling.FindingNews]:
        """What an officer should hear of. What a person decided stands until the figures change."""
        for change in self.changes:
            row = self.before.get(change.fingerprint)
            spoken = self._spoken(change, row)
            if spoken and (said := telling.news_of(spoken, row.document if row else None)):
                waived = change.fingerprint in self.waived
                yield telling.FindingNews(self.organisation, self.year, *said, snapshot, self.scope, waived)

    def _spoken(self, change: Change, row: FindingRow | None) -> Change | None:
        if row is None or row.decision is None or change.event in {Step.WORSE, Step.REOPENED}:
            return change
        over = row.decision == "waived" and change.finding is not None and change.fingerprint not in self.waived
        return replace(change, event=Step.REOPENED) if over else None


@dataclass
class Desk:
    """Where reports of a season are judged, within one transaction. ``season`` is the reported year of the run.

    ``scope`` tells the alerts of this judging from those of any other: the same finding may be told again.
    """

    config: Config
    unit: Unit
    season: int
    now: datetime
    scope: str
    run_id: str | None = None
    used: set[Waiver] = field(default_factory=set)
    seen: set[tuple[str, int]] = field(default_factory=set)
    _numbers: dict[int, dict[str, dict[str, tuple[Number, ...]]]] = field(default_factory=dict)

    def context(self, organisation_id: str, year: int, report: Report | None = None) -> Context:
        """Everything the store and the configuration know of one organ's report of one year."""
        organisation = self._organisations[organisation_id]
        row = self.unit.reports.get(organisation_id, year)
        due = self.config.due_dates.due(organisation.kind, year, organisation.region)
        facts = Facts.of(row.facts if row else None)
        lists = facts.first_on or lists_of(self.config, organisation)
        absent_before = self.unit.portals.absent_before(organisation_id, year, lists, row.first_seen) if row else None
        return Context(
            organisation=organisation.id,
            name=organisation.name,
            aliases=organisation.aliases,
            kind=organisation.kind,
            region=organisation.region or None,
            year=year,
            **(due.facts if due else {}),
            published=row.declared if row else None,
            today=self.today,
            absent_before=absent_before,
            first_seen=row.first_seen if row else None,
            historic=year < self.season and absent_before is None,
            absence=None if row else self._absence(organisation, year, due),
            gone=self._gone(organisation, row) if row else (),
            versions=self._versions(organisation_id, year, row),
            years_found=facts.years_found,
            column=facts.column,
            published_as=facts.published_as,
            files=facts.files,
            previous=self._reading(organisation_id, year - 1),
            roll_up=self._roll_up(organisation_id, year),
            alike=self._archive.alike(organisation_id, year, report) if report else None,
            template=self._archive.template(year),
            peers=self._peers(organisation.kind, year),
            other_names=other_names(self.config.organisations, organisation),
        )

    def judge(self, report: Report | None, context: Context) -> Judgement:
        """The judgement by the rules of the configuration."""
        rules = self.config.rules
        return judge(report, context, ignore=rules.disable, severity=rules.severity)

    def settle(
        self,
        context: Context,
        judgement: Judgement,
        report: Report | None,
        reading_id: int | None = None,
        *,
        unreadable: bool = False,
    ) -> Settled:
        """Store one audit with what it changed; ``unreadable``: a document is there, but it gave no report."""
        organisation, year = context.organisation, context.year or self.season
        waived = apply(self._waivers, organisation, year, judgement.findings, self.today)
        self.used |= waived.used
        self.seen.add((organisation, year))
        findings = tuple(_with_word(finding, waived.ended.get(finding.fingerprint)) for finding in judgement.findings)
        before = {row.fingerprint: row for row in self.unit.findings.of(organisation, year)}
        changes = compare([_as_known(row) for row in before.values()], findings, judged_in(judgement))
        decided = {key for key, row in before.items() if row.decided_until and row.decided_until >= self.today}
        self.unit.findings.commit_audit(
            AuditRecord(
                organisation,
                year,
                self.now,
                judgement.ruleset,
                changes,
                outcome=outcome_of(report, judgement) if report else "unreadable" if unreadable else None,
                run_id=self.run_id,
                reading_id=reading_id,
                unread=unread(report) if report else TABLES if unreadable else (),
                not_judged=[one.as_json() for one in judgement.not_judged],
                waived=frozenset(waived.covered),
                today=self.today,
                findings=findings,
            )
        )
        if waived.covered:
            self.unit.outbox.withdraw(waived.covered, Why.DECIDED)
        return Settled(organisation, year, self.scope, changes, before, frozenset(waived.covered) | decided)

    def useless(self) -> tuple[Waiver, ...]:
        """Waivers of organs that were judged now, which no finding asks for."""
        judged = {organisation for organisation, _ in self.seen}
        return tuple(
            one
            for one in self._waivers
            if one not in self.used
            and ((one.organisation, one.year) in self.seen if one.year else one.organisation in judged)
        )

    @property
    def today(self) -> date:
        return self.config.due_dates.today(self.now)

    @cached_property
    def _organisations(self) -> dict[str, Organisation]:
        return {one.id: one for one in self.config.organisations}

    @cached_property
    def _waivers(self) -> tuple[Waiver, ...]:
        return tuple(Waiver(**one.model_dump()) for one in self.config.rules.waivers)

    @cached_property
    def _children(self) -> Mapping[str, Sequence[Organisation]]:
        below: dict[str, list[Organisation]] = defaultdict(list)
        for one in self.config.organisations:
            if one.parent:
                below[one.parent].append(one)
        return below

    @cached_property
    def _archive(self) -> Archive:
        return Archive(self.unit.readings, self._organisations, self.season)

    def _gone(self, organisation: Organisation, row: ReportRow) -> tuple[datetime, ...]:
        """Looks since that did not find it. One portal's list does not speak of what stood on another's."""
        if row.portal != organisation.portal:
            return ()
        return tuple(self.unit.portals.absences(organisation.id, row.year, lists_of(self.config, organisation)))

    def _absence(self, organisation: Organisation, year: int, due: Due | None) -> Absence | None:
        """Complete readings without the report after the due day; None while it is not due."""
        calendar, proof = self.config.due_dates, self.config.calendar.absence_proof
        if due is None or not calendar.passed(due.last_day, self.now):
            return None
        times = self.unit.portals.absences(organisation.id, year, lists_of(self.config, organisation))
        after = tuple(time for time in times if calendar.passed(due.last_day, time))
        return Absence(absence_proven(after, runs=proof.runs, gap=timedelta(hours=proof.min_gap_hours)), after)

    def _versions(self, organisation_id: str, year: int, row: ReportRow | None) -> tuple[Version, ...]:
        """How the report first read, if other bytes stand there now."""
        first = self.unit.readings.first(organisation_id, year, EXTRACTOR) if row else None
        if first is None or row is None or first["sha256"] == row.sha256:
            return ()
        return (Version(row.first_seen, first["sha256"], report_from_json(first["document"])),)

    def _reading(self, organisation_id: str, year: int) -> Report | None:
        row = self.unit.readings.latest(organisation_id, year)
        return report_from_json(row["document"]) if row else None

    def _roll_up(self, organisation_id: str, year: int) -> RollUp | None:
        """The reports of the organs below, those that sum up others themselves left out.

        The configuration names whom we watch, never all whom a government answers for: only a lower bound is known.
        """
        leaves = [one for one in self._children.get(organisation_id, ()) if one.id not in self._children]
        held = ((one, self._reading(one.id, year)) for one in leaves)
        parts = tuple(Part(one.id, one.name, report) for one, report in held if report)
        return RollUp(parts, None) if parts else None

    def _peers(self, kind: str, year: int) -> Mapping[str, tuple[Number, ...]]:
        """Known numbers by cell among organs of one kind; gathered once for all organs of the year."""
        if year not in self._numbers:
            gathered: dict[str, dict[str, list[Number]]] = defaultdict(lambda: defaultdict(list))
            for row in self.unit.readings.of_year(year):
                if one := self._organisations.get(row["organisation"]):
                    for cell_id, number in known_numbers(row["document"]).items():
                        gathered[one.kind][cell_id].append(number)
            self._numbers[year] = {
                name: {cell_id: tuple(numbers) for cell_id, numbers in cells.items()}
                for name, cells in gathered.items()
            }
        return self._numbers[year].get(kind, {})


def other_names(organisations: Sequence[Organisation], own: Organisation) -> frozenset[str]:
    """Names of organs that are not this one, above it or below it."""
    parents = {one.id: one.parent for one in organisations}
    family = {own.id, *(one.id for one in organisations if one.parent == own.id)}
    above = own.parent
    while above and above not in family:
        family.add(above)
        above = parents.get(above)
    return frozenset(one.name for one in organisations if one.id not in family)


def unread(report: Report) -> tuple[str, ...]:
    """Tables more than half of which could not be read."""
    lost = {State.UNREADABLE, State.ABSENT}
    return tuple(
        name
        for name, table in report.tables.items()
        if sum(cell.state in lost for cell in table.cells.values()) * 2 > len(table.cells)
    )


def goes_on(report: Report) -> bool:
    """Whether the report goes on on a page that was not read."""
    return any(trouble.kind == "continued" for trouble in report.troubles)


def _as_known(row: FindingRow) -> Known:
    return Known(row.fingerprint, row.rule, row.subject, row.state, row.state_hash, row.kind)


def _with_word(finding: Finding, waiver: Waiver | None) -> Finding:
    """The finding, with the word that its waiver is over."""
    if waiver is None:
        return finding
    hint = finding.hint or {}
    return replace(
        finding, hint={name: "；".join(filter(None, (hint.get(name), said))) for name, said in waiver.words.items()}
    )


def _file_json(one: AttachedFile) -> dict[str, Any]:
    return {"name": one.name, "url": one.url, "outcome": one.outcome}
