"""A web page to blocks of text and raw tables, by BeautifulSoup, whatever publishing system made it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bs4 import BeautifulSoup, Comment, Doctype, Tag
from bs4.element import CData, Declaration, NavigableString, PageElement, ProcessingInstruction

from audit.reading import breadcrumb, dates
from audit.reading.archived import archived_page, is_archived
from audit.reading.carried import CARRIER, carried_in_script, facts_beside, is_sent, plain
from audit.reading.decode import decode
from audit.reading.document import Document, Grid, RawCell, Text, UnreadableDocument
from audit.reading.identity import packed
from audit.reading.soup import BLOCKS, DOCUMENT, FRAME, SKIPPED, STRUCK, cut_soup, is_hiding, whole_soup
from audit.reading.text import blocks_of, tabulated
from audit.report import Locator, Trouble

MOST_CELLS = 20_000
MOST_BYTES = 20 * 2**20
_NO_TEXT = (Comment, Doctype, CData, Declaration, ProcessingInstruction)
_OWN_TABLES = re.compile("予以公开|信息内容|结果维持|结转下年度|本年新收")
_MOST_CARRIED = 40
_LONG_CELL = 400
# An article over several pages: a link to the next one, or the pager that TRS writes with the article's own name.
_FURTHER_PAGE = re.compile(
    r"<a\b[^<>]{0,300}>(?:\s|&nbsp;|</?(?:span|b|font|em|i)\b[^<>]{0,100}>){0,6}(?:下一?页|第[二2]页)"
    r"|createPageHTML\(\s*(?:[\"']\w{1,40}[\"']\s*,\s*)?(?:[2-9]|[1-9]\d{1,2})\s*,\s*\d{1,3}\s*,\s*[\"']t?\d{6,8}_\d+"
)
# What whoever joined the pages of a report writes into the whole where one is not there.
_PAGES_MISSING = '<meta content="missing" name="further-pages"/>'
_SPAN_LIMITS = {"colspan": 1000, "rowspan": 65534}


def read_html(data: bytes, declared: str | None = None, *, whole: bool = False) -> Document:
    """Blocks of a page in reading order; what it carries in scripts is read when it shows no table of the report.

    ``whole`` builds the soup of everything on the page, which reads the same and takes several times as long.
    Raises UnreadableDocument (too_large) past 20 MiB or 20,000 table cells.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableDocument(
            "too_large", "网页超过 20 MB，不像一份年度报告", "the page is over 20 MB, unlike a yearly report"
        )
    if is_archived(data):
        data, declared = archived_page(data)
    text, encoding, lossy = decode(data, declared)
    make = whole_soup if whole else cut_soup
    soup = make("" if is_sent(text) else _without_cdata(text))
    walk = _Walk()
    blocks = walk.blocks(soup)
    meta = _meta(soup)
    if not _shows_report(blocks):
        carried, facts = _carried(soup, text, blocks, lambda fragment: walk.blocks(make(fragment)))
        blocks = [block for block in blocks if not carried or not _is_source(block)] + carried
        meta |= facts
    blocks = tabulated(blocks, walk.tables)
    troubles = []
    if lossy:
        lost = text.count(chr(0xFFFD))
        troubles.append(Trouble("lossy_text", "document", f"{encoding}: {lost} characters lost"))
    if _is_cut(text):
        troubles.append(Trouble("damaged", "document", "the page ends in the middle"))
    if _PAGES_MISSING in text:
        troubles.append(Trouble("continued", "report", "some of the pages of the report could not be had"))
    elif _FURTHER_PAGE.search(text):
        troubles.append(Trouble("continued", "document", "the text goes on on a further page"))
    return Document(
        media="html",
        blocks=tuple(blocks),
        meta=meta,
        title=soup.title.get_text(strip=True) if soup.title else None,
        attachments=_attachments(soup),
        pictures=len(walk.pictures),
        picture_paths=tuple(walk.pictures),
        encoding=encoding,
        troubles=tuple(troubles),
        breadcrumb=_breadcrumb(text, blocks),
    )


def _without_cdata(text: str) -> str:
    """What stands in CDATA is a part of the page; the parser would take it for a comment."""
    return text.replace("<![CDATA[", "").replace("]]>", "")


def _is_cut(text: str) -> bool:
    """Whether a page that was opened is never closed, nor even its last table: the end did not arrive."""
    opened, closed = (len(re.findall(tag, text, re.I)) for tag in (r"<(?:html|body)\b", r"</(?:html|body)\b"))
    tables, ends = (len(re.findall(tag, text, re.I)) for tag in (r"<table\b", r"</table\b"))
    return bool(opened) and not closed and (tables > ends or not re.search(r"</\w+>\s*$", text[-200:]))


@dataclass(slots=True)
class _Walk:
    """One pass over the tree; counts tables, cells and pictures on the way."""

    tables: int = 0
    cells: int = 0
    pictures: list[tuple[int, ...]] = field(default_factory=list)
    _inline: list[str] = field(default_factory=list)
    _path: list[int] = field(default_factory=list)
    _containers: int = 0

    def blocks(self, soup: BeautifulSoup) -> list[Text | Grid]:
        # Not the body alone: a page may hold a whole document, whose end would be taken for its own.
        found = list(self._walk(soup, hidden=False, heading=False))
        found += self._flush(hidden=False, heading=False)
        return found

    def _flush(self, *, hidden: bool, heading: bool) -> list[Text | Grid]:
        text = " ".join("".join(self._inline).split())
        self._inline.clear()
        return [Text(text, heading=heading, hidden=hidden, path=tuple(self._path))] if text else []

    def _walk(self, node: Tag, *, hidden: bool, heading: bool) -> Iterator[Text | Grid]:
        for child in node.children:
            if isinstance(child, NavigableString):
                if not isinstance(child, _NO_TEXT):
                    self._inline.append(str(child))
            elif isinstance(child, Tag) and child.name not in SKIPPED:
                yield from self._element(child, hidden=hidden or _is_hidden(child), heading=heading)

    def _element(self, tag: Tag, *, hidden: bool, heading: bool) -> Iterator[Text | Grid]:
        if tag.name == "img":
            if not _is_ornament(tag):
                self.pictures.append(tuple(self._path))
            return
        if tag.name not in BLOCKS:
            yield from self._walk(tag, hidden=hidden, heading=heading)
            return
        yield from self._flush(hidden=hidden, heading=heading)
        if tag.name == "table":
            yield from self._table(tag, hidden=hidden)
            return
        if tag.name == "pre":
            found = blocks_of(tag.get_text(), self.tables)
            self.tables += sum(isinstance(block, Grid) for block in found)
            yield from (replace(block, hidden=hidden, path=tuple(self._path)) for block in found)
            return
        is_heading = heading or tag.name in {"h1", "h2", "h3", "h4", "h5", "h6"}
        yield from self._inside(tag, hidden=hidden, heading=is_heading)

    def _inside(self, tag: Tag, *, hidden: bool, heading: bool) -> Iterator[Text | Grid]:
        """The blocks of one container, which becomes part of their path."""
        self._containers += 1
        self._path.append(self._containers)
        yield from self._walk(tag, hidden=hidden, heading=heading)
        yield from self._flush(hidden=hidden, heading=heading)
        self._path.pop()

    def _table(self, table: Tag, *, hidden: bool) -> Iterator[Text | Grid]:
        """A data table as a grid; a layout table is walked through, its plain rows kept as a grid of their own."""
        index = self.tables
        self.tables += 1
        rows: list[tuple[RawCell, ...]] = []

        def grid() -> Iterator[Grid]:
            if rows:
                yield Grid(tuple(rows), Locator(table=index), hidden, tuple(self._path))
                rows.clear()

        for number, (holder, cells) in enumerate(_rows(table)):
            if cells[0].name == "table":
                yield from grid()
                yield from self._table(cells[0], hidden=hidden)
                continue
            looks = [_look(cell) for cell in cells]
            if any(look is None for look in looks):
                yield from grid()
                for cell in cells:
                    yield from self._inside(cell, hidden=hidden, heading=False)
                continue
            row_hidden = holder is not None and _is_hidden(holder)
            if row_hidden:
                continue
            self.pictures += [tuple(self._path)] * sum(look or 0 for look in looks)
            rows.append(tuple(self._cell(cell, index, number, place) for place, cell in enumerate(cells)))
        yield from grid()

    def _cell(self, tag: Tag, table: int, row: int, place: int) -> RawCell:
        self.cells += 1
        if self.cells > MOST_CELLS:
            raise UnreadableDocument(
                "too_large",
                f"表格单元格超过 {MOST_CELLS} 个，不像一份年度报告",
                f"over {MOST_CELLS} table cells, unlike a yearly report",
            )
        at = Locator(table=table, row=row, cell=place)
        return RawCell(cell_text(tag), _span(tag, "colspan"), _span(tag, "rowspan"), at)


def _rows(table: Tag) -> Iterator[tuple[Tag | None, list[Tag]]]:
    """Physical rows of this table alone: cells of nested tables belong to those, a cell without a row starts one."""
    found: list[tuple[Tag | None, list[Tag]]] = []
    loose: list[Tag] = []
    ahead: list[tuple[Iterator[PageElement], list[Tag] | None]] = [(iter(table.contents), None)]
    while ahead:
        nodes, row = ahead[-1]
        node = next(nodes, None)
        if node is None:
            ahead.pop()
            continue
        if not isinstance(node, Tag):
            continue
        if node.name == "table":
            if node.parent is not None and node.parent.name in FRAME:
                found.append((None, [node]))  # between rows, where a browser would put it before the table
            continue
        if node.name == "tr":
            if loose:
                found.append((None, loose))
                loose = []
            row = []
            found.append((node, row))
        elif node.name in {"td", "th"}:
            (loose if row is None else row).append(node)
        elif node.name == "caption":
            found.append((node, [node]))
        ahead.append((iter(node.contents), row))
    if loose:
        found.append((None, loose))
    return ((holder, cells) for holder, cells in found if cells)


def _look(cell: Tag) -> int | None:
    """The pictures in a cell of data; None if it holds a table or a long text, and so arranges the page."""
    length = pictures = 0
    for node in cell.descendants:
        if isinstance(node, NavigableString):
            length += len(node)
        elif isinstance(node, Tag) and node.name == "table":
            return None
        elif isinstance(node, Tag) and node.name == "img":
            pictures += not _is_ornament(node)
    # White space does not count: how much of it stands in the source depends on the editor.
    is_long = length > _LONG_CELL and len("".join(cell.get_text().split())) > _LONG_CELL
    return None if is_long else pictures


def _tags(scope: Tag, names: Collection[str]) -> Iterator[Tag]:
    """The elements of these names in order; a plain loop, for searching through BeautifulSoup costs far more."""
    return (node for node in scope.descendants if isinstance(node, Tag) and node.name in names)


def cell_text(tag: Tag) -> str:
    """Text of a cell: inline parts joined without a space, line breaks kept, footnote marks in brackets."""
    parts: list[str] = []
    _gather(tag, parts)
    lines = "".join(parts).split("\n")
    return "\n".join(text for line in lines if (text := " ".join(line.split())))


def _gather(tag: Tag, parts: list[str]) -> None:
    for child in tag.children:
        if isinstance(child, NavigableString):
            if not isinstance(child, _NO_TEXT):
                # A line break of the source is a space at most; only markup breaks a line.
                parts.append(child.replace("\n", " "))
        elif isinstance(child, Tag) and child.name not in SKIPPED and not _is_hidden(child):
            if child.name in BLOCKS:
                parts.append("\n")
                _gather(child, parts)
                parts.append("\n")
            elif child.name in {"sup", "sub"} and (mark := child.get_text(strip=True)):
                parts.append(f"[{mark}]")
            else:
                _gather(child, parts)


def _span(tag: Tag, name: str) -> int:
    declared = tag.attrs.get(name)
    if declared is None:
        return 1
    match = re.match(r"\s*(\d{1,12})", str(declared))
    number = int(match[1]) if match else 1
    return max(1, min(number, _SPAN_LIMITS[name]))


def _is_hidden(tag: Tag) -> bool:
    if tag.name in STRUCK:
        return True
    attributes = tag.attrs
    return bool(attributes) and ("hidden" in attributes or is_hiding(str(attributes.get("style", ""))))


def _is_ornament(image: Tag) -> bool:
    """Small pictures (icons, counters, spacers) hold no report."""
    sizes = [str(image.get(name, "")) for name in ("width", "height")]
    known = [int(size.removesuffix("px")) for size in sizes if size.removesuffix("px").isdigit()]
    return bool(known) and max(known) < 200


_USEFUL = frozenset(
    """sitename sitedomain siteidcode columnname columndescription columnkeywords columntype articletitle pubdate
    contentsource keywords author description image url source publisher og:title dc.title""".split()  # noqa: SIM905
) | frozenset(dates.TAGS)


def _meta(soup: BeautifulSoup) -> dict[str, str]:
    """The tags of 国办发〔2017〕47号 and their relatives by lower-case name; of several the first with a content."""
    found: dict[str, str] = {}
    times = []
    for tag in _tags(soup, {"meta", "publishtime", "founder-date", "time"}):
        if tag.name != "meta":
            # Any clock may be a <time>; only one that is marked so tells the day of publication.
            if tag.name != "time" or "pubdate" in tag.attrs or "publish" in str(tag.get("itemprop", "")).lower():
                times.append(str(tag.get("datetime") or tag.get_text(strip=True)))
            continue
        name = tag.get("name") or tag.get("property") or tag.get("http-equiv") or tag.get("itemprop")
        content = str(tag.get("content") or "").strip()
        if name and content and str(name).strip().lower() in _USEFUL:
            found.setdefault(str(name).strip().lower(), content)
    return {"publishtime": times[0], **found} if times and times[0] else found


def _breadcrumb(text: str, blocks: Sequence[Text | Grid]) -> tuple[str, ...]:
    if found := breadcrumb.breadcrumb(text):
        return found
    lines = (block.text for block in blocks[:60] if isinstance(block, Text) and len(block.text) <= 200)
    return next((found for line in lines if (found := breadcrumb.in_line(line))), ())


def _attachments(soup: BeautifulSoup) -> tuple[tuple[str, str], ...]:
    found = []
    for tag in _tags(soup, {"a", "iframe", "embed", "object"}):
        address = str(tag.get("href") or tag.get("src") or tag.get("data") or "")
        if DOCUMENT.search(address):
            found.append((tag.get_text(" ", strip=True), address))
    return tuple(dict.fromkeys(found))


def _shows_report(blocks: Sequence[Text | Grid]) -> bool:
    return any(
        _OWN_TABLES.search(cell.text)
        for block in blocks
        if isinstance(block, Grid)
        for row in block.rows
        for cell in row
    )


def _is_source(block: Text | Grid) -> bool:
    """A text that shows tags to its reader, for it was escaped once too often."""
    return isinstance(block, Text) and bool(CARRIER.search(plain(block.text)))


def _carried(
    soup: BeautifulSoup, text: str, shown: Sequence[Text | Grid], read: Callable[[str], list[Text | Grid]]
) -> tuple[list[Text | Grid], dict[str, str]]:
    """The blocks that the page carries, each copy once, and what stands beside them; tables of the report first of all.

    Where one part holds tables of the report, the others (summaries, templates, notices) are left out.
    """
    parts: dict[tuple[object, ...], _Part] = {}
    for fragment, facts in islice(_fragments(soup, text, shown), _MOST_CARRIED):
        blocks = read(_without_cdata(fragment))
        said = tuple(
            block.text if isinstance(block, Text) else tuple(tuple(cell.text for cell in row) for row in block.rows)
            for block in blocks
        )
        parts.setdefault(said, (blocks, facts))
    own = [part for part in parts.values() if _shows_report(part[0])]
    if len({_figures(part[0]) for part in own}) > 1:
        own = _named(own, soup, shown)
    kept = own or list(parts.values())
    return [block for blocks, _ in kept for block in blocks], own[0][1] if len(own) == 1 else {}


_Part = tuple[list[Text | Grid], dict[str, str]]


def _figures(blocks: Sequence[Text | Grid]) -> tuple[str, ...]:
    """What two layouts of one report have in common."""
    texts = (cell.text for block in blocks if isinstance(block, Grid) for row in block.rows for cell in row)
    return tuple(text for text in texts if text.isdecimal())


def _named(parts: Sequence[_Part], soup: BeautifulSoup, shown: Sequence[Text | Grid]) -> list[_Part]:
    """Of several reports with other figures the one that the page itself names; raises UnreadableDocument if unsure."""
    said = {packed(block.text) for block in shown if isinstance(block, Text)}
    window = packed(soup.title.get_text()) if soup.title else ""
    titles = [packed(facts.get("script.title", "")) for _, facts in parts]
    own = [part for part, title in zip(parts, titles, strict=True) if title and (title in said or title in window)]
    if len(own) != 1:
        raise UnreadableDocument(
            "several",
            "页面数据中有几份内容不同的报告，无法判断是哪一份；请提供单份报告的网页或附件",
            "the page carries several reports with different figures; give the page or file of one report",
        )
    return own


def _fragments(soup: BeautifulSoup, text: str, shown: Sequence[Text | Grid]) -> Iterator[tuple[str, dict[str, str]]]:
    """HTML in places whose text a page does not show as it stands, with the facts of the object it belongs to."""
    if is_sent(text):
        for fragment, place in carried_in_script(text):
            yield fragment, facts_beside(text, place)
        return
    for block in shown:
        if _is_source(block) and isinstance(block, Text):
            yield plain(block.text), {}
    for tag in _tags(soup, {"iframe", "noscript", "template", "textarea", "input", "script"}):
        if tag.name == "script":
            source = tag.string or ""
            if source.lstrip().startswith("<") and CARRIER.search(source):
                yield source, {}
                continue
            for fragment, place in carried_in_script(source):
                yield fragment, facts_beside(source, place)
            continue
        if CARRIER.search(content := plain(_held(tag))):
            yield content, {}


def _held(tag: Tag) -> str:
    """What an element holds for a script or for a browser of another kind."""
    if tag.name in {"iframe", "input"}:
        return str(tag.get("srcdoc" if tag.name == "iframe" else "value", ""))
    return tag.get_text() if tag.name == "textarea" else tag.decode_contents()
