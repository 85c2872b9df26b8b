"""What the two invented portals publish: eleven organisations, two years, and what changes on the second day."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date

from nianshen.demo import figures, pages
from nianshen.demo.narrative import Publication
from nianshen.demo.pages import Entry
from nianshen.demo.pdf import report_pdf

SEED = 2026
FORM = "2021"
YEARS = (2024, 2025)
CITY, COUNTY = "示例市人民政府", "样例县人民政府"


@dataclass(frozen=True, slots=True)
class Body:
    """An organisation of the demonstration. ``portal`` is ``city`` or ``county``; ``requests`` a year, roughly."""

    id: str
    name: str
    portal: str
    topics: tuple[str, str]
    requests: int = 0
    kind: str = "department"
    published: date | None = date(2026, 1, 16)
    from_day: int = 1
    fixed_on_day: int | None = None
    misprints: dict[str, str] = field(default_factory=dict)
    fee_statement: bool = True
    as_pdf: bool = False

    @property
    def region(self) -> str:
        return "示例市" if self.portal == "city" else "样例县"


_WATER_CELL = "requests/concluded/natural_person"
_ROADS_CELL = "disputes/review/total"
_FINANCE_CELLS = ("requests/granted/total", "requests/unavailable.not_held/total")

BODIES = (
    Body("edu", "示例市教育局", "city", ("义务教育招生", "校外培训治理"), 14),
    Body(
        "water", "示例市水利局", "city", ("水旱灾害防御", "农村供水"), 26, fixed_on_day=2, misprints={_WATER_CELL: "+1"}
    ),
    Body("roads", "示例市交通运输局", "city", ("公共交通", "道路建设"), 48, misprints={_ROADS_CELL: "+1"}),
    Body("civil", "示例市民政局", "city", ("养老服务", "社会救助"), 9, published=date(2026, 2, 3)),
    Body("stats", "示例市统计局", "city", ("统计数据", "普查工作"), 3, published=date(2026, 2, 4), from_day=2),
    Body("culture", "示例市文化和旅游局", "city", ("公共文化场馆", "旅游市场监管"), 4, published=None),
    Body(
        "finance", "样例县财政局", "county", ("预算决算", "政府采购"), 17, misprints=dict.fromkeys(_FINANCE_CELLS, "")
    ),
    Body("farm", "样例县农业农村局", "county", ("惠农补贴", "高标准农田"), 2, fee_statement=False),
    Body("housing", "样例县住房和城乡建设局", "county", ("住房保障", "老旧小区改造"), 21, published=date(2026, 1, 22)),
    Body(
        "qingshi",
        "样例县青石镇人民政府",
        "county",
        ("村级事务", "民生工程"),
        0,
        "township",
        date(2026, 1, 20),
        as_pdf=True,
    ),
    Body("county", "样例县人民政府", "county", ("重大决策", "营商环境"), 90, "government", None),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What a server answers for one path. ``changed`` is the day on which these bytes appeared."""

    data: bytes
    content_type: str
    changed: date


@dataclass(frozen=True, slots=True)
class Article:
    """A page and the line by which a list points to it."""

    entry: Entry
    path: str
    resource: Resource
    attachments: tuple[tuple[str, Resource], ...] = ()


def city(day: int) -> dict[str, Resource]:
    """The TRS-style portal in UTF-8 as it stands on a day (1 or 2), by path."""
    root = "/zwgk/zfxxgknb/"
    articles = [_city_article(root, report) for report in _reports("city", day)]
    articles += [_city_notice(root, *notice) for notice in _neighbours("示例市", ("教育局", "水利局", "交通运输局"))]
    lists = _paged([article.entry for article in _newest_first(articles)])
    site = _resources(articles)
    for number, entries in enumerate(lists):
        path = root + ("index.html" if number == 0 else f"index_{number}.html")
        html = pages.trs_list(CITY, "政府信息公开年报", entries, number, len(lists))
        site[path] = _utf8(html, _TODAY[day])
    site[root] = site[root + "index.html"]
    link = f'<ul><li><a href="{root}">政府信息公开年报</a></li></ul>'
    for path, title in (("/", "首页"), ("/zwgk/", "政务公开")):
        site[path] = _utf8(pages.trs_page(title, CITY, f"<h3>{title}</h3>{link}"), date(2025, 1, 2))
    return site


def county(day: int) -> dict[str, Resource]:
    """The old GBK portal as it stands on a day, by path. Its pages declare gb2312 and use characters beyond it."""
    root = "/gk/"
    articles = [_county_article(root, report) for report in _reports("county", day)]
    articles += [
        _county_notice(root, *notice) for notice in _neighbours("样例县", ("财政局", "农业农村局", "住房和城乡建设局"))
    ]
    lists = _paged([article.entry for article in _newest_first(articles)])
    site = _resources(articles)
    for number, entries in enumerate(lists, 1):
        path = root + ("list.html" if number == 1 else f"list_{number}.html")
        html = pages.old_list(COUNTY, "政府信息公开年度报告", entries, number, len(lists))
        site[path] = _gbk(html, _TODAY[day])
    home = '<tr><td><a href="/gk/list.html">政府信息公开年度报告</a></td></tr>'
    site["/"] = _gbk(pages.old_page("首页", COUNTY, home), date(2025, 1, 2))
    return site


_TODAY = {1: date(2026, 2, 3), 2: date(2026, 2, 5)}
_PER_PAGE = 8


def _reports(portal: str, day: int) -> list[tuple[Body, Publication]]:
    """Every report of both years that stands on the portal on that day."""
    found = []
    for body in BODIES:
        if body.portal != portal:
            continue
        rng = random.Random(f"{SEED}/{body.id}")  # noqa: S311 - invented figures, the same on every run
        before = figures.tables(FORM, rng, body.requests)
        now = figures.tables(FORM, rng, body.requests, previous=before)
        last_year = Publication(
            body.name, YEARS[0], FORM, before, date(2025, 1, 15), body.kind, body.topics, 90 + len(body.name)
        )
        found.append((body, last_year))
        if body.published is None or body.from_day > day:
            continue
        wrong = body.fixed_on_day is None or day < body.fixed_on_day
        this_year = replace(
            last_year,
            year=YEARS[1],
            figures=now,
            published=body.published,
            items=last_year.items + 35,
            misprints=_misprints(body, now) if wrong else {},
            fee_statement=body.fee_statement,
        )
        found.append((body, this_year))
    return found


def _misprints(body: Body, values: figures.Figures) -> dict[str, str]:
    """The printed texts of wrong cells: ``+1`` is one more than the truth."""
    return {
        cell: f"{values[cell] + int(text)}" if text.startswith("+") else text for cell, text in body.misprints.items()
    }


def _city_article(root: str, report: tuple[Body, Publication]) -> Article:
    body, publication = report
    name = f"{publication.published:%Y%m}/t{publication.published:%Y%m%d}_{_number(body, publication)}.html"
    entry = Entry(publication.title, f"./{name}", publication.published.isoformat())
    return Article(entry, root + name, _utf8(pages.trs_article(publication, CITY), publication.published))


def _city_notice(root: str, title: str, source: str, day: date, paragraphs: tuple[str, ...]) -> Article:
    name = f"{day:%Y%m}/t{day:%Y%m%d}_{sum(map(ord, title)) % 9000 + 1000}.html"
    page = pages.trs_notice(title, source, day.isoformat(), paragraphs, CITY)
    return Article(Entry(title, f"./{name}", day.isoformat()), root + name, _utf8(page, day))


def _county_article(root: str, report: tuple[Body, Publication]) -> Article:
    body, publication = report
    number = _number(body, publication)
    path = f"{root}show_{number}.html"
    entry = Entry(publication.title, f"show_{number}.html", publication.published.isoformat())
    if not body.as_pdf:
        return Article(entry, path, _gbk(pages.old_article(publication, COUNTY), publication.published))
    file = f"/upload/{publication.published:%Y}/{number}.pdf"
    cover = (f"{publication.title}已编制完成，现予公布，全文见附件。", "特此公告。")
    page = pages.old_notice(
        publication.title,
        publication.agency,
        publication.published.isoformat(),
        cover,
        COUNTY,
        attachment=(f"附件：{publication.title}.pdf", file),
    )
    attachment = Resource(report_pdf(publication), "application/pdf", publication.published)
    return Article(entry, path, _gbk(page, publication.published), ((file, attachment),))


def _county_notice(root: str, title: str, source: str, day: date, paragraphs: tuple[str, ...]) -> Article:
    name = f"show_{sum(map(ord, title)) % 9000 + 1000}.html"
    page = pages.old_notice(title, source, day.isoformat(), paragraphs, COUNTY)
    return Article(Entry(title, name, day.isoformat()), root + name, _gbk(page, day))


def _neighbours(region: str, offices: tuple[str, ...]) -> list[tuple[str, str, date, tuple[str, ...]]]:
    """Articles that stand in the same list and are no reports of this duty."""
    notices = []
    for position, office in enumerate(offices):
        name = region + office
        notices += [
            (
                f"{name}2025年法治政府建设年度报告",
                name,
                date(2026, 1, 8 + position),
                (f"2025年，{name}认真落实法治政府建设要求，完善行政决策程序，全年审查文件12件。",),
            ),
            (
                f"{name}2024年度部门决算",
                name,
                date(2025, 9, 10 + position),
                ("第一部分 部门概况", "第二部分 决算报表", "收入总计1204.56万元，支出总计1204.56万元。"),
            ),
        ]
    notices.append(
        (
            f"图解：{region}{offices[0]}2025年政府信息公开工作年度报告",
            region + offices[0],
            date(2026, 1, 25),
            ("一张图带您了解2025年政府信息公开工作。",),
        )
    )
    return notices


def _number(body: Body, publication: Publication) -> int:
    """The number of an article, the same on every run and day."""
    return 1000 + 100 * [one.id for one in BODIES].index(body.id) + publication.year % 100


def _newest_first(articles: list[Article]) -> list[Article]:
    return sorted(articles, key=lambda article: (article.entry.day, article.path), reverse=True)


def _paged(entries: list[Entry]) -> list[list[Entry]]:
    return [entries[start : start + _PER_PAGE] for start in range(0, len(entries), _PER_PAGE)]


def _resources(articles: list[Article]) -> dict[str, Resource]:
    site = {article.path: article.resource for article in articles}
    return site | {path: resource for article in articles for path, resource in article.attachments}


def _utf8(html: str, changed: date) -> Resource:
    return Resource(html.encode(), "text/html; charset=utf-8", changed)


def _gbk(html: str, changed: date) -> Resource:
    """The header of the old server names a character set that its pages are not written in."""
    return Resource(html.encode("gb18030"), "text/html; charset=ISO-8859-1", changed)
