"""gkmlpt (政府信息公开目录平台, Guangdong): a tree of columns in the page's script, their articles from a JSON service.

The node of the yearly reports is found by its name in the tree; pages of 100 articles count from 1 (0 is the same).
Article pages hold their text inside a script, which the reading of reports knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from crawler.cms import foreign, static
from crawler.cms.page import Link, ListPage, Page, PageLink, clean
from crawler.cms.pager import MAX_PAGES
from crawler.portal import Portal

NAME = "gkmlpt"

_SID = re.compile(r"[\"']?\bSID[\"']?\s*:\s*[\"']?(\d{1,12})\b")
_TREE = re.compile(r"[\"']?\bTREE[\"']?\s*:\s*(?=\[)")
_API = re.compile(r"/gkmlpt/api/all/(\d+)$")
_PAGE_SIZE = 100
_DEEPEST = 12


def recognise(page: Page) -> float:
    """Sure by the script that configures it or by the address of its service."""
    if _API.search(urlsplit(page.url).path) or ("_CONFIG" in page.text and _TREE.search(page.text)):
        return 0.97
    return 0.3 if "/gkmlpt/" in page.url else 0.0


def first(portal: Portal) -> tuple[str, ...]:
    """The addresses a reading starts from."""
    return portal.start_urls


def parse(page: Page) -> ListPage:
    """The tree, a page of articles, or a plain list where neither is there."""
    if page.within or _API.search(urlsplit(page.url).path):
        try:
            return _articles(page)
        except foreign.Malformed as error:
            return ListPage((), page=page.number, unresolved=str(error), system=NAME, reply=True)
    sid, tree = _SID.search(page.text), _tree(page)
    if sid is None or tree is None:
        return replace(static.parse(page), system=NAME)
    wanted = urlsplit(page.url).fragment
    nodes = list(_nodes(tree, wanted if wanted.isdecimal() else None))
    root = page.url.partition("/gkmlpt/")[0]
    asked = tuple(
        PageLink(f"{root}/gkmlpt/api/all/{node['id']}?page=1&sid={sid[1]}", 1, referer=page.url)
        for node in nodes
        if not node.get("jump_url")
    )
    elsewhere = tuple(url for node in nodes if (url := _jump(page, node)))
    why = None if asked or elsewhere else "目录树里没有年报栏目 / no column of yearly reports in the tree"
    return ListPage((), next=asked, frames=elsewhere, unresolved=why, system=NAME, hollow=bool(asked))


def _articles(page: Page) -> ListPage:
    reply = foreign.json_of(page.text)
    articles = foreign.rows_of(reply.get("articles"))
    items = tuple(
        Link(title, url, _day(one), foreign.text_in(one, "publisher"))
        for one in articles
        if (title := clean(foreign.text_in(one, "title")))
        and (url := page.resolve(foreign.text_in(one, "url", "post_url")))
    )
    # What the column counts and what the service lists may differ: then something is there that is not shown.
    counts = [foreign.number_in(reply.get("total")), foreign.number_in(foreign.dig(reply, "classify", "post_count"))]
    total = max((count for count in counts if count is not None), default=None)
    if total is None:
        raise foreign.Malformed("没有总数 / no total")
    pages = max(-(-total // _PAGE_SIZE), 1)
    lost = len(articles) - len(items)
    return ListPage(
        items,
        page=page.number,
        pages=min(pages, MAX_PAGES),
        total=total,
        rows=len(articles),
        next=tuple(
            PageLink(foreign.with_query(page.url, page=number), number, referer=page.within)
            for number in range(page.number + 1, min(pages, MAX_PAGES) + 1)
        ),
        unresolved=f"{lost}条没有标题或链接 / {lost} entries without title or address" if lost else None,
        system=NAME,
        reply=True,
    )


def _day(article: dict[str, Any]) -> Any:
    return foreign.day_in(article, "display_publish_time", "first_publish_time", "create_time", "created_at")


def _tree(page: Page) -> list[Any] | None:
    """The tree as the script writes it; it is JSON inside of an object that is not."""
    found = _TREE.search(page.text)
    if found is None:
        return None
    try:
        tree, _ = json.JSONDecoder().raw_decode(page.text, found.end())
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, list) else None


def _nodes(tree: list[Any], wanted: str | None, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The topmost nodes that carry the column's name, or the one the address asks for."""
    for node in tree if depth < _DEEPEST else ():
        number = node.get("id") if isinstance(node, dict) else None
        if not isinstance(node, dict) or not re.fullmatch(r"\d{1,12}", str(number)):
            continue
        named = static.COLUMN_NAME.match(clean(foreign.text_in(node, "name", "title")))
        if str(number) == wanted if wanted else named:
            yield node
        elif isinstance(node.get("children"), list):
            yield from _nodes(node["children"], wanted, depth + 1)


def _jump(page: Page, node: dict[str, Any]) -> str | None:
    url = page.resolve(foreign.text_in(node, "jump_url"))
    return url if url and page.same_host(url) and url != page.url else None
