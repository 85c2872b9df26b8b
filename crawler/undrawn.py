"""A report's page on which the report is not yet: only its scripts bring the text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bs4 import Tag

from crawler.cms.page import Page, clean
from crawler.cms.scripted import ASKS, speaks_of

_TEMPLATE = re.compile(
    r"\b(?:v-html|ng-bind-html|:inner-?html\.?\w*)=|\{\{\s*[\w.]*(?:content|body|text|html)", re.IGNORECASE
)
_ROOT = re.compile(r"^(?:app|root|__next|main-app)$", re.IGNORECASE)
_ARTICLE = re.compile(r"zoom|content|article|detail|editor|ucap|main-?te?xt|xxgk|news", re.IGNORECASE)
# The words of a report, as a script would hold them too: such a page has its text, and its reader finds it there.
_CARRIED = re.compile(
    r"总体情况|\\u603b\\u4f53\\u60c5|&#(?:x603b|24635);|%E6%80%BB%E4%BD%93|%u603B%u4F53", re.IGNORECASE
)
_META = re.compile(r"<(?:meta|title)\b[^>]*>", re.IGNORECASE)
_BOXES = ("div", "section", "article", "span", "td", "p", "main", "ul")
_HOLDING = ("img", "iframe", "embed", "object", "table", "video", "canvas", "input")
_FEW_WORDS = 800


def undrawn(page: Page) -> str | None:
    """What gives it away that scripts have yet to write the text; None for a page that has it, or has other words."""
    if _CARRIED.search(_META.sub("", page.text)) or _words(page) > _FEW_WORDS:
        return None
    if found := _TEMPLATE.search(page.text):
        return f"正文由脚本生成 / a script makes the text: {found[0][:40]}"
    scripts = page.soup.find_all("script")
    asking = [text for script in scripts if ASKS.search(text := script.get_text())]
    called = any(script.get("src") for script in scripts)
    for box in _empty(page):
        name = f"{box.get('id') or ''} {' '.join(box.get_attribute_list('class'))}".strip()
        named = _ARTICLE.search(name) or _ROOT.match(str(box.get("id") or ""))
        if any(speaks_of(text, box) for text in asking) or (named and (asking or called)):
            return f"正文由脚本生成 / a script makes the text: {box.name} {name}"
    return None


def _words(page: Page) -> int:
    """Signs of text that leads nowhere."""
    linked = {id(text) for anchor in page.soup.find_all("a") for text in anchor.find_all(string=True)}
    body = page.soup.body or page.soup
    said = (text for text in body.find_all(string=True) if text.parent and text.parent.name not in {"script", "style"})
    return sum(len(clean(text)) for text in said if id(text) not in linked)


def _empty(page: Page) -> Iterator[Tag]:
    for box in page.soup.find_all(_BOXES):
        if (box.get("id") or box.get("class")) and not box.get_text(strip=True) and box.find(_HOLDING) is None:
            yield box
