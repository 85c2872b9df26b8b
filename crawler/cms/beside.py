"""What stands beside a link of a list and belongs to it: words of its cell, its line, its row; none of its neighbours.

Old editors set a whole list into one paragraph or two entries into one row of a table. Whose a report is, and of which
day, is told by what stands next to it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from bs4 import Tag
from bs4.element import NavigableString

from crawler.cms.links import title_of
from crawler.cms.page import clean, find_date

IsEntry = Callable[[str], bool]
"""Whether a link with this title is an entry of the list, and no 下载 beside one."""
_BESIDE = ("span", "em", "i", "b", "strong", "label", "a")


def day_beside(row: Tag, anchor: Tag, is_entry: IsEntry) -> date | None:
    """The date at the end of the row, if not of another entry in it; inside of the link too, if it holds one."""
    if _is_shared(row, is_entry):
        words, place = _words_between(row, anchor, is_entry)
        behind = any(find_date(text) for text in words[-1])
        day = find_date(" ".join(words[place + 1] if behind else words[place]))
    else:
        day = find_date(row.get_text(" ").replace(anchor.get_text(" "), ""))
    return day or find_date(anchor.get_text(" "))


def said_beside(row: Tag, anchor: Tag, is_organ: Callable[[str], bool], is_entry: IsEntry) -> Iterator[str]:
    """The pieces of a row beside its link: what shows when one points at it, words, cells or spans, cells above.

    Where a row holds several entries and names several organs, those next to the link alone.
    """
    yield from (str(tag["title"]) for tag in (anchor, *anchor.find_all(title=True)) if tag.get("title"))
    pieces = list(_pieces(row, anchor))
    if _is_shared(row, is_entry) and len({clean(one) for one in (*pieces, *_words(row)) if is_organ(one)}) > 1:
        words, place = _words_between(row, anchor, is_entry)
        before = any(is_organ(text) for text in words[0])
        yield from words[place] if before else words[place + 1]
        return
    yield from pieces
    if row.name == "tr":
        yield from (cell.get_text() for cell in _cells_above(row))


def _is_shared(row: Tag, is_entry: IsEntry) -> bool:
    return sum(is_entry(title_of(anchor)) for anchor in row.find_all("a")) > 1


def _pieces(row: Tag, anchor: Tag) -> Iterator[str]:
    own = next((cell for cell in anchor.parents if cell.name in {"td", "th"}), None) if row.name == "tr" else None
    if own is not None:
        yield from _pieces(own, anchor)
    yield from (piece for piece in row.children if isinstance(piece, NavigableString))
    beside = ("td", "th") if row.name == "tr" else _BESIDE
    for cell in row.find_all(beside):
        if anchor not in cell.parents and anchor is not cell and not any(one is anchor for one in cell.descendants):
            yield cell.get_text()
    if anchor is row:
        yield from (cell.get_text() for cell in row.find_all(beside))


def _words(row: Tag) -> list[str]:
    return [str(text) for text in row.find_all(string=True)]


def _words_between(row: Tag, anchor: Tag, is_entry: IsEntry) -> tuple[list[list[str]], int]:
    """The words before, between and behind the entries of the line that a link stands in, and which of them it is."""
    words: list[list[str]] = [[]]
    place: int | None = None
    for node in row.descendants:
        if isinstance(node, Tag) and node.name == "br":
            if place is not None:
                break
            words = [[]]
        elif node is anchor or (isinstance(node, Tag) and node.name == "a" and is_entry(title_of(node))):
            place = len(words) - 1 if node is anchor else place
            words.append([])
        elif isinstance(node, NavigableString) and str(node).strip():
            inside = node.find_parent("a")
            if inside is None or (inside is not anchor and not is_entry(title_of(inside))):
                words[-1].append(str(node))
    return words, place or 0


def _cells_above(row: Tag) -> Iterator[Tag]:
    """Cells of earlier rows that reach down to this one, then the nearest row that is a heading of its own."""
    for distance, above in enumerate(row.find_previous_siblings("tr"), start=1):
        cells = above.find_all(["td", "th"])
        for cell in cells:
            span = str(cell.get("rowspan") or "1")
            if re.fullmatch(r"\d+", span) and int(span) > distance:
                yield cell
        if len(cells) == 1 and not cells[0].find("a"):
            yield cells[0]
            return
