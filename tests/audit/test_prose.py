"""Whether a report says something else than before, whatever happens to the page around it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from audit.context import Context, Version
from audit.engine import judge
from audit.finding import Finding
from audit.prose import digest, rewritten
from audit.reading import read
from nianshen.demo import narrative
from nianshen.demo.narrative import Publication
from tests import generator

MORNING = datetime(2026, 2, 4, tzinfo=UTC)
REPORT = generator.publication(random.Random(3), "2021", activity=12)


def page(skin: str) -> str:
    return generator.page(REPORT, skin)


def at_end(html: str) -> str:
    """Where the portal's own things stand, behind the article."""
    return html.replace("</body>", "{}</body>").replace("</BODY>", "{}</BODY>")


HOT = "<div class=hot><h3>热点</h3><ul><li><a href=/1>调研{0}个项目</a></li><li>又有{0}家企业落户。</li></ul></div>"
FRAMES: dict[str, Callable[[str, int], str]] = {
    "a counter behind the article": lambda html, n: at_end(html).replace("{}", f"<p>浏览次数：{n}次</p>"),
    "a counter in words": lambda html, n: at_end(html).replace("{}", f"<div>访问量：{n} 人次</div>"),
    "hot news": lambda html, n: at_end(html).replace("{}", HOT.format(n)),
    "the day of printing": lambda html, n: at_end(html).replace(
        "{}", f"<p>打印日期：2026-02-0{n % 9 + 1} 10:00:0{n % 9}</p>"
    ),
    "neighbours": lambda html, n: at_end(html).replace(
        "{}", f"<p>上一篇：第{n}号通知</p><p>下一篇：第{n + 1}号通知。</p>"
    ),
    "a counter above the text": lambda html, n: html.replace("<h1>", f"<span>阅读：{n}</span><h1>", 1),
    "another name of the portal": lambda html, n: html.replace("</title>", f"_门户{n}</title>"),
    "white space": lambda html, n: html.replace("。", "。\n" * n, 3),
    "a comma": lambda html, n: html.replace("，", "、" if n % 2 else "，", 2),
    "spans around words": lambda html, n: html.replace("公开", "<span>公</span>开" if n % 2 else "公开"),
}


@pytest.mark.parametrize("skin", generator.SKINS)
@pytest.mark.parametrize("frame", FRAMES)
def test_the_frame_of_the_page_is_no_part_of_what_it_says(skin: str, frame: str) -> None:
    before, now = (read(FRAMES[frame](page(skin), number).encode()) for number in (4, 7))

    assert digest(before) == digest(now)
    assert rewritten(before, now) == {}


def changed(monkeypatch: pytest.MonkeyPatch, name: str, skin: str) -> str:
    """The page with one more word in the last sentence of a part of its text."""
    said = getattr(narrative, name)

    def other(made: Publication) -> list[str]:
        *texts, last = said(made)
        return [*texts, re.sub(r"。$", "等事项。", last)]

    monkeypatch.setattr(narrative, name, other)
    return page(skin)


@pytest.mark.parametrize("skin", generator.SKINS)
@pytest.mark.parametrize("section", ["overview", "problems", "other_matters"])
def test_a_sentence_that_changed_is_found_in_its_section(
    monkeypatch: pytest.MonkeyPatch, skin: str, section: str
) -> None:
    before, now = read(page(skin).encode()), read(changed(monkeypatch, section, skin).encode())

    ((key, passage),) = rewritten(before, now).items()

    assert key == section
    assert passage.before != passage.now
    assert digest(before) != digest(now)


def found(before: str, now: str) -> list[Finding]:
    first = Version(MORNING, "0" * 64, read(before.encode()))
    context = Context(first_seen=MORNING, versions=(first,))
    return list(judge(read(now.encode()), context, select=("F005",)).findings)


def test_where_only_prose_changed_the_finding_names_the_section_and_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page("trs")

    (finding,) = found(before, changed(monkeypatch, "problems", "trs"))

    assert (finding.severity.value, finding.cells) == ("note", ())
    assert "五、存在的主要问题及改进情况（" in finding.message["zh"]
    assert "等事项" in finding.message["zh"]


def test_where_a_figure_changed_the_finding_names_it_as_before() -> None:
    before = page("trs")
    cell = "disclosure/licences/decisions"
    figure = REPORT.figures[cell]
    now = re.sub(rf'(data-cell="{cell}"[^>]*>(?:<p>)?){figure}', rf"\g<1>{figure + 3}", before)

    (finding,) = found(before, now)

    assert (finding.severity.value, finding.cells) == ("warning", (cell,))
    assert f"{figure} → {figure + 3}" in finding.message["zh"]


def test_another_change_of_the_text_is_another_state_of_the_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page("trs")
    once = changed(monkeypatch, "problems", "trs")
    twice = changed(monkeypatch, "problems", "trs")

    (first,), (second,) = found(before, once), found(before, twice)

    assert first.fingerprint == second.fingerprint
    assert first.state_hash != second.state_hash


@pytest.mark.parametrize("sign", ['<a href="b.html">下一页</a>', "\ufffd"])
def test_a_report_read_in_part_is_not_compared_with_the_whole(sign: str) -> None:
    whole = page("trs")
    part = re.sub(r"<p[^>]*><strong>五、.*?(?=<div class=\"footer)", sign, whole, flags=re.S)

    assert found(whole, part) == []
    assert found(part, whole) == []
