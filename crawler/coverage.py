"""Was the list read whole? Only then may anyone say that a report is not there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawler.classify import Outcome, Verdict
from crawler.portal import Expectation

_PAGE_NUMBER = re.compile(r"第?\d+页?|[\W_]")


@dataclass(frozen=True, slots=True)
class PageRead:
    """One page of a list as it was read: its number, what it said of the whole, and the addresses of its entries.

    ``dated`` of the entries carry a date; ``system`` is the publishing system that read them, ``score`` 0..1 how sure
    it is; ``rows`` counts entries with repetitions, where the system tells them apart; ``title`` is the page's own.
    """

    number: int
    items: frozenset[str]
    reports: int = 0
    pages: int | None = None
    total: int | None = None
    unresolved: str | None = None
    dated: int = 0
    system: str = ""
    rows: int | None = None
    title: str = ""
    score: float = 1.0

    @property
    def repeated(self) -> int:
        """Entries beyond the first of the same address."""
        return max((self.rows or 0) - len(self.items), 0)

    def is_of(self, title: str) -> bool:
        """Whether the page's own title is this one, numbers of pages aside."""
        return _PAGE_NUMBER.sub("", self.title) == title


@dataclass(frozen=True, slots=True)
class ListReading:
    """All that is known of one list: pages read, fetches that failed, and whether it only leads to other lists.

    ``year``: it is the folder of a year that is asked for; left empty, it proves nothing about that year.
    ``start``: the configuration names it; ``owned``: it is one organisation's; empty, it casts doubt
    on that one only. ``optional``: one organisation's page beside a list of all; what fails there is its doubt alone.
    """

    url: str
    pages: tuple[PageRead, ...] = ()
    failures: tuple[Verdict, ...] = ()
    leads_on: bool = False
    year: int | None = None
    start: bool = False
    owned: bool = False
    optional: bool = False

    @property
    def expected(self) -> int:
        return max((page.pages or page.number for page in self.pages), default=1)

    @property
    def reports(self) -> int:
        return sum(page.reports for page in self.pages)

    @property
    def items(self) -> int:
        return len(frozenset().union(*(page.items for page in self.pages)))


def judge_list(reading: ListReading) -> Verdict | None:
    """Why this list was not read whole, or None if it was. Emptiness is judged over the portal, not here."""
    if not reading.pages:
        return reading.failures[0] if reading.failures else Verdict(Outcome.INCOMPLETE_PAGES, "没有读到 / never read")
    if reading.failures:
        first = reading.failures[0]
        return Verdict(Outcome.INCOMPLETE_PAGES, f"{first.outcome.value}: {first.evidence}")
    why = next(_gaps(reading), None)
    return Verdict(Outcome.INCOMPLETE_PAGES, why) if why else None


def judge_portal(readings: Sequence[ListReading], expect: Expectation, *, names_column: bool) -> Verdict:
    """The portal's verdict out of all its lists. ``names_column``: some page called itself the reports' column."""
    readings = [reading for reading in readings if not reading.optional]
    if not readings:
        return Verdict(Outcome.CODE_ERROR, "没有起始页 / nothing was read")
    judged = [(reading, verdict) for reading in readings if (verdict := judge_list(reading)) is not None]
    if judged:
        unread = all(not reading.pages for reading in readings)
        reading, verdict = judged[0]
        outcome = verdict.outcome if unread or _ours(verdict.outcome) else Outcome.INCOMPLETE_PAGES
        return Verdict(outcome, f"{reading.url}: {verdict.evidence}")
    empty = [reading.url for reading in readings if reading.year and not reading.items]
    if len(readings) > 1 and expect.min_reports:
        empty += [reading.url for reading in readings if _bare(reading)]
    if empty:
        return Verdict(Outcome.EMPTY_LIST, f"年份文件夹或起始页是空的 / an empty folder or start page: {empty[0]}")
    items = sum(reading.items for reading in readings if reading.reports or not reading.leads_on)
    reports = sum(reading.reports for reading in readings)
    if reports >= expect.min_reports and (items or expect.min_reports == 0):
        return Verdict(Outcome.FOUND, f"{items}条，其中年报{reports} / {items} entries, {reports} reports")
    if items == 0 and names_column:
        return Verdict(Outcome.EMPTY_LIST, "年报栏目里没有条目 / the column has no entries")
    return Verdict(
        Outcome.LAYOUT_CHANGED,
        f"{items}条，年报链接{reports}个，少于预期{expect.min_reports}个 / {items} entries, {reports} report links",
    )


def _gaps(reading: ListReading) -> Iterator[str]:
    """Each sign that a part of the list was not seen."""
    seen = {page.number for page in reading.pages}
    if missing := [number for number in range(1, min(reading.expected, 9999) + 1) if number not in seen]:
        yield f"缺第{missing[:5]}页，共{reading.expected}页 / pages missing: {missing[:5]}"
    yield from (page.unresolved for page in reading.pages if page.unresolved)
    if len(reading.pages) > 1:
        if empty := [page.number for page in reading.pages if not page.items]:
            yield f"第{empty}页没有条目 / pages without entries: {empty}"
        if len({page.items for page in reading.pages}) < len(reading.pages):
            yield "翻页得到同一页 / the pager returned the same page twice"
        yield from (f"第{page.number}页是别的栏目 / another list: {page.title[:40]}" for page in _strangers(reading))
    totals = {page.total for page in reading.pages if page.total is not None}
    read = reading.items + sum(page.repeated for page in reading.pages)
    if totals and max(totals) > read:
        yield f"网站写{max(totals)}条，读到{read}条 / says {max(totals)} entries, saw {read}"
    # Some sites print the entries of the page itself: a count that differs from page to page and is right for each.
    if len(totals) > 1 and any(page.total not in {None, len(page.items)} for page in reading.pages):
        yield f"读取时总数有变 / the total changed while it was read: {sorted(totals)}"


def _strangers(reading: ListReading) -> Iterator[PageRead]:
    """Further pages that bear another title and hold no report, where the first one does."""
    first = next((page for page in reading.pages if page.number == 1), None)
    if first is None or not first.reports or not first.title:
        return
    own = _PAGE_NUMBER.sub("", first.title)
    yield from (page for page in reading.pages if page.title and not page.reports and not page.is_of(own))


def _bare(reading: ListReading) -> bool:
    return reading.start and not reading.owned and not reading.leads_on and not reading.items


def _ours(outcome: Outcome) -> bool:
    return outcome is Outcome.CODE_ERROR
