"""What a run came to know of one portal, and the rows of the result that follow from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from crawler.classify import Outcome, Verdict
from crawler.coverage import ListReading, PageRead, judge_portal
from crawler.portal import Organisation, Portal
from crawler.select import Choice, Kind


@dataclass(frozen=True, slots=True)
class Visit:
    """Why an address is fetched. ``role``: list, report or attachment; ``list_url`` names the list it came from."""

    portal: str
    role: str
    list_url: str
    number: int = 1
    depth: int = 0
    owner: str | None = None
    year: int | None = None
    alternate: str | None = None
    choice: Choice | None = None
    attachment_of: str | None = None


@dataclass(slots=True)
class Ledger:
    """The book of one portal. Whatever is still ``pending`` when the run ends was not read."""

    portal: Portal
    organisations: tuple[Organisation, ...]
    readings: dict[str, ListReading] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    review: dict[str, Choice] = field(default_factory=dict)
    listed: dict[tuple[str, str | None, int | None], Choice] = field(default_factory=dict)
    evidence: list[str] = field(default_factory=list)
    lost: list[tuple[str | None, Verdict]] = field(default_factory=list)
    errors: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    names_column: bool = False
    pending: int = 0

    def open(self, visit: Visit) -> None:
        """A fetch was ordered."""
        self.pending += 1
        if visit.role == "list":
            self.readings.setdefault(visit.list_url, ListReading(visit.list_url, year=visit.year))
            if visit.owner:
                self.owners[visit.list_url] = visit.owner

    def read(self, visit: Visit, page: PageRead, *, leads_on: bool) -> None:
        """A page of a list was read."""
        known = self.readings[visit.list_url]
        self.readings[visit.list_url] = replace(known, pages=(*known.pages, page), leads_on=known.leads_on or leads_on)

    def choose(self, choice: Choice) -> None:
        """A link was judged; reports and doubts are remembered once."""
        if choice.kind is Kind.AMBIGUOUS:
            self.review.setdefault(choice.link.url, choice)
        elif choice.kind is Kind.REPORT:
            self.listed.setdefault((choice.link.url, choice.organisation, choice.year), choice)

    def failed(self, visit: Visit, verdict: Verdict) -> None:
        """A fetch gave nothing that can be judged."""
        if verdict.outcome is Outcome.CODE_ERROR:
            self.errors.append(verdict)
        elif visit.role == "list":
            if verdict.outcome is Outcome.BAD_CONTENT:
                verdict = Verdict(Outcome.LAYOUT_CHANGED, verdict.evidence)
            known = self.readings[visit.list_url]
            self.readings[visit.list_url] = replace(known, failures=(*known.failures, verdict))
        else:
            self.lost.append((visit.choice.organisation if visit.choice else None, verdict))

    def keep(self, sha: str) -> None:
        """Bytes that belong to this portal were stored."""
        if sha not in self.evidence:
            self.evidence.append(sha)

    def list_verdict(self) -> Verdict:
        """Whether the lists were read whole, leaving single reports aside."""
        if self.errors:
            return self.errors[0]
        if self.pending:
            return Verdict(Outcome.INCOMPLETE_PAGES, f"中断，{self.pending}个请求没有结果 / interrupted")
        return judge_portal(list(self.readings.values()), self.portal.expect, names_column=self.names_column)

    def verdict(self) -> Verdict:
        """The portal's outcome: its lists first, then reports that are listed but could not be fetched."""
        verdict = self.list_verdict()
        if verdict.outcome is Outcome.FOUND and self.lost:
            first = self.lost[0][1]
            return Verdict(
                Outcome.REPORT_UNREACHABLE,
                f"{len(self.lost)}份年报取不到 / reports could not be fetched: {first.outcome.value}: {first.evidence}",
            )
        return verdict

    def as_json(self) -> dict[str, Any]:
        """The portal's row of the result."""
        verdict, whole = self.verdict(), self.list_verdict().outcome is Outcome.FOUND
        doubtful = {who for who, _ in self.lost} | {who for one in self.review.values() for who in one.suspects}
        # An organisation's own folder without entries proves nothing about it.
        doubtful |= {who for url, who in self.owners.items() if not self.readings[url].items}
        unknown = None in doubtful
        readings = self.readings.values()
        return {
            "id": self.portal.id,
            "outcome": verdict.outcome.value,
            "reason": verdict.outcome.reason,
            "complete": verdict.outcome is Outcome.FOUND,
            "pages_expected": sum(reading.expected for reading in readings),
            "pages_seen": sum(len({page.number for page in reading.pages}) for reading in readings),
            "items": sum(reading.items for reading in readings),
            "evidence": self.evidence,
            "detail": "; ".join((verdict.evidence, *self.notes)),
            "lists": [
                {"organisation": one.id, "complete": whole and not unknown and one.id not in doubtful}
                for one in self.organisations
            ],
        }


def choice_as_json(portal: str, choice: Choice) -> dict[str, Any]:
    """A judged link as the result shows it."""
    day: date | None = choice.link.date
    return {
        "portal": portal,
        "organisation": choice.organisation,
        "year": choice.year,
        "url": choice.link.url,
        "title": choice.link.title,
        "list_date": day.isoformat() if day else None,
        "suspects": list(choice.suspects),
        "why": list(choice.why),
    }
