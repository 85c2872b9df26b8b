"""Where to go from a page: reports to fetch, folders and frames to read, attachments that are the report. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from bs4 import Tag

from crawler.cms.links import frames, leads, target, title_of
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.cms.scripted import filled_by_script, titles_in_script
from crawler.cms.static import COLUMN_NAME, REPORT_WORDS
from crawler.ledger import Visit
from crawler.media import DOCUMENT, names_document
from crawler.portal import Organisation
from crawler.select import Choice, Kind, choose, in_report_column, match, organ_in, owner_in_title, year_of

_YEAR_FOLDER = re.compile(r"^(20\d{2})年?度?(?:\(\d{1,3}\))?$")
_REPORT_FILE = re.compile(r"公开.{0,8}报告|年度报告|年报|下载|附件|全文|正文|WORD|PDF", re.IGNORECASE)
_OTHER_FILE = re.compile(r"申请表|指南|目录|流程|办法|阅读器|reader|说明|决算|预算|公开申请|委托书", re.IGNORECASE)
_SCRIPTED = re.compile(r"['\"(=]([^'\"()<>\s=]+\.(?:pdf|docx?|wps))(?=['\")&?]|$)", re.IGNORECASE)
# Sub-columns of the reports' column: 市政府部门, 县（市、区）, 乡镇街道.
_CATEGORY = re.compile(
    r"^各?(?:(?:省|市|县|区|州)?(?:级|直|属|本级)?(?:政府)?(?:工作|组成|直属)?(?:部门|单位|机关|机构)|(?:县|市|区|[(、)]){2,6}(?:政府|人民政府)?"
    r"|(?:省|市|县|区|州)?(?:人民)?政府|(?:乡|镇|街|道|[(、)]){2,6}|(?:开发|功能|园|新)区|(?:垂直管理|双管|驻\w)?单位)"
    r"(?:(?:政府)?(?:信息)?(?:公开)?(?:工作)?(?:年报|年度报告))?$"
)
_MORE = re.compile(r"^(?:查看)?更多$|^more$", re.IGNORECASE)
_PLAIN = {"static", "trs", "aspx"}
_DEEPEST = 3
_CHOSEN = re.compile(r"\b(?:on|cur|current|active|selected|sel|hover|now)\b", re.IGNORECASE)
_PIECES = ("li", "tr", "dd", "div", "p", "td", "a")
_PANELS = ("div", "section", "ul", "ol", "dl", "table")
_TABS = re.compile(r"tab|year|switch", re.IGNORECASE)
MOST_HOPS = 3
"""Pages that only send a reader on are followed this often."""
_FORWARD = re.compile(
    r"(?:(?:window|document|self|top|parent)\.)?location(?:\.href)?\s*=\s*[\"']([^\"']+)[\"']"
    r"|location\.(?:replace|assign)\(\s*[\"']([^\"']+)[\"']\s*\)"
)
_REFRESH = re.compile(r"^\s*(\d+)\s*[;,]\s*url\s*=\s*[\"']?([^\"']+)", re.IGNORECASE)
_APP = re.compile(
    r"<div[^>]+id=[\"']?(?:app|root)\b|jpage/dataproxy\.jsp|queryData\s*=|window\._CONFIG|_isAgg=true|EWB-FRONT", re.I
)
_WANTS_SCRIPT = re.compile(r"<noscript\b[^>]{0,200}>[^<]{0,200}javascript|(?:启用|开启|打开)javascript", re.IGNORECASE)
REPORT_PARTS = ("总体情况", "主动公开政府信息", "收到和处理政府信息公开申请")


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


def plan(
    page: Page, listing: ListPage, visit: Visit, organisations: Sequence[Organisation], years: Collection[int]
) -> Plan:
    """Judge the links of a list page and find the folders one level down that hold the rest."""
    if listing.reply:
        return _plan_of_reply(listing, visit, organisations)
    headings = [clean(tag.get_text()) for tag in page.soup.find_all(["h1", "h2", "h3"])]
    headings += page.crumbs[-1:]
    column = in_report_column(page.title, *headings) or visit.depth > 0 or visit.column
    owner = visit.owner or _owner_of(page, organisations)
    choices = _judged(listing, organisations, column=column, owner=owner, year=visit.year)
    choices += tuple(_unlinked(page, listing, organisations, column=column, owner=owner, year=visit.year))
    is_report = not choices and visit.depth > 0 and (holds_report(page) or bool(visit.year and attachments(page)))
    # Breadcrumbs repeat the column's name; a page that calls itself the column has nothing to gain there.
    unlinked = [clean(tag.get_text()) for tag in page.soup.find_all(["h1", "h2", "h3"]) if not tag.find("a", href=True)]
    own = in_report_column(page.title, *unlinked, *page.crumbs[-1:]) or (visit.depth > 0 and bool(choices))
    reports = {choice.link.url for choice in choices}
    there = {choice.organisation for choice in choices if choice.year == max(years, default=None)}
    folders = list(_folders(page, visit, organisations, years, reports, there, own)) if not is_report else []
    opened = tuple(choice for choice in choices if _is_unclear(choice, visit, organisations, years))
    folders += [
        (Visit(visit.portal, "list", one.link.url, depth=visit.depth + 1, year=one.year), one.link.url)
        for one in opened
    ]
    choices = tuple(choice for choice in choices if choice not in opened)
    # A frame may be the list even where a link or two stand beside it.
    if (own or not choices) and not is_report and visit.depth < _DEEPEST:
        folders += [(replace(visit, depth=visit.depth + 1, list_url=url), url) for url in listing.frames]
    # What a system knows to be missing says more than the mark of a script.
    told = listing.hollow or (listing.unresolved and listing.system not in _PLAIN)
    empty = not listing.items and not told
    undrawn = _undrawn(page) if empty and not folders and not is_report else None
    return Plan(
        choices=choices,
        folders=tuple(folder for folder, _ in folders),
        folder_urls=tuple(url for _, url in folders),
        names_column=column,
        is_report=is_report,
        owner=owner,
        needs_render=undrawn,
        unresolved=_hidden_year(page, choices, max(years, default=None), visit),
    )


def _owner_of(page: Page, organisations: Sequence[Organisation]) -> str | None:
    """The one organisation that headings, title and breadcrumb name."""
    headings = (clean(tag.get_text()) for tag in page.soup.find_all(["h1", "h2", "h3"]))
    named = {who for text in (*headings, page.title) if (who := owner_in_title(text, organisations))}
    named = named or {who for step in page.crumbs if (who := owner_in_title(step, organisations))}
    return named.pop() if len(named) == 1 else None


def _is_unclear(choice: Choice, visit: Visit, organisations: Sequence[Organisation], years: Collection[int]) -> bool:
    """A wanted year's report of nobody: the page behind it may say whose it is, or be the list of that year."""
    return (
        choice.kind is Kind.AMBIGUOUS
        and len(organisations) > 1
        and choice.year in years
        and visit.depth < _DEEPEST
        and not (choice.link.organ or choice.link.elsewhere or organ_in(choice.link.title))
        and "#" not in choice.link.url
        and not names_document(choice.link.url)
    )


def _undrawn(page: Page) -> str | None:
    """Why a page without entries is no empty list, but one that is not drawn yet."""
    app = _APP.search(page.text)
    if app:
        return f"列表由脚本生成 / the list is made by a script: {app[0][:40]}"
    wanted = "网页要求脚本 / the page wants scripts" if _WANTS_SCRIPT.search(page.text) else None
    return titles_in_script(page) or filled_by_script(page) or wanted


def _hidden_year(page: Page, choices: Sequence[Choice], year: int | None, visit: Visit) -> str | None:
    """The tab or option of the wanted year, if only a script can open it and the page shows nothing of that year."""
    if year is None or visit.year is not None or any(choice.year == year for choice in choices):
        return None
    for tag in page.soup.find_all(["a", "li", "option", "button", "span", "div", "dd"]):
        folder = _YEAR_FOLDER.match(clean(tag.get_text()))
        if not folder or int(folder[1]) != year or tag.find(["a", "button"]) or target(page, tag):
            continue
        if _is_control(tag) and not _has_panels(tag):
            return f"{year}年的列表只有脚本能打开 / only a script opens the list of {year}"
    return None


def _is_control(tag: Tag) -> bool:
    """Something to click that is not what the page shows already."""
    if tag.has_attr("selected") or _CHOSEN.search(" ".join(tag.get_attribute_list("class"))):
        return False
    boxes = " ".join(one for box in list(tag.parents)[:2] for one in box.get_attribute_list("class"))
    held = tag.get("onclick") or any(name.startswith("data-") for name in tag.attrs)
    return bool(tag.name in {"a", "option", "button"} or held or _TABS.search(boxes))


def _has_panels(tag: Tag) -> bool:
    """The page holds a box of links for each of the years; a click only shows another one."""
    row = next((box for box in tag.parents if len(_year_labels(box)) > 1), None)
    if row is None:
        return False
    boxes = [box for box in row.find_next_siblings(_PANELS) if box.find("a")]
    if len(boxes) == 1:
        boxes = [box for box in boxes[0].find_all(_PANELS, recursive=False) if box.find("a")]
    return len(boxes) >= len(_year_labels(row))


def _year_labels(box: Tag) -> list[str]:
    return [text for piece in box.stripped_strings if _YEAR_FOLDER.match(text := clean(piece))]


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


def holds_report(page: Page) -> bool:
    """The page itself shows the text of a report."""
    text = clean(page.soup.get_text())
    return all(part in text for part in REPORT_PARTS)


def is_folder(page: Page, choice: Choice) -> bool:
    """A link that said no more than a year or a name led to a list, not to a report."""
    if REPORT_WORDS.search(choice.link.title) or holds_report(page) or attachments(page):
        return False
    return any(anchor.find_parent(["li", "tr", "dd"]) for anchor in page.soup.find_all("a", href=True))


def forward(page: Page) -> str | None:
    """Where a page without content of its own sends a reader by meta refresh or a plain script; None otherwise.

    A page that sets a cookie first is a challenge; it is not answered.
    """
    body = page.soup.body
    if "document.cookie" in page.text or len(clean(body.get_text()) if body else "") > 200 or len(page.text) > 5000:
        return None
    for tag in page.soup.find_all("meta", attrs={"http-equiv": re.compile("^refresh$", re.IGNORECASE)}):
        found = _REFRESH.match(str(tag.get("content") or ""))
        if found and int(found[1]) <= 10:
            return page.resolve(found[2].strip())
    scripts = " ".join(script.get_text() for script in page.soup.find_all("script"))
    found = _FORWARD.search(scripts)
    return page.resolve(found[1] or found[2]) if found else None


def attachments(page: Page) -> tuple[Link, ...]:
    """Documents a report's page links, embeds, frames or opens by script, if they may be the report; five at most.

    Where nothing says what it is and the page has no report, any document may be it.
    """
    links = _attachments(page, sure=False)
    return links or (() if holds_report(page) else _attachments(page, sure=True))


def covered(page: Page, choice: Choice) -> tuple[Link, ...]:
    """The pages that a cover without a report links by the very name of the report it was taken for."""
    if holds_report(page):
        return ()
    whose = organ_in(choice.link.title)
    for anchor in page.soup.find_all("a", href=True):
        url, title = page.resolve(str(anchor["href"])), title_of(anchor)
        same = REPORT_WORDS.search(title) and year_of(title) == choice.year and organ_in(title) == whose
        if url and url != page.url and same:
            return (Link(title, url),)
    return ()


def _attachments(page: Page, *, sure: bool) -> tuple[Link, ...]:
    found: dict[str, str] = {}
    for anchor in page.soup.find_all("a", href=True):
        _note(found, page, str(anchor["href"]), title_of(anchor) or "附件", sure=sure)
    for name, attribute in (("iframe", "src"), ("frame", "src"), ("embed", "src"), ("object", "data")):
        for tag in page.soup.find_all(name, attrs={attribute: True}):
            _note(found, page, _viewed(str(tag[attribute])), "全文")
    if sure and not found:
        # The report stands in a page inside of this page.
        found |= dict.fromkeys(frames(page), "全文")
    for tag in page.soup.find_all(True, onclick=True):
        for href in _SCRIPTED.findall(str(tag["onclick"])):
            _note(found, page, href, clean(tag.get_text()) or "附件")
    for script in page.soup.find_all("script"):
        for href in _SCRIPTED.findall(script.get_text()):
            _note(found, page, href, "附件") if _in_script(script) else None
    return tuple(Link(title, url) for url, title in found.items())[:5]


def _note(found: dict[str, str], page: Page, href: str, title: str, *, sure: bool = False) -> None:
    """Keep a document that may be the report; ``sure``: the page has no report, so any document may be it."""
    url = page.resolve(href)
    if url is None or not (names_document(url) or DOCUMENT.search(title)):
        return
    said = f"{title} {unquote(urlsplit(url).path.rsplit('/', 1)[-1])}"
    if _OTHER_FILE.search(said) or not (sure or _REPORT_FILE.search(title) or year_of(title)):
        return
    found.setdefault(url, title)


def _viewed(src: str) -> str:
    """The document behind a viewer's address: ``viewer.html?file=/a.pdf``."""
    if DOCUMENT.search(urlsplit(src).path):
        return src
    for _, value in parse_qsl(urlsplit(src).query):
        if DOCUMENT.search(urlsplit(value).path):
            return value
    return src


def _in_script(script: Tag) -> bool:
    return bool(re.search(r"window\.open|pdf(?:Url|Path|file)|PDFObject|embed", script.get_text(), re.IGNORECASE))


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
        if len(text) > 120 or row.find(_PIECES) or not REPORT_WORDS.search(text):
            continue
        around = (row, *row.find_all(True), *row.find_parents(["a", "li", "tr", "dd"], limit=2))
        if any(target(page, anchor) in known for anchor in around):
            continue
        found = choose(Link(text, page.url), organisations, column=column, owner=owner, year=year)
        ids = (found.organisation,) if found.organisation else found.suspects
        if found.kind in {Kind.REPORT, Kind.AMBIGUOUS} and len(ids) == 1:
            why = (*found.why, "没有可用的链接 / no address that can be followed")
            yield Choice(Kind.AMBIGUOUS, Link(text, f"{page.url}#{text}"), None, found.year, 0.2, why, ids)


def _folders(
    page: Page,
    visit: Visit,
    organisations: Sequence[Organisation],
    years: Collection[int],
    reports: set[str],
    there: set[str | None],
    own: bool,
) -> Iterator[tuple[Visit, str]]:
    """Years, organisations, and the reports' column, one level further down. ``own``: the page is that column.

    A page may show the list of one organisation beside the links to all others: those not ``there`` yet are followed.
    """
    if visit.depth >= _DEEPEST:
        return
    for anchor in leads(page):
        url, title = target(page, anchor), title_of(anchor)
        if (
            not url
            or url in reports
            or url == page.url
            or not page.same_column(url)
            or names_document(url)
            or urlsplit(url).path in {"", "/"}
        ):
            continue
        below = Visit(visit.portal, "list", url, depth=visit.depth + 1, owner=visit.owner, year=visit.year)
        folder = _YEAR_FOLDER.match(title)
        if folder and visit.year is None and int(folder[1]) in years:
            yield replace(below, year=int(folder[1])), url
        elif folder and visit.year is None and int(folder[1]) == max(years) + 1:
            yield below, url  # folders by the year of publication: it says nothing of the year reported
        elif not folder and _is_column(page, anchor, title, url, own):
            yield below, url
        elif not folder and own and 2 < len(title) < 40:
            kind, who, _, _ = match(title, organisations)
            if kind is Kind.REPORT and who not in there:
                yield replace(below, owner=who), url


def _is_column(page: Page, anchor: Tag, title: str, url: str, own: bool) -> bool:
    """The link leads to the reports' column, or from it to one of its parts."""
    if own and _CATEGORY.match(title):
        return urlsplit(url).path.startswith(urlsplit(page.url).path.rpartition("/")[0] + "/")
    return (not own and bool(COLUMN_NAME.match(title))) or _more_of_column(anchor, title)


def _more_of_column(anchor: Tag, title: str) -> bool:
    """更多 beside a block that is headed 政府信息公开年报."""
    if not _MORE.match(title.strip("+>»[]·.… ")):
        return False
    for box in list(anchor.parents)[:3]:
        words = [
            clean(tag.get_text())
            for tag in box.find_all(["h2", "h3", "h4", "h5", "span", "strong", "b", "p", "div", "a"], limit=12)
        ]
        if any(COLUMN_NAME.match(word) for word in words):
            return True
    return False
