"""Where to go from a page: reports to fetch, folders and frames to read, attachments that are the report. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from crawler.attached import attachments, holds_report
from crawler.cms.links import leads, target, title_of
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.cms.scripted import filled_by_script, titles_in_script
from crawler.cms.static import COLUMN_NAME, COLUMN_WORDS, REPORT_WORDS, SURE
from crawler.folders import DEEPEST, folders_of, hidden_part, hidden_year, organs_in_script
from crawler.ledger import Visit
from crawler.media import names_document
from crawler.portal import Organisation
from crawler.select import Choice, Kind, choose, in_report_column, organ_in, owner_in_title

_PLAIN = {"static", "trs", "aspx"}
_PIECES = ("li", "tr", "dd", "div", "p", "td", "a")
MOST_HOPS = 3
"""Pages that only send a reader on are followed this often."""
_FORWARD = re.compile(
    r"(?:(?:window|document|self|top|parent)\.)?location(?:\.href)?\s*=\s*[\"']([^\"'${}<>]+)[\"']"
    r"|location\.(?:replace|assign)\(\s*[\"']([^\"'${}<>]+)[\"']\s*\)"
)
_REFRESH = re.compile(r"^\s*(\d+)\s*[;,]\s*url\s*=\s*[\"']?([^\"']+)", re.IGNORECASE)
_APP = re.compile(
    r"<div[^>]+id=[\"']?(?:app|root)\b|jpage/dataproxy\.jsp|queryData\s*=|window\._CONFIG|_isAgg=true|EWB-FRONT", re.I
)
_WANTS_SCRIPT = re.compile(r"<noscript\b[^>]{0,200}>[^<]{0,200}javascript|(?:启用|开启|打开)javascript", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list page leads to. ``is_report``: the folder turned out to be the report itself."""

    choices: tuple[Choice, ...]
    folders: tuple[Visit, ...] = ()
    folder_urls: tuple[str, ...] = ()
    names_column: bool = False
    is_report: bool = False
    owner: str | None = None
    needs_render: str | None = None
    unresolved: str | None = None

    @property
    def leads_on(self) -> bool:
        """Whether the list itself stands on other pages, not only what is beside it."""
        return any(not folder.optional for folder in self.folders)


def plan(
    page: Page, listing: ListPage, visit: Visit, organisations: Sequence[Organisation], years: Collection[int]
) -> Plan:
    """Judge the links of a list page and find the folders one level down that hold the rest."""
    if listing.reply:
        return _plan_of_reply(listing, visit, organisations)
    labels = list(_labels(page))
    column = (
        in_report_column(page.title, *(clean(tag.get_text()) for tag in page.headings), *page.crumbs[-1:], *labels)
        or visit.depth > 0
        or visit.column
    )
    owner = visit.owner or _owner_of(page, organisations)
    choices = _judged(listing, organisations, column=column, owner=owner, year=visit.year)
    choices += tuple(_unlinked(page, listing, organisations, column=column, owner=owner, year=visit.year))
    is_report = not choices and visit.depth > 0 and _is_cover(page, listing, visit)
    # Breadcrumbs repeat the column's name; a page that calls itself the column has nothing to gain there.
    unlinked = [clean(tag.get_text()) for tag in page.headings if not tag.find("a", href=True)]
    unlinked += [] if _links_to_column(page, visit) else labels
    own = in_report_column(page.title, *unlinked, *page.crumbs[-1:]) or (visit.depth > 0 and bool(choices))
    folders = list(folders_of(page, visit, organisations, years, choices, own=own)) if not is_report else []
    opened = tuple(choice for choice in choices if _is_unclear(choice, visit, organisations, years))
    folders += [
        (Visit(visit.portal, "list", one.link.url, depth=visit.depth + 1, year=one.year), one.link.url)
        for one in opened
    ]
    choices = tuple(choice for choice in choices if choice not in opened)
    tree = tuple(_undrawn_organs(page, organisations)) if own else ()
    choices += tree
    # A frame may be the list even where a link or two stand beside it.
    if (not choices or (own and listing.score < SURE)) and not is_report and visit.depth < DEEPEST:
        folders += [(replace(visit, depth=visit.depth + 1, list_url=url), url) for url in listing.frames]
    # What a system knows to be missing says more than the mark of a script.
    told = listing.hollow or (listing.unresolved and listing.system not in _PLAIN)
    empty = not listing.items and not told
    undrawn = _undrawn(page, tree) if empty and not folders and not is_report else None
    return Plan(
        choices=choices,
        folders=tuple(folder for folder, _ in folders),
        folder_urls=tuple(url for _, url in folders),
        names_column=column,
        is_report=is_report,
        owner=owner,
        needs_render=undrawn,
        unresolved=hidden_year(page, choices, max(years, default=None), visit) or (hidden_part(page) if own else None),
    )


def _labels(page: Page) -> Iterator[str]:
    """The column's name where it is written in no heading, but in a box of its own that is no link."""
    for text in page.soup.find_all(string=COLUMN_WORDS):
        if COLUMN_NAME.match(clean(text)) and text.find_parent(["a", "li", "script", "option", "title"]) is None:
            yield clean(text)


def _links_to_column(page: Page, visit: Visit) -> bool:
    """Whether the column stands elsewhere: what bears its name here is but a block of it."""
    here = {page.url, visit.list_url}
    return any(COLUMN_NAME.match(title_of(anchor)) and target(page, anchor) not in here for anchor in leads(page))


def _undrawn_organs(page: Page, organisations: Sequence[Organisation]) -> Iterator[Choice]:
    """Doubts about organisations whose place in a tree only a script knows."""
    for who, address in organs_in_script(page, organisations).items():
        if address is None:
            name = next(one.name for one in organisations if one.id == who)
            why = ("机构树由脚本生成 / a script draws the tree of organs",)
            yield Choice(Kind.AMBIGUOUS, Link(name, f"{page.url}#{who}"), None, None, 0.2, why, (who,))


def _owner_of(page: Page, organisations: Sequence[Organisation]) -> str | None:
    """The one organisation that headings, title and breadcrumb name."""
    headings = (clean(tag.get_text()) for tag in page.headings)
    named = {who for text in (*headings, page.title) if (who := owner_in_title(text, organisations))}
    named = named or {who for step in page.crumbs if (who := owner_in_title(step, organisations))}
    return named.pop() if len(named) == 1 else None


def _is_unclear(choice: Choice, visit: Visit, organisations: Sequence[Organisation], years: Collection[int]) -> bool:
    """A wanted year's report of nobody: the page behind it may say whose it is, or be the list of that year."""
    return (
        choice.kind is Kind.AMBIGUOUS
        and len(organisations) > 1
        and choice.year in years
        and visit.depth < DEEPEST
        and not (choice.link.organ or choice.link.elsewhere or organ_in(choice.link.title))
        and "#" not in choice.link.url
        and not names_document(choice.link.url)
    )


def _is_cover(page: Page, listing: ListPage, visit: Visit) -> bool:
    """A page one level down that shows the report, or for a year no entries but a document that may be it."""
    return holds_report(page) or bool(visit.year and not listing.items and attachments(page))


def _undrawn(page: Page, tree: Sequence[Choice]) -> str | None:
    """Why a page without entries is no empty list, but one that is not drawn yet."""
    app = _APP.search(page.text)
    if app:
        return f"列表由脚本生成 / the list is made by a script: {app[0][:40]}"
    wanted = "网页要求脚本 / the page wants scripts" if _WANTS_SCRIPT.search(page.text) else None
    return titles_in_script(page) or filled_by_script(page) or (tree[0].why[0] if tree else wanted)


def _plan_of_reply(listing: ListPage, visit: Visit, organisations: Sequence[Organisation]) -> Plan:
    """An endpoint's reply has entries and nothing else: what the list is, the page before it said."""
    column = visit.column or visit.depth > 0
    choices = _judged(listing, organisations, column=column, owner=visit.owner, year=visit.year)
    return Plan(choices, names_column=column, owner=visit.owner)


def _judged(
    listing: ListPage, organisations: Sequence[Organisation], *, column: bool, owner: str | None, year: int | None
) -> tuple[Choice, ...]:
    """The reports and doubts among the entries of a list."""
    every = (choose(link, organisations, column=column, owner=owner, year=year) for link in listing.items)
    choices = tuple(choice for choice in every if choice.kind is not Kind.NOT_A_REPORT)
    if owner:
        return choices
    # Nobody publishes one title at two addresses for one year: a list of several that names none of them.
    unnamed = {choice.link.url: choice for choice in choices if _unnamed(choice)}
    shared = Counter((clean(one.link.title), one.year) for one in unnamed.values())
    return tuple(
        _doubted(one) if _unnamed(one) and shared[clean(one.link.title), one.year] > 1 else one for one in choices
    )


def _doubted(choice: Choice) -> Choice:
    why = (*choice.why, "同名的链接不止一个 / several links bear this title")
    return replace(choice, kind=Kind.AMBIGUOUS, organisation=None, suspects=(str(choice.organisation),), why=why)


def _unnamed(choice: Choice) -> bool:
    return choice.kind is Kind.REPORT and not choice.link.organ and not organ_in(choice.link.title)


def onward_of(
    visit: Visit, listing: ListPage, found: Plan, links: Sequence[PageLink]
) -> Iterator[tuple[PageLink, Visit]]:
    """The further pages of a list with the visit that each is; what leads to endpoints begins as many lists."""
    whose, column = visit.owner or found.owner, visit.column or found.names_column
    system = listing.system if listing.hollow or listing.further else visit.system
    for place, link in enumerate(links):
        known = replace(visit, system=system, owner=whose, column=column) if system else visit
        number = link.number or visit.number + 1
        apart = f"{visit.list_url}#{place + 1}" if listing.hollow and place else visit.list_url
        below = replace(known, list_url=apart, number=number, alternate=link.alternate, hops=0, body=link.body)
        yield link, below


def report_of(page: Page, visit: Visit, organisations: Sequence[Organisation]) -> Choice:
    """The choice for a folder page that is the report itself."""
    heading = page.soup.find("h1")
    title = clean(heading.get_text()) if heading else page.title
    link = Link(title or page.title, page.url)
    owner = visit.owner or _owner_of(page, organisations)
    found = choose(link, organisations, column=True, owner=owner, year=visit.year)
    if found.kind is not Kind.NOT_A_REPORT:
        return found
    return Choice(Kind.AMBIGUOUS, link, None, visit.year, 0.2, found.why, tuple(one.id for one in organisations))


def forward(page: Page) -> str | None:
    """Where a page without content of its own sends a reader by meta refresh or a plain script; None otherwise.

    A page that sets a cookie first is a challenge; it is not answered.
    """
    if len(page.text) > 5000 or "document.cookie" in page.text:
        return None
    body = page.soup.body
    if body and len(clean(body.get_text())) > 200:
        return None
    for tag in page.soup.find_all("meta", attrs={"http-equiv": re.compile("^refresh$", re.IGNORECASE)}):
        found = _REFRESH.match(str(tag.get("content") or ""))
        if found and int(found[1]) <= 10:
            return page.resolve(found[2].strip())
    scripts = " ".join(script.get_text() for script in page.soup.find_all("script"))
    found = _FORWARD.search(scripts)
    return page.resolve(found[1] or found[2]) if found else None


def _unlinked(
    page: Page,
    listing: ListPage,
    organisations: Sequence[Organisation],
    *,
    column: bool,
    owner: str | None,
    year: int | None,
) -> Iterator[Choice]:
    """Rows that name a report of ours, but whose address only a script of the site knows: never an absence."""
    known = {item.url for item in listing.items}
    for row in page.soup.find_all(_PIECES):
        text = clean(row.get_text())
        if len(text) > 120 or not REPORT_WORDS.search(text) or row.find(_PIECES):
            continue
        around = (row, *row.find_all(True), *row.find_parents(["a", "li", "tr", "dd"], limit=2))
        if any(target(page, anchor) in known for anchor in around):
            continue
        found = choose(Link(text, page.url), organisations, column=column, owner=owner, year=year)
        ids = (found.organisation,) if found.organisation else found.suspects
        if found.kind in {Kind.REPORT, Kind.AMBIGUOUS} and len(ids) == 1:
            why = (*found.why, "没有可用的链接 / no address that can be followed")
            yield Choice(Kind.AMBIGUOUS, Link(text, f"{page.url}#{text}"), None, found.year, 0.2, why, ids)
