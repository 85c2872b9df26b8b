"""Publishing systems rebuilt: the pages and endpoints each of them would have for the same entries.

The endpoints answer as the real ones are known to: they ignore what those ignore, cut what those cut, and want the
Referer where those want it. What they would not understand is left unanswered, which fails the test that asked it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.crawler.site import Answer, Asked, Service

Place = str | Answer | Service
CHANNEL = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Entry:
    """One entry of a list."""

    title: str
    href: str
    day: str = "2026-01-20"
    organ: str = ""

    @property
    def row(self) -> str:
        return f'<li><a href="{self.href}" title="{self.title}">{self.title}</a><span>{self.day}</span></li>'


def data(value: object) -> Answer:
    """A JSON reply."""
    return Answer(json.dumps(value).encode(), 200, {"Content-Type": "application/json"})


def page(inner: str, title: str = "政府信息公开年报") -> str:
    return f"<html><head><title>{title}</title></head><body>{inner}</body></html>"


def part(entries: Sequence[Entry], number: int, size: int) -> Sequence[Entry]:
    return entries[(number - 1) * size : number * size]


def trs(entries: Sequence[Entry], script: str, name: str, size: int = 5, base: int = 0) -> Mapping[str, Place]:
    """Static pages; in ``script`` N stands for the pages and C for this one; names count from ``base``."""
    count = -(-len(entries) // size)
    first, _, extension = name.partition("_#")
    pages: dict[str, Place] = {}
    for number in range(1, count + 1):
        told = script.replace("N", str(count)).replace("C", str(number - 1 + base))
        path = f"/nb/{first}{extension}" if number == 1 else f"/nb/{first}_{number - 1 + base}{extension}"
        pages[path] = page(f"<ul>{''.join(one.row for one in part(entries, number, size))}</ul>{told}")
    return pages


def jpaas(entries: Sequence[Entry], *, query: str, size: int = 5) -> Mapping[str, Place]:
    """A unit named on the page by ``query`` and drawn by the gateway, which knows pages in ``paramJson`` alone."""

    def unit(asked: Asked) -> Answer | None:
        if (asked.get("webId"), asked.get("pageId"), asked.get("parseType")) != ("w1", "p1", "bulidstatic"):
            return None
        number = json.loads(asked.get("paramJson", "{}")).get("pageNo", 1)
        rows = "".join(one.row for one in part(entries, number, size))
        pager = f'<div class="pagination" rows="{size}" count="{len(entries)}"><a>1</a></div>'
        return data({"success": True, "code": "200", "data": {"html": f"<ul>{rows}</ul>{pager}"}})

    return {
        "/col/col1/index.html": page(f'<script src="/AuthorizedRead/unitbuild.js"></script>{query}'),
        "/api-gateway/jpaas-publish-server/front/page/build/unit": unit,
    }


def catalogue(entries: Sequence[Entry], *, leaks: Sequence[Entry] = (), size: int = 5) -> Mapping[str, Place]:
    """Hanweb's catalogue of an area; ``leaks`` are entries of other columns, which it sends as well."""
    every = [*entries, *leaks]

    def search(asked: Asked) -> Answer | None:
        if asked.get("area") != "002482429" or asked.get("infotypeId") != "A0212":
            return None
        number, count = int(asked["currpage"]), -(-len(every) // size)
        rows = "".join(
            f"<tr class='tr_main_value_{'odd' if place % 2 else 'even'}'><td>{place}</td>"
            f"<td><a href='{one.href}' title='{one.title}'>{one.title[:12]}...</a></td><td>{one.day}</td></tr>"
            for place, one in enumerate(part(every, number, size))
        )
        return Answer.page(f"<table>{rows}</table><div>共{len(every)}条 共{count}页 当前第{number}页</div>")

    script = (
        "<script>$.ajax({type:'POST',url:'/module/xxgk/search.jsp?standardXxgk=0&isAllList=1&texttype=0&fbtime=-1',"
        "data:'infotypeId=A0212&jdid=3096&area=002482429&divid=div002482429'})</script>"
    )
    return {"/col/col11/index.html": page(f"<div id=div002482429></div>{script}"), "/module/xxgk/search.jsp": search}


def ucap(entries: Sequence[Entry], *, script: str, path: str = "/common/search/", size: int = 5) -> Mapping[str, Place]:
    """A channel's service: ``rows`` is the size of a page, ``total`` the entries; it gives at most ``size``."""

    def search(asked: Asked) -> Answer | None:
        if asked.get("_isAgg") != "true" or asked.get("_isJson") != "true":
            return None
        results = [
            {
                "title": f"<em>{one.title}</em>",
                "url": one.href,
                "publishedTimeStr": f"{one.day} 09:00:00",
                "domainMetaList": [{"resultList": [{"key": "fbjg", "value": one.organ}]}] if one.organ else [],
            }
            for one in part(entries, int(asked["page"]), size)
        ]
        return data({"data": {"total": len(entries), "page": int(asked["page"]), "rows": size, "results": results}})

    return {"/nb/index.html": page(f"<div id=list></div><script>{script}</script>"), f"{path}{CHANNEL}": search}


def gkmlpt(
    entries: Sequence[Entry], *, prefix: str = "", name: str = "政府信息公开年报", count: int | None = None
) -> Mapping[str, Place]:
    """The directory of Guangdong: a tree in the script of the page, a hundred articles a page; page 0 is page 1."""
    tree = [
        {"id": 100, "name": "政府信息公开指南", "jump_url": "/zn.html", "children": []},
        {"id": 101, "name": "法定主动公开内容", "children": [{"id": 105, "name": "部门决算", "children": []}]},
        {"id": 103, "name": name, "children": []},
    ]

    def articles(asked: Asked) -> Answer | None:
        if asked.get("sid") != "755001":
            return None
        shown = part(entries, max(int(asked["page"]), 1), 100)
        rows = [
            {"id": place, "title": one.title, "url": one.href, "publisher": one.organ, "created_at": f"{one.day} 10:00"}
            for place, one in enumerate(shown)
        ]
        total = len(entries) if count is None else count
        return data({"articles": rows, "total": len(entries), "classify": {"id": 103, "post_count": total}})

    config = f"window._CONFIG = {{SID: '755001', LANG: 'cn', TREE: {json.dumps(tree)}, SERVICE_AREA_ID: 1}}"
    return {
        f"{prefix}/gkmlpt/index": page(f"<div id=app></div><script>{config}</script>", "政府信息公开目录"),
        f"{prefix}/gkmlpt/api/all/103": articles,
    }


def epoint(entries: Sequence[Entry], *, inline: bool = False, size: int = 20) -> Mapping[str, Place]:
    """A skeleton that a template of the browser fills; site and guid stand in a script of all pages."""
    site = "var siteInfo = {projectName: '/EpointWebBuilder', siteGuid: '7eb5f7f1-9041-43ad-8e13-8fcb82ea831a'};"

    def rows(asked: Asked) -> Answer | None:
        if asked.get("siteGuid") != "7eb5f7f1-9041-43ad-8e13-8fcb82ea831a" or asked.get("categorynum") != "003002":
            return None
        number = int(asked["pageIndex"])
        shown = [
            {"infourl": one.href, "realtitle": one.title, "infodate": one.day, "deptname": one.organ}
            for one in part(entries, number, min(size, int(asked["pageSize"])))
        ]
        return data({"custom": {"data": shown, "total": len(entries)}, "status": {"code": 1}})

    skeleton = "<ul><script type='text/html'><li><a href='<?=el.link?>'><?=el.title?></a></li></script></ul>"
    told = f"<script>{site}</script>" if inline else "<script src='/js/webBuilderCommon.js?v=2'></script>"
    where = "<script>var categorynum = '003002', deptcode = ''; /* getgovinfolist */</script>"
    return {
        "/zfxxgk/list.html": page(f"<div class=EWB-FRONT></div>{skeleton}{told}{where}"),
        "/js/webBuilderCommon.js": lambda _: Answer(site.encode(), 200, {"Content-Type": "text/javascript"}),
        "/EpointWebBuilder/rest/lightfrontaction/getgovinfolist": rows,
    }


def truecms(entries: Sequence[Entry], *, most: int = 50, step: int = 15, told: bool = True) -> Mapping[str, Place]:
    """JSONP around records; without the Referer, or for more records than ``most``, it answers 404."""

    def message(asked: Asked) -> Answer | None:
        start, end = int(asked["startrecord"]), int(asked["endrecord"])
        if asked["Referer"] == "" or end - start >= most or asked["columnId"] != "2c9":
            return Answer(b"", 404)
        records = "".join(f"<record><![CDATA[{one.row}]]></record>" for one in entries[start - 1 : end])
        total = f"<totalrecord>{len(entries)}</totalrecord>" if told else ""
        result = f"<datastore>{total}<recordset>{records}</recordset></datastore>"
        return Answer(f"{asked['callback']}({json.dumps({'result': result})})".encode())

    url = "/truecms/messageController/getMessage.do"
    script = f"$('#list').page({{columnId:'2c9',proxyUrl:'{url}',perPage:'{step}'}})"
    return {"/nb/list.html": page(f"<div id=list></div><script>{script}</script>"), url: message}


def aspx(entries: Sequence[Entry], *, pager: Callable[[int, int], str], size: int = 5) -> Mapping[str, Place]:
    """A page of old ASP.NET that takes its number from the address; ``pager`` draws the links of page N of M."""

    def listed(asked: Asked) -> Answer | None:
        number, count = int(asked.get("page", "1")), -(-len(entries) // size)
        rows = "".join(
            f"<tr><td><a href='{one.href}'>{one.title}</a></td><td>{one.day.replace('-', '/')}</td></tr>"
            for one in part(entries, number, size)
        )
        state = "<input type=hidden name=__VIEWSTATE value=dDwtMTA>"
        inner = f"<form method=post>{state}<table>{rows}</table>{pager(number, count)}</form>"
        return Answer.page(page(inner), "gbk") if asked.get("cid") == "1019" else None

    return {"/InfoPublic.aspx": listed}
