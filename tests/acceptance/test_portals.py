"""``portals``: an unknown portal becomes a configuration, and a known one says how it fares."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nianshen.cli import call
from nianshen.probing import Look, Seen, as_yaml
from tests.acceptance.town import CITY, Town, built, html
from tests.crawler.site import Site, listing, row, serve
from tests.notifiers.receiver import SECRET

MORNING, EVENING = "2026-02-04T08:00:00+08:00", "2026-02-04T20:00:00+08:00"
HOME = """<html><head><title>{title}</title></head><body><a href="/">首页</a><a href="{href}">{link}</a>
<a href="/news/1.html">我市召开信息公开工作会议</a></body></html>"""
TOWNS = (
    "白水镇人民政府",
    "青石街道办事处",
    "示例市财政局",
    "示例经济开发区管理委员会",
    "示例市人民政府",
    "示例市司法局",
)


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("OFFICE_SECRET", SECRET)
    with built(tmp_path) as one:
        monkeypatch.chdir(tmp_path)
        yield one


@pytest.fixture(scope="module")
def unknown() -> Iterator[Site]:
    """A portal nobody configured: the column stands two links behind the home page, on two pages of TRS."""
    with serve() as site:
        site.put("/", HOME.format(title="示例市人民政府门户网站", href="/zwgk/", link="政务公开"))
        site.put(
            "/zwgk/", HOME.format(title="政务公开_示例市人民政府门户网站", href="/zwgk/nb/", link="政府信息公开年报")
        )
        pager = '<script>createPageHTML(2, {}, "index", "html");</script>'
        for number, names in enumerate((TOWNS[:3], TOWNS[3:])):
            rows = (
                row(f"{name}2025年政府信息公开工作年度报告", f"{number}{place}.html")
                for place, name in enumerate(names)
            )
            page = listing(*rows, tail=pager.format(number), title="政府信息公开年报_示例市人民政府门户网站")
            site.put("/zwgk/nb/" if number == 0 else "/zwgk/nb/index_1.html", page)
        yield site


def probe(site: Site, *more: str) -> int:
    return call(["portals", "probe", site.url("/"), "--delay", "0", "--allow-private", "127.0.0.0/8", *more])


def rows_of(capsys: pytest.CaptureFixture[str], *command: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    code = call(["portals", *command, "--format", "json"])
    return code, {one["id"]: one for one in json.loads(capsys.readouterr().out)["portals"]}


# --- probe ---------------------------------------------------------------------------------------------------------


def test_a_probe_prints_what_a_configuration_needs(
    unknown: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert probe(unknown, "-o", "seen") == 0

    text = capsys.readouterr().out
    (tmp_path / "config.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")
    assert (tmp_path / "seen/portal.yaml").read_text(encoding="utf-8") == text
    assert unknown.url("/zwgk/nb/") in text
    assert ("cms: trs" in text, "min_reports: 3" in text) == (True, True)
    assert all(name in text for name in TOWNS)
    assert call(["config", "check"]) == 0
    code, found = rows_of(capsys, "check", "--year", "2025")
    assert code == 0
    assert (found["portal"]["found"], found["portal"]["organisations"], found["portal"]["pages_seen"]) == (6, 6, 2)
    assert unknown.unknown == []


def test_a_probe_is_repeated_from_its_folder_without_the_portal(
    unknown: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    probe(unknown, "-o", "seen")
    asked = len(unknown.asked)
    capsys.readouterr()

    assert call(["portals", "probe", "--replay", "seen"]) == 0

    assert capsys.readouterr().out.count("相同") == 2
    assert len(unknown.asked) == asked


def test_a_probe_that_finds_no_column_prints_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with serve() as site:
        site.put("/", HOME.format(title="某公司", href="/about/", link="关于我们"))

        assert probe(site) == 3

    said = capsys.readouterr()
    assert said.out == ""
    assert "没有找到年报栏目" in said.err


@pytest.mark.parametrize(
    "command",
    [[], ["ftp://e.cn/"], ["https://u:p@e.cn/"], ["https://e.cn/", "--allow-private", "x"], ["--replay", "nowhere"]],
)
def test_a_probe_that_was_not_meant_so_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert call(["portals", "probe", *command]) == 2


def test_kinds_and_regions_are_guessed_and_foreign_words_stay_data() -> None:
    organs = (*TOWNS, '某"局', "中共示例市委宣传部")
    look = Look("https://www.example.gov.cn/", Path(), 2025, "")
    lines = as_yaml(look, Seen("https://www.example.gov.cn/nb/", "年报", "trs", 8, organs, True, None, "")).splitlines()

    kinds = [line.split("kind: ")[1].split(",")[0] for line in lines if "kind: " in line and not line.startswith("#")]
    assert kinds == ["township", "township", "department", "zone", "government", "department", "department", "party"]
    assert lines[1].startswith("  - {id: example, name: ")
    assert '"某\\"局"' in lines[-2]


# --- check and list ------------------------------------------------------------------------------------------------


def test_checking_reads_lists_alone_and_judges_nobody(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.close_county()

    code, found = rows_of(capsys, "check", "--year", "2025", "--now", MORNING)

    assert code == 3
    assert (found["city"]["complete"], found["city"]["found"]) == (True, 4)
    assert {"organisation": "culture", "years": [], "certain": True} in found["city"]["lists"]
    assert (found["county"]["complete"], found["county"]["reason"]) == (False, "portal_unreachable")
    assert not any(path.endswith(".html") for _, path in town.city.asked)
    assert not (town.folder / "data/nianshen.sqlite3").exists()
    assert rows_of(capsys, "check", "city", "--year", "2025", "--now", MORNING)[0] == 0


def test_portals_are_listed_with_their_health(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    call(["run", "--year", "2025", "--now", MORNING])
    town.close_county()
    call(["run", "--year", "2025", "--now", EVENING])

    code, found = rows_of(capsys, "list")
    call(["portals", "list", "--format", "csv"])
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out.lstrip("\ufeff"))))
    call(["portals", "list"])
    shown = capsys.readouterr().out
    call(["status", "--year", "2025", "--now", EVENING])
    status = capsys.readouterr().out

    assert code == 0
    assert (found["city"]["state"], found["city"]["since"]) == ("healthy", MORNING)
    assert (found["county"]["state"], found["county"]["reason"]) == ("suspect", "portal_unreachable")
    assert [one["state"] for one in table] == ["healthy", "suspect"]
    assert "可疑" in shown
    assert "样例县人民政府" in status
    assert "portal_unreachable" in status


def test_a_list_that_became_smaller_is_doubted_until_a_person_accepts_it(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = [row(f"{CITY[one]}2025年政府信息公开工作年度报告", f"{one}.html") for one in ("edu", "water")]
    others = [row(f"示例市第{number}中学2025年政府信息公开年报", f"x{number}.html") for number in "一二三四五六七八"]
    town.city.put("/nb/", listing(*ours, *others))
    town.city.put("/nb/water.html", html(CITY["water"]))
    call(["run", "--year", "2025", "--now", MORNING])
    town.city.put("/nb/", listing(*ours))
    call(["run", "--year", "2025", "--now", EVENING])

    _, doubted = rows_of(capsys, "list")
    codes = [call(["portals", "accept", one, "--by", "张三"]) for one in ("county", "nowhere", "city")]
    call(["run", "--year", "2025", "--now", "2026-02-05T08:00:00+08:00"])
    _, after = rows_of(capsys, "list")

    assert (doubted["city"]["outcome"], doubted["city"]["complete"]) == ("list_shrunk", False)
    assert codes == [2, 2, 0]
    assert (after["city"]["outcome"], after["city"]["state"]) == ("found", "healthy")


@pytest.mark.parametrize("command", [["list"], ["accept", "city", "--by", "张三"]])
def test_without_a_store_there_is_nothing_to_list(town: Town, command: list[str]) -> None:
    assert call(["portals", *command]) == 5
