"""A report that no list shows any more is asked for where it stood: off the list is not yet withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crawler.site import REPORT, Answer, Ran, Site, crawl, listing, organisation, portal, row, serve

FIN, EDU = "示例市财政局", "示例市教育局"
ORGANISATIONS = [organisation(FIN, "a", "fin"), organisation(EDU, "a", "edu")]
LISTED = row(f"{FIN}2025年政府信息公开年度报告", "fin.html")


def look(folder: Path, site: Site, edu: Answer | str, page: Answer | str) -> Ran:
    """A crawl that knows both reports from earlier."""
    site.put("/nb/", page)
    site.put("/nb/fin.html", REPORT.format(title=f"{FIN}2025年政府信息公开年度报告", extra=""))
    site.put("/nb/edu.html", edu)
    known = [
        {"portal": "a", "organisation": one, "year": 2025, "url": site.url(f"/nb/{one}.html")} for one in ("fin", "edu")
    ]
    return crawl(folder, [portal("a", site.url("/nb/"))], ORGANISATIONS, known=known)


def certain(ran: Ran) -> set[str]:
    return {one["organisation"] for one in ran.portal("a")["lists"] if one["complete"]}


def test_one_that_still_stands_there_is_found_and_the_operator_hears_of_it(tmp_path: Path) -> None:
    with serve() as site:
        ran = look(tmp_path, site, REPORT.format(title=f"{EDU}2025年政府信息公开年度报告", extra=""), listing(LISTED))

    assert {one["organisation"] for one in ran.candidates("a")} == {"fin", "edu"}
    assert "不在列表，但网页仍在" in ran.portal("a")["detail"]
    assert [path for _, path in site.asked].count("/nb/fin.html") == 1
    assert (ran.portal("a")["complete"], certain(ran)) == (True, {"fin", "edu"})


@pytest.mark.parametrize(
    "gone", [Answer(b"", 404), Answer(b"", 410), "<html><title>404</title><body>您访问的页面不存在</body></html>"]
)
def test_one_that_is_gone_leaves_no_doubt(tmp_path: Path, gone: Answer | str) -> None:
    with serve() as site:
        ran = look(tmp_path, site, gone, listing(LISTED))

    assert {one["organisation"] for one in ran.candidates("a")} == {"fin"}
    assert (ran.portal("a")["complete"], certain(ran)) == (True, {"fin", "edu"})


def test_one_that_cannot_be_asked_for_is_a_doubt_on_its_organisation_alone(tmp_path: Path) -> None:
    with serve() as site:
        ran = look(tmp_path, site, Answer(b"", 403), listing(LISTED))

    assert certain(ran) == {"fin"}


@pytest.mark.parametrize("page", [Answer(b"", 404), listing()])
def test_lists_that_were_not_read_whole_lead_to_no_question(tmp_path: Path, page: Answer | str) -> None:
    with serve() as site:
        look(tmp_path, site, Answer(b"", 404), page)

    assert not any(path.endswith(".html") for _, path in site.asked)
