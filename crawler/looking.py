"""What an answer shows, worked out beside the event loop, which meanwhile fetches on. Pure: no state, no network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scrapy.http import Response

from crawler.article import further
from crawler.attached import attachments, begins_report, covered, holds_report, is_folder, speaks_of_report, tucked
from crawler.classify import MUCH, Outcome, Verdict, classify_list, classify_report
from crawler.cms import Page, pick
from crawler.cms.page import Link, ListPage, PageLink
from crawler.follow import MOST_HOPS, Plan, forward, plan, report_of
from crawler.ledger import Visit
from crawler.media import HTML, sniff
from crawler.middlewares.capture import text_of
from crawler.middlewares.render import unseen
from crawler.portal import Organisation, Portal
from crawler.probe import Reach
from crawler.select import Choice
from crawler.slim import report_page
from crawler.undrawn import undrawn


@dataclass(frozen=True, slots=True)
class Onward:
    """A page without content that only sends a reader on."""

    url: str


@dataclass(frozen=True, slots=True)
class SeenList:
    """A page of a list. ``items``: addresses of its entries; ``why``: why it does not show all that it should."""

    title: str
    listing: ListPage
    plan: Plan
    choices: tuple[Choice, ...]
    items: frozenset[str]
    why: str | None


@dataclass(frozen=True, slots=True)
class SeenReport:
    """A document that may be the report, and the ``files`` beside it; ``whole``: its text stands on the page itself.

    ``tucked`` are files that no link offers and no frame shows, but that a script of the page may. ``further`` are the
    other pages of a report that goes on; ``title`` is the page's own.
    """

    media: str
    whole: bool = False
    files: tuple[Link, ...] = ()
    tucked: tuple[Link, ...] = ()
    further: tuple[PageLink, ...] = ()
    title: str = ""


def look_at_list(
    response: Response,
    visit: Visit,
    portal: Portal,
    organisations: Sequence[Organisation],
    years: Collection[int],
    reach: Reach,
    *,
    onward: bool,
) -> Verdict | Onward | SeenList:
    """What should be a list: the verdict against it, what it shows, or (``onward``) where it sends a reader on to."""
    text = text_of(response)
    asked = (response.meta.get("redirect_urls") or [response.url])[0]
    verdict = classify_list(response.status, text, asked, response.url)
    if verdict:
        return verdict
    within, drawn = visit.list_url if visit.system else "", "render" in response.meta
    page = Page(response.url, text, visit.number, visit.body, within, drawn)
    url = forward(page) if onward and visit.hops < MOST_HOPS else None
    if url:
        return Onward(url)
    listing = pick(visit.system or portal.cms, page).parse(page)
    found = reach.widened(plan(page, listing, visit, organisations, years), page, visit)
    choices = (report_of(page, visit, organisations),) if found.is_report else found.choices
    items = frozenset(item.url for item in listing.items) | ({page.url} if found.is_report else set())
    why = listing.unresolved or found.unresolved or (None if listing.reply else page.cut)
    if drawn:
        why = why or unseen(page, response.meta["lost"])
    return SeenList(page.title, listing, found, choices, items, why)


def look_at_report(
    response: Response, visit: Visit, choice: Choice, *, onward: bool
) -> Verdict | Onward | SeenReport | None:
    """What should be a report or a file of it; None if it turned out to be a list."""
    media = sniff(response.body)
    text = text_of(response) if media == HTML else ""
    redirected = bool(response.meta.get("redirect_urls"))
    page, says = report_page(response.url, text)
    verdict = classify_report(response.status, response.url, media, text, redirected=redirected, at_length=says >= MUCH)
    if verdict:
        return verdict
    if page is None:
        return SeenReport(media)
    url = forward(page) if onward and visit.hops < MOST_HOPS else None
    if url:
        return Onward(url)
    if media != HTML:
        return SeenReport(media)
    seen = _shown(page, visit, choice)
    waits = (
        visit.role != "attachment"
        and seen is not None
        and not (seen.whole or seen.files or seen.tucked or speaks_of_report(page))
    )
    if waits and (why := undrawn(page)):
        return Verdict(Outcome.NEEDS_RENDER, f"{page.url}: {why}")
    return seen


def _shown(page: Page, visit: Visit, choice: Choice) -> SeenReport | None:
    """What a page shows of the report, or where; None if it is a list."""
    whole = holds_report(page)
    if visit.role == "attachment":  # a page inside of the report's page may only be the frame of a file
        return SeenReport(HTML, whole, () if whole or visit.hops >= MOST_HOPS else attachments(page))
    onward = further(page, visit.part_of or "")
    if visit.part_of or (onward and speaks_of_report(page)):
        return SeenReport(HTML, begins_report(page), attachments(page, any_file=False), (), onward, page.title)
    if is_folder(page, choice):
        return None
    return SeenReport(HTML, whole, attachments(page) or covered(page, choice), tucked(page))
