"""What a run came to know of one portal, and the rows of the result that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from crawler.classify import Outcome, Verdict
from crawler.cms.page import Link, PageLink
from crawler.cms.pager import MAX_PAGES
from crawler.coverage import ListReading, PageRead, judge_list, judge_portal
from crawler.portal import Certificates, Organisation, Portal
from crawler.rows import Spool
from crawler.select import Choice, Kind


@dataclass(frozen=True, slots=True)
class Visit:
    """Why an address is fetched. ``role``: list, report, part, attachment, robots, resource; ``list_url``: its list.

    ``part_of`` is the first page of the report that this is a further page of.

    ``system`` and ``column`` are what the page that led to an endpoint was: its reply has neither marks nor headings.

    ``optional``: an attachment beside a report that stands on the page, or an organ's page beside a list of all;
    ``tucked``: an attachment that only a script of the page speaks of: nobody was promised it.
    ``hops``: pages that only sent us on; ``unlisted``: a report known from earlier that no list shows any more.
    """

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
    part_of: str | None = None
    optional: bool = False
    tucked: bool = False
    unlisted: bool = False
    hops: int = 0
    system: str | None = None
    column: bool = False
    body: str = ""


class Listed(NamedTuple):
    """A report that a list shows: the place of its row, and the year of the date beside it."""

    row: int
    dated: int | None


@dataclass(slots=True)
class Ledger:
    """The book of one portal. Whatever is still ``pending`` when the run ends was not read.

    ``unrecorded`` of them are what a replay has no answer to.
    """

    portal: Portal
    organisations: tuple[Organisation, ...]
    year: int | None = None
    rows: Spool = field(default_factory=Spool)
    readings: dict[str, ListReading] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    candidates: list[int] = field(default_factory=list)
    captured: set[tuple[str | None, int | None]] = field(default_factory=set)
    review: dict[str, Choice] = field(default_factory=dict)
    others: dict[str, Choice] = field(default_factory=dict)
    listed: dict[tuple[str, str | None, int | None], Listed] = field(default_factory=dict)
    evidence: dict[str, tuple[bool, bool, int, str, int]] = field(default_factory=dict)
    lost: list[tuple[str | None, Verdict]] = field(default_factory=list)
    errors: list[Verdict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    names_column: bool = False
    pending: int = 0
    unrecorded: int = 0
    known: tuple[Choice, ...] = ()

    def __post_init__(self) -> None:
        if self.portal.certificates is Certificates.IGNORE:
            self.notes.append("按配置不核对证书 / certificates not verified by configuration")

    def open(self, visit: Visit) -> None:
        """A fetch was ordered."""
        self.pending += 1
        self.enter(visit)

    def enter(self, visit: Visit) -> None:
        """A list is about to be read."""
        if visit.role == "list":
            self.readings.setdefault(
                visit.list_url,
                ListReading(visit.list_url, year=visit.year, start=visit.depth == 0, optional=visit.optional),
            )
            if visit.owner:
                self.owners[visit.list_url] = visit.owner

    def read(self, visit: Visit, page: PageRead, *, leads_on: bool, owner: str | None = None) -> None:
        """A page of a list was read; ``owner`` is the organisation it is about, if it names one."""
        known = self.readings[visit.list_url]
        if owner:
            self.owners[visit.list_url] = owner
            known = replace(known, owned=True)
        self.readings[visit.list_url] = replace(known, pages=(*known.pages, page), leads_on=known.leads_on or leads_on)

    def choose(self, choice: Choice) -> None:
        """A link was judged; reports and doubts are remembered once."""
        if choice.kind is Kind.AMBIGUOUS:
            self.review.setdefault(choice.link.url, choice)
        elif choice.kind is Kind.REPORT:
            key = (choice.link.url, choice.organisation, choice.year)
            if key not in self.listed:
                row = self.rows.add(choice_as_json(self.portal.id, choice))
                self.listed[key] = Listed(row, choice.link.date.year if choice.link.date else None)
        else:
            self.others.setdefault(choice.link.url, choice)

    def unlisted(self) -> list[Choice]:
        """Known reports that these lists, read whole, do not show; asked for once, when nothing else is under way."""
        if self.pending or not self.known or self.list_verdict().outcome is not Outcome.FOUND:
            return []
        known, self.known = self.known, ()
        shown = {(who, year) for _, who, year in self.listed} | self.captured
        return [one for one in known if (one.organisation, one.year) not in shown]

    def failed(self, visit: Visit, verdict: Verdict, url: str) -> None:
        """A fetch gave nothing that can be judged."""
        self._file(visit, url, _LOST_FILES.get(verdict.outcome, "unknown"))
        if verdict.outcome is Outcome.CODE_ERROR:
            self.errors.append(verdict)
        elif visit.role == "list":
            if verdict.outcome is Outcome.BAD_CONTENT:
                verdict = Verdict(Outcome.LAYOUT_CHANGED, verdict.evidence)
            known = self.readings[visit.list_url]
            self.readings[visit.list_url] = replace(known, failures=(*known.failures, verdict))
        elif visit.unlisted and verdict.outcome in _LOST_FILES:
            self.notes.append(f"年报不在列表，网页也不在了 / a report neither listed nor there any more: {url}"[:300])
        elif (
            visit.optional
            or (visit.tucked and verdict.outcome in _LOST_FILES)
            or (visit.choice and not self._asked_for(visit.choice.year))
        ):
            self.notes.append(f"另有取不到的文件 / also not fetched: {verdict.outcome.value}: {verdict.evidence}"[:300])
        else:
            self.lost.append((visit.choice.organisation if visit.choice else None, verdict))

    def take(
        self,
        visit: Visit,
        choice: Choice,
        url: str,
        sha: str,
        media: str,
        captured_at: str,
        headers: Sequence[tuple[str, str]],
    ) -> None:
        """A document that may be the report was captured."""
        self._file(visit, url, "ok")
        if visit.unlisted and visit.role == "report":
            self.notes.append(f"年报不在列表，但网页仍在 / a report is not listed, but its page is there: {url}"[:300])
        fetched = {
            "url": url,
            "sha256": sha,
            "media_type": media,
            "headers": {name: value for name, value in headers if name.lower() not in _OF_NO_USE},
            "captured_at": captured_at,
            "attachment_of": visit.attachment_of,
            "column": self.columns.get(visit.list_url),
        }
        self.candidates.append(self.rows.add(choice_as_json(self.portal.id, choice) | fetched))
        self.captured.add((choice.organisation, choice.year))

    def _file(self, visit: Visit, url: str, outcome: str) -> None:
        """What became of a file that a report's page offers."""
        if visit.role == "attachment" and visit.attachment_of and not visit.tucked:
            name = unquote(urlsplit(url).path.rpartition("/")[2])
            self.files.append({"page": visit.attachment_of, "name": name, "url": url, "outcome": outcome})

    def capture(self, visit: Visit, sha: str, status: int) -> None:
        """An answer was captured. robots.txt and scripts alone show nothing of what the portal publishes."""
        if visit.role not in {"robots", "resource"}:
            rank = (status not in {200, 304}, visit.role != "list", visit.depth, visit.list_url, visit.number)
            self.evidence[sha] = min(rank, self.evidence.get(sha, rank))

    def keep(self, visit: Visit, sha: str) -> None:
        """Bytes that belong to this portal were stored."""
        self.capture(visit, sha, 200)

    def further(
        self, visit: Visit, links: Sequence[PageLink], items: frozenset[str]
    ) -> tuple[Sequence[PageLink], str | None]:
        """Which pages to ask for next, and why the list is then not seen whole: some pagers never end."""
        fresh = [link for link in links if f"list {link.key} " not in self.seen]
        if not fresh or visit.number == 1:
            return fresh, None
        known: frozenset[str] = frozenset().union(*(page.items for page in self.readings[visit.list_url].pages))
        if visit.number >= MAX_PAGES or items <= known:
            return (), "翻页没有新条目或没有尽头 / the pager brings nothing new, or never ends"
        return fresh, None

    def _asked_for(self, year: int | None) -> bool:
        return year is None or self.year is None or year == self.year

    def _in_order(self) -> list[ListReading]:
        """The lists, those of the configuration first, whichever was answered first."""
        return sorted(self.readings.values(), key=lambda reading: (not reading.start, reading.url))

    def _slips(self) -> set[str | None]:
        """Whose report of this year may be there under a year mistyped: the next one, or the last one once more.

        No report can be out in the year it reports on; and two of last year, one of them out this season, are one of
        this year and a slip of the hand, as far as anybody can tell from here.
        """
        by_year: dict[tuple[str | None, int | None], list[int]] = {}
        for (_, who, year), one in self.listed.items():
            by_year.setdefault((who, year), []).extend([one.dated] if one.dated else [])
        slips: set[str | None] = set()
        for (who, year), days in by_year.items():
            ahead = self.year is not None and year == self.year + 1 and year in days
            twice = self.year is not None and year == self.year - 1 and len(set(days)) > 1 and self.year + 1 in days
            slips |= {who} if ahead or twice else set()
        return slips

    def list_verdict(self) -> Verdict:
        """Whether the lists were read whole, leaving single reports aside."""
        if self.errors:
            return self.errors[0]
        if self.pending:
            return Verdict(Outcome.INCOMPLETE_PAGES, f"中断，{self.pending}个请求没有结果 / interrupted")
        return judge_portal(self._in_order(), self.portal.expect, names_column=self.names_column)

    def verdict(self) -> Verdict:
        """The portal's outcome: its lists first, then reports that are listed but could not be fetched."""
        verdict = self.list_verdict()
        if verdict.outcome is Outcome.FOUND and self.lost:
            first = min((one for _, one in self.lost), key=lambda one: one.evidence)
            if all(one.outcome is Outcome.NEEDS_RENDER for _, one in self.lost):
                said = f"{len(self.lost)}份年报的正文要由脚本生成 / reports whose text only a script makes"
                return Verdict(Outcome.REPORT_UNDRAWN, f"{said}: {first.evidence}")
            return Verdict(
                Outcome.REPORT_UNREACHABLE,
                f"{len(self.lost)}份年报取不到 / reports could not be fetched: {first.outcome.value}: {first.evidence}",
            )
        return verdict

    def rows_of(self, choices: Mapping[str, Choice]) -> Iterator[dict[str, Any]]:
        """Judged links as the result shows them."""
        return (choice_as_json(self.portal.id, choice) for choice in choices.values())

    def as_json(self) -> dict[str, Any]:
        """The portal's row of the result."""
        verdict, whole = self.verdict(), self.list_verdict().outcome is Outcome.FOUND
        doubtful = {who for who, _ in self.lost} | {
            who for one in self.review.values() if self._asked_for(one.year) for who in one.suspects
        }
        # Listed but without a document: whatever became of it, it is not absent.
        for _, who, year in self.listed:
            doubtful |= {who} if self._asked_for(year) and (who, year) not in self.captured else set()
        # An organisation's own folder without entries proves nothing about it.
        doubtful |= {
            who for url, who in self.owners.items() if not self.readings[url].items and not self.readings[url].leads_on
        }
        doubtful |= {
            who for url, who in self.owners.items() if self.readings[url].optional and judge_list(self.readings[url])
        }
        doubtful |= self._slips()
        unknown = None in doubtful
        readings = self._in_order()
        return {
            "id": self.portal.id,
            "outcome": verdict.outcome.value,
            "reason": verdict.outcome.reason,
            "complete": verdict.outcome is Outcome.FOUND,
            "pages_expected": sum(reading.expected for reading in readings),
            "pages_seen": sum(len({page.number for page in reading.pages}) for reading in readings),
            "items": sum(reading.items for reading in readings),
            "reports": sum(reading.reports for reading in readings),
            "dated": sum(page.dated for reading in readings for page in reading.pages),
            "sure": min((page.score for reading in readings for page in reading.pages if page.items), default=None),
            "systems": sorted({page.system for reading in readings for page in reading.pages if page.items}),
            "readings": [
                {
                    "url": reading.url,
                    "title": self.columns.get(reading.url, ""),
                    "year": reading.year,
                    "pages_expected": reading.expected,
                    "pages_seen": len({page.number for page in reading.pages}),
                    "items": reading.items,
                    "reports": reading.reports,
                }
                for reading in readings
            ],
            "evidence": sorted(self.evidence, key=lambda sha: (self.evidence[sha], sha)),  # the lists first
            "detail": "; ".join((verdict.evidence, *sorted(self.notes))),
            "lists": [
                {"organisation": one.id, "complete": whole and not unknown and one.id not in doubtful}
                for one in self.organisations
            ],
        }


FRAMING = frozenset({"transfer-encoding", "connection", "keep-alive"})
"""Headers of the connection, not of what it brought: no evidence holds them."""

_OF_NO_USE = FRAMING | {"set-cookie"}
_LOST_FILES = {Outcome.GONE: "gone", Outcome.SOFT_404: "gone"}
"""What is the portal's doing; a page in place of a file may be meant for us alone and stays unknown."""


def attached_to(visit: Visit, page: str, *, optional: bool) -> Visit:
    """The visit of a file that a page of this visit offers; a page inside of a page counts for the outer one."""
    outer, hops = (visit.attachment_of, visit.hops + 1) if visit.attachment_of else (page, 0)
    return replace(visit, role="attachment", attachment_of=outer, optional=visit.optional or optional, hops=hops)


def known_choice(data: Mapping[str, Any]) -> Choice:
    """A report found earlier, out of a job document."""
    link = Link("", str(data["url"]))
    why = ("从前在此，列表不再列出 / stood here before, no list shows it",)
    return Choice(Kind.REPORT, link, str(data["organisation"]), int(data["year"]), 0.5, why)


def choice_as_json(portal: str, choice: Choice) -> dict[str, Any]:
    """A judged link as the result shows it."""
    day: date | None = choice.link.date
    return {
        "portal": portal,
        "organisation": choice.organisation,
        "year": choice.year,
        "url": choice.link.url,
        "title": choice.link.title,
        "organ": choice.link.organ,
        "list_date": day.isoformat() if day else None,
        "suspects": list(choice.suspects),
        "why": list(choice.why),
    }
