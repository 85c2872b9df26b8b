"""Signs that a list is written into the page by a script after it has arrived: what stands there is not all of it."""

from __future__ import annotations

import re

from bs4 import Tag

from crawler.cms.page import Page, clean

_MARKS = re.compile(
    r"<(?:li|tr|a|dd|div)\b[^>]{0,400}\s(?:v-for|ng-repeat|\*ngFor|ms-repeat)=|<a\b[^>]{0,400}(?:\s:href=|\{\{)|\bzTree\.init\b"
    r"|document\.write(?:ln)?\([^)]{0,80}<(?:li|tr|dd)\b",
    re.IGNORECASE,
)
ASKS = re.compile(r"\$\.(?:ajax|get|post|getJSON)\b|\bfetch\(|\baxios\b|XMLHttpRequest|\.load\(", re.IGNORECASE)
_TITLE = re.compile(
    r"(?<=[\"'>])[^\"'<>]{0,40}(?:{year}[^\"'<>]{0,30}公开[^\"'<>]{0,12}(?:报告|年报)"
    r"|公开[^\"'<>]{0,12}(?:报告|年报)[^\"'<>]{0,6}{year})[^\"'<>]{0,10}(?=[\"'<])".replace(
        "{year}", "(?:20\\d{2}|二[〇○零oO][〇○零一二三四五六七八九]{2})"
    )
)
_WRITES = (
    r"(?:[\"'(]#{0}[\"']\s*\)|getElementById\(\s*[\"']{0}[\"']\s*\))\s*\.\s*"
    r"(?:innerHTML\s*\+?=|append|prepend|html\(\s*[^)\s]|insertAdjacent)"
)
_BOXES = ("ul", "ol", "dl", "table", "tbody")


def filled_by_script(page: Page) -> str | None:
    """What gives it away: a framework's template, or an empty list that a script writes, or speaks of and asks for."""
    if found := _MARKS.search(page.text):
        return f"列表由脚本填写 / a script fills the list: {found[0][-40:]}"
    scripts = [script.get_text() for script in page.soup.find_all("script")]
    for box in page.soup.find_all(_BOXES):
        if _is_empty(box) and any(
            (ASKS.search(text) and speaks_of(text, box)) or _writes(text, box) for text in scripts
        ):
            return f"列表由脚本填写 / a script fills the list: {box.name} {_name(box)}"
    return None


def added_by_script(page: Page) -> str | None:
    """A list with entries to which a script that asks a server has yet to add, if the scripts have not run."""
    if page.drawn:
        return None
    asking = [text for script in page.soup.find_all("script") if ASKS.search(text := script.get_text())]
    for box in page.soup.find_all(_BOXES) if asking else ():
        if box.find("a") is not None and any(_writes(text, box) for text in asking):
            return f"列表由脚本续写 / a script adds to the list: {box.name} {_name(box)}"
    return None


def _name(box: Tag) -> str:
    return str(box.get("id") or " ".join(box.get_attribute_list("class")))


def _writes(text: str, box: Tag) -> bool:
    """A script puts something into the box: ``getElementById('list').innerHTML +=``, ``$('#list').append(``."""
    return bool(box.get("id")) and bool(re.search(_WRITES.format(re.escape(str(box["id"]))), text))


def titles_in_script(page: Page) -> str | None:
    """The title of a year's report that stands in a script and nowhere on the page: a list not drawn yet."""
    found = [one[0] for script in page.soup.find_all("script") for one in _TITLE.finditer(script.get_text())]
    shown = clean(page.soup.get_text()) if found else ""  # a soup's text leaves scripts out
    hidden = next((title for title in found if clean(title) not in shown), None)
    return f"标题只在脚本里 / a title stands in a script alone: {hidden[:40]}" if hidden else None


def _is_empty(box: Tag) -> bool:
    return not box.get_text(strip=True) and box.find("a") is None


def speaks_of(text: str, box: Tag) -> bool:
    names = [str(box.get("id") or ""), *map(str, box.get_attribute_list("class"))]
    return any(re.search(rf"[#.\"']{re.escape(name)}\b", text) for name in names if name)
