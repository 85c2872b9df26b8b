"""A report that a system spreads over several pages: what stands on the next one is not missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.context import Context
from audit.engine import judge
from audit.reading import read

WHOLE = (Path(__file__).parents[3] / "docs/examples/report.html").read_text(encoding="utf-8")
FIRST, _, REST = WHOLE.partition("四、政府信息公开行政复议")
PAGERS = [
    '<div class="fy"><a href="t20260120_52_1.html">下一页</a></div>',
    '<a class="next" href="content_2.html"><span>下页</span></a>',
    '<script>createPageHTML(3, 0, "t20260120_52", "html");</script>',
    "<script>createPageHTML('page_div', 2, 1, '20260120_52', 'shtml', 2);</script>",
]
NEIGHBOURS = '<p>上一篇：<a href="a.html">工作要点</a></p><p>下一篇：<a href="b.html">公开指南</a></p>'


def accused(page: str) -> set[str]:
    findings = judge(read(page.encode()), Context(), select=("S", "C")).findings
    return {finding.rule for finding in findings if finding.kind.value == "fail"}


@pytest.mark.parametrize("pager", PAGERS)
def test_what_may_stand_on_the_next_page_is_not_missing(pager: str) -> None:
    assert accused(f"{FIRST}</p></div>{pager}</body></html>") == set()


@pytest.mark.parametrize("beside", ["", NEIGHBOURS])
def test_without_a_further_page_it_is(beside: str) -> None:
    assert "S001" in accused(f"{FIRST}</p></div>{beside}</body></html>")


@pytest.mark.parametrize("pager", PAGERS)
def test_a_whole_report_is_judged_whatever_pager_stands_beside_it(pager: str) -> None:
    report = read(WHOLE.replace("</body>", f"{pager}</body>").encode())

    assert report.troubles == ()
