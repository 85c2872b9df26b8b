"""The day of publication in every shape agencies print it, told from all the other days of a page."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from audit.reading import read
from tests.audit.reading.handmade import REPORT, page

NEXT = REPORT.year + 1
DAY = date(NEXT, 1, 20)
NUMERALS = "".join("〇一二三四五六七八九"[int(figure)] for figure in str(NEXT))
# Half past midnight in Shanghai, the day before in UTC.
MOMENT = datetime(NEXT, 1, 19, 16, 30, tzinfo=UTC)
WIDE = str(DAY).translate({code: code + 0xFEE0 for code in range(0x2D, 0x3A)})


def headed(tag: str) -> bytes:
    return page().replace(b"<head>", f"<head>{tag}".encode())


@pytest.mark.parametrize(
    "line",
    [
        f"<div><span>来源：示例市教育局</span><span>时间：{DAY}</span><span>浏览：12</span></div>",
        f"<div><span>发布日期：</span><span>{DAY}</span><span>10:23</span></div>",
        f"<table><tr><th>索引号</th><td>1</td><th>发布日期</th><td>{DAY}</td></tr></table>",
        f"<table><tr><td>索引号</td><td>发文日期</td></tr><tr><td>1</td><td>{DAY}</td></tr></table>",
        f"<table><tr><td>生成日期：</td><td>{NEXT}-01-10</td></tr><tr><td>发布日期：</td><td>{DAY}</td></tr></table>",
        f"<dl><dt>发布日期</dt><dd>{DAY}</dd></dl>",
        f"<p><publishtime>{DAY} 10:00</publishtime></p>",
        f"<p>发布日期：{NUMERALS}年一月二十日</p>",
        f"<p>发布时间：{NEXT}年01月20日 10:23:11</p>",
        f"<p>发布日期 : {NEXT}-1-20</p>",
        f"<p>发布日期：{NEXT}/1/20 0:00:00</p>",
        f"<p>发布日期：{WIDE}</p>",
        f"<p>日　期：{DAY}</p>",
        f"<p>[发布时间：{DAY}]【字体：大 中 小】</p>",
        f"<p>来源：示例市教育局 {DAY} 10:23</p>",
        f"<ul><li>公开日期：{DAY}</li><li>公开时限：长期</li></ul>",
        f"<time itemprop=datePublished datetime={DAY}>上午</time>",
    ],
)
def test_the_day_of_publication_is_found(line: str) -> None:
    found = read(page(top=line))

    assert found.dates.declared == DAY
    assert found.sources["declared"]


@pytest.mark.parametrize(
    "tag",
    [
        f"<meta name=PubDate content={int(MOMENT.timestamp()) * 1000}>",
        f"<meta name=PubDate content={int(MOMENT.timestamp())}>",
        f"<meta property=article:published_time content={MOMENT:%Y-%m-%dT%H:%M:%S.000Z}>",
        f"<meta http-equiv=date content={DAY}>",
        f"<meta name=PubDate content='Tue Jan 20 10:23:11 CST {NEXT}'>",
        f"<meta name=PubDate content=''><meta name=PUBDATE content='{DAY} 10:00'>",
    ],
)
def test_time_stamps_of_tags_are_days_in_shanghai(tag: str) -> None:
    assert read(headed(tag)).dates.declared == DAY


@pytest.mark.parametrize(
    "line",
    [
        f"<p>打印日期：{DAY}</p>",
        f"<p>来源：示例市教育局打印时间：{DAY}</p>",
        f"<p>有效期：{DAY}</p><p>有效期至{DAY}</p>",
        f"<p>当前日期：{DAY}</p><p>今天是{DAY} 星期二</p>",
        f"<p>更新时间：{DAY}</p>",
        f"<p>工作时间：{NEXT}年1月1日起每天8:30</p>",
        f"<p>Copyright {NEXT} 版权所有</p><p>© {DAY}</p>",
        f"<time>{DAY}</time>",
        "<p>浏览次数：20260120</p>",
    ],
)
def test_other_days_are_not_that_of_publication(line: str) -> None:
    assert read(page(top=line)).dates.declared is None
    assert read(page(tail=line)).dates.declared is None


def test_a_tag_renewed_after_the_day_that_the_page_shows_does_not_make_it_late() -> None:
    data = headed(f"<meta name=PubDate content={NEXT}-05-06>").replace(
        b"</h1>", f"</h1><p>发布日期：{DAY}</p>".encode()
    )

    found = read(data)

    assert found.dates.declared == DAY
    assert f"{NEXT}-05-06" in found.sources["declared"]


@pytest.mark.parametrize(
    "tail",
    [
        f"<p>示例市教育局</p><p>{NEXT}年1月20日</p>",
        f"<p>示例市教育局　　{NEXT}年1月20日</p>",
        f"<p>示例市教育局<br>{NUMERALS}年一月二十日</p>",
        f"<p>{NUMERALS.replace('〇', '0')}年元月廿日</p>",
        f"<p>成文日期：{NEXT}年1月20日</p>",
    ],
)
def test_the_signature_is_dated_and_is_no_publication(tail: str) -> None:
    found = read(page(tail=tail))

    assert (found.dates.signed, found.dates.declared) == (DAY, None)
    assert found.sources["signed"]


def test_a_day_in_a_sentence_is_no_signature() -> None:
    assert read(page(tail=f"<p>截至{NEXT}年1月20日</p>")).dates.signed is None


@pytest.mark.parametrize("title", ["h1", "p"])
def test_the_day_below_the_title_stands_before_one_above_it(title: str) -> None:
    html = page().decode().replace("<h1>", f"<{title}>").replace("</h1>", f"</{title}><p>发布时间：{DAY}</p>")

    assert read(html.replace("<body>", f"<body><p>热点 发布时间：{NEXT}-09-09</p>").encode()).dates.declared == DAY


@pytest.mark.parametrize("between", ["", "</p><p>"])
def test_days_beside_other_years_reports_are_theirs(between: str) -> None:
    titles = (f"{REPORT.agency}{year}年政府信息公开工作年度报告" for year in (REPORT.year + 1, REPORT.year + 2))
    links = "".join(f"<p>{title}{between} 发布时间：{NEXT + 1}-01-10</p>" for title in titles)

    assert read(page(tail=links)).dates.declared is None
    assert read(page(top=links)).dates.declared is None
